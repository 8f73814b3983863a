"""An index without which what one person sent today would be looked for among all files.

Revision: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_attachments_uploader_created", "attachments", ["uploader_id", "created_at"])


def downgrade():
    op.drop_index("ix_attachments_uploader_created", table_name="attachments")
