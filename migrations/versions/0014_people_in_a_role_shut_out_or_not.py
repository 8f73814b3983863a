"""People of a role, active or not, in the order of the list: so far each of that role was looked at for it.

Revision: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_users_role_active", "users")
    op.create_index("ix_users_role_active_folded", "users", ["role", "active", "folded"])


def downgrade():
    op.drop_index("ix_users_role_active_folded", "users")
    op.create_index("ix_users_role_active", "users", ["role", "active"])
