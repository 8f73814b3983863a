"""Files that nobody may open yet, or ever: the virus scanner has not seen them, or has found something.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("attachments", sa.Column("hold", sa.String(40)))
    some = sa.text("hold IS NOT NULL")
    op.create_index("ix_attachments_hold", "attachments", ["hold"], sqlite_where=some, postgresql_where=some)


def downgrade():
    op.drop_index("ix_attachments_hold", table_name="attachments")
    op.drop_column("attachments", "hold")
