"""An index without which removing a file's row would look through all events.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    some = sa.text("attachment_id IS NOT NULL")
    op.create_index("ix_events_attachment", "events", ["attachment_id"], sqlite_where=some, postgresql_where=some)


def downgrade():
    op.drop_index("ix_events_attachment", table_name="events")
