"""Every ticket of which a mail tells, where its own does not say it: one that is seen is not enough to see the mail.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

POINTS_TO = {"outgoing_id": "outgoing_mails", "incoming_id": "incoming_mails", "ticket_id": "tickets"}


def upgrade():
    op.create_table(
        "quoted_tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=name != "ticket_id") for name in POINTS_TO),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_quoted_tickets_{name}"), ondelete="CASCADE")
            for name, table in POINTS_TO.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quoted_tickets")),
    )
    for name in POINTS_TO:
        op.create_index(op.f(f"ix_quoted_tickets_{name}"), "quoted_tickets", [name])


def downgrade():
    op.drop_table("quoted_tickets")
