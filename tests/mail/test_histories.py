"""Whatever happens at the desk, the mails that come out are those of a plain model, and so is each verdict."""

from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from informejo import clock, db
from tests import world as cast
from tests.database import Beginning
from tests.mail.deeds import DECIDE, NIGHTS, SEND, beginning, deed
from tests.mail.history import History
from tests.mail.post import Post

GENERATE = [Phase.explicit, Phase.generate]  # to make a history shorter takes long: what fails is taken apart by hand
SEEDS = st.integers(0, 2**64 - 1)


@pytest.fixture
def begin(app, tmp_path):
    """`begin()` is the cast in a database in which nothing has happened yet."""
    people = cast.populate()
    people.gus.confirmed_at = people.zoe.confirmed_at = None
    db.commit()
    Post(app)  # what happened before is no news
    app.config["REMINDER_DAYS"] = 3

    empty = Beginning(tmp_path / "test.db")

    def begin():
        empty.come_back()
        return Post(app), cast.find()

    return begin


@given(st.sampled_from(NIGHTS), SEEDS.map(beginning), st.lists(SEEDS.map(deed), min_size=12, max_size=30))
@settings(max_examples=8, phases=GENERATE, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_mails_of_every_history_are_those_of_the_model(begin, night, first, deeds):
    history = History(*begin(), night)
    for name, *what in [*first, *chain(*deeds), DECIDE, ("wait", timedelta(days=2)), SEND]:
        history.now += timedelta(seconds=7)
        with clock.at(history.now):
            history.step(name, *what)
    assert history.decided() == history.model.decided
    assert sorted(history.sent) == sorted(history.model.sent)
    assert history.mails() == history.model.state()
