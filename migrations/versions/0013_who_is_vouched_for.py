"""That somebody at the desk vouched for an account lasts, and goes no more with old events of the log.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

USERS = sa.table("users", sa.column("id"), sa.column("vouched_for", sa.Boolean))
EVENTS = sa.table("events", *map(sa.column, ("name", "user_id", "actor_id")), sa.column("changes", sa.JSON))


def upgrade():
    op.add_column("users", sa.Column("vouched_for", sa.Boolean(), server_default=sa.false(), nullable=False))
    given = [EVENTS.c.changes[field].as_string().is_not(None) for field in ("address", "role")]
    named = sa.and_(EVENTS.c.name == "user:updated", sa.or_(*given))
    by_others = EVENTS.c.actor_id != EVENTS.c.user_id, sa.or_(EVENTS.c.name == "user:created", named)
    whom = sa.select(EVENTS.c.user_id).where(*by_others)
    op.execute(USERS.update().values(vouched_for=True).where(USERS.c.id.in_(whom)))


def downgrade():
    op.drop_column("users", "vouched_for")
