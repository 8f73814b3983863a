"""Indexes with which lists and counts stay quick, however many tickets a desk has gathered.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = {
    "ix_tickets_status_activity": ["status", "deleted_at", "last_event_id", "priority"],
    "ix_tickets_status_assignee": ["status", "deleted_at", "assignee_id", "priority"],
    "ix_tickets_assignee_activity": ["assignee_id", "last_event_id"],
    "ix_tickets_requester_activity": ["requester_id", "last_public_event_id"],
}
REMOVED = {
    "ix_tickets_status_activity": ["status", "last_event_id"],
    "ix_tickets_assignee_id": ["assignee_id"],
    "ix_tickets_requester_id": ["requester_id"],
}


def upgrade():
    _replace(REMOVED, ADDED)


def downgrade():
    _replace(ADDED, REMOVED)


def _replace(old: dict, new: dict):
    for name in old:
        op.drop_index(name, table_name="tickets")
    for name, columns in new.items():
        op.create_index(name, "tickets", columns)
