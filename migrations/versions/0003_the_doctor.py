"""What the doctor keeps: its findings, and the tokens of its probe.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "findings",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "state", sa.Enum("well", "look", "broken", name="state", native_enum=False, length=40), nullable=False
        ),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_findings")),
    )
    op.create_table(
        "probe_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_probe_tokens")),
    )


def downgrade():
    op.drop_table("probe_tokens")
    op.drop_table("findings")
