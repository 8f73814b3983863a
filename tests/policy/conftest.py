"""Fixtures: what the law is asked about."""

import pytest

from informejo import db
from informejo.teams import actions as teams


@pytest.fixture
def ticket(world):
    """Ren's, which nobody has yet."""
    return world.ticket()


@pytest.fixture
def team(world):
    """Nobody is in it yet."""
    team = teams.create_team(world.ana, name="Phones")
    db.commit()
    return team
