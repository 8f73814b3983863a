"""What can be searched is kept folded beside the text itself, because no two databases fold alike.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

# The one way to fold is the running release's: a copy here would make texts that its searches do not find.
from informejo.folding import FOLDED, fold

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SAID = {
    "users": ("name", "email", "department"),
    "tickets": ("title", "description"),
    "comments": ("body",),
    "attachments": ("name",),
}
MOST = 1_000  # rows at once


def upgrade():
    for name, fields in SAID.items():
        op.add_column(name, sa.Column("folded", FOLDED, nullable=False, server_default=sa.text("''")))
        _fill(sa.table(name, sa.column("id"), sa.column("folded"), *map(sa.column, fields)), fields)


def downgrade():
    for name in SAID:
        op.drop_column(name, "folded")


def _fill(table: sa.TableClause, fields: tuple[str, ...]):
    last, fill = 0, table.update().where(table.c.id == sa.bindparam("row")).values(folded=sa.bindparam("text"))
    read = sa.select(table.c.id, *(table.c[field] for field in fields)).order_by(table.c.id).limit(MOST)
    while rows := op.get_bind().execute(read.where(table.c.id > last)).all():
        last = rows[-1].id
        texts = [{"row": id, "text": "\n".join(fold(said or "") for said in row)} for id, *row in rows]
        op.get_bind().execute(fill, texts)
