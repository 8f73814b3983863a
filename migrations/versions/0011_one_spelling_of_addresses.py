"""Addresses are kept in one spelling: of a domain beyond ASCII people have typed two, and were two people by it.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

# As in 0007, the one spelling is the running release's: by a copy here it would not find who is known.
from informejo.addresses import one_spelling
from informejo.folding import fold

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ADDRESSES = {"outgoing_mails": "address", "incoming_mails": "sender"}
MOST = 1_000  # rows at once
USERS = sa.table("users", *map(sa.column, ("id", "name", "email", "department", "folded")))
TOKENS = sa.table("address_tokens", *map(sa.column, ("user_id", "email")))


def upgrade():
    for user in _rows(USERS, USERS.c.id):
        if (one := one_spelling(user.email)) != user.email and not _is_known(one):
            said = "\n".join(fold(text) for text in (user.name, one, user.department))
            _set(USERS, USERS.c.id == user.id, email=one, folded=said)
    for token in _rows(TOKENS, TOKENS.c.user_id):
        _set(TOKENS, TOKENS.c.user_id == token.user_id, email=one_spelling(token.email))
    for name, field in ADDRESSES.items():
        table = sa.table(name, sa.column("id"), sa.column(field))
        for id, address in _rows(table, table.c.id):
            if (one := one_spelling(address)) != address:
                _set(table, table.c.id == id, **{field: one})


def downgrade():
    """The other spelling is an address too, and nobody can tell who had typed which."""


def _is_known(email: str) -> bool:
    """Whether somebody has that spelling already: two accounts of one person stay two, until they are merged."""
    return op.get_bind().execute(sa.select(USERS.c.id).where(USERS.c.email == email)).first() is not None


def _rows(table: sa.TableClause, id: sa.ColumnClause):
    read, last = sa.select(table).order_by(id).limit(MOST), 0
    while rows := op.get_bind().execute(read.where(id > last)).all():
        last = getattr(rows[-1], id.name)
        yield from rows


def _set(table: sa.TableClause, which, **values):
    op.get_bind().execute(table.update().where(which).values(values))
