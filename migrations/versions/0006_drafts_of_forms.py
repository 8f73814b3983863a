"""A draft belongs to one form that was opened, not to all that look alike: each has that form's once-only key.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("drafts", recreate="always") as drafts:
        drafts.add_column(sa.Column("key", sa.String(), nullable=False, server_default=""))
        drafts.drop_constraint("pk_drafts", type_="primary")
        drafts.create_primary_key("pk_drafts", ["user_id", "form", "key"])
    with op.batch_alter_table("drafts", recreate="always") as drafts:
        drafts.alter_column("key", server_default=None)
    # Forms that only edit have no key; of the others each draft so far is the only one, whatever it is called.
    drafts = sa.table("drafts", sa.column("form"), sa.column("key"))
    edits = drafts.c.form.endswith(":edit") | drafts.c.form.startswith("comment:")
    op.execute(drafts.update().where(~edits).values(key="before"))


def downgrade():
    # The version before knows one draft of a form: the newest.
    op.execute(
        "DELETE FROM drafts WHERE EXISTS (SELECT 1 FROM drafts AS newer WHERE newer.user_id = drafts.user_id"
        " AND newer.form = drafts.form AND (newer.saved_at > drafts.saved_at"
        " OR (newer.saved_at = drafts.saved_at AND newer.key > drafts.key)))"
    )
    with op.batch_alter_table("drafts", recreate="always") as drafts:
        drafts.drop_constraint("pk_drafts", type_="primary")
        drafts.create_primary_key("pk_drafts", ["user_id", "form"])
        drafts.drop_column("key")
