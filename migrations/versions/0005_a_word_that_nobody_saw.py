"""A new word for this life of the log: it seals bookmarks now, and the one before was written on every page.

Revision: 0005
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(sa.table("log_epoch", sa.column("word")).update().values(word=secrets.token_hex(16)))


def downgrade():
    pass  # a word is a word
