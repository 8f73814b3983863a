"""What the bench fills a desk with is like what people write: else its figures are of something else."""

import pytest
from sqlalchemy import select, text

from bench import filling, people
from informejo import db
from informejo.accounts.models import User
from informejo.folding import fold
from informejo.tickets.models import Ticket


@pytest.mark.parametrize("kind", [User, Ticket])
def test_what_is_searched_in_the_bench_is_what_its_people_and_tickets_say(world, kind):
    """SQL joins texts before it divides: once everybody was called "0", and a search found nobody in no time."""
    world.ticket()
    people.add_people(8, 230)
    db.session.execute(text(filling.TICKETS), {"first": 2, "last": 40})
    made = db.session.scalars(select(kind)).all()
    assert len({getattr(row, row.SAID[0]) for row in made}) > 30
    for row in made:
        assert row.folded == "\n".join(fold(getattr(row, name) or "") for name in row.SAID)
