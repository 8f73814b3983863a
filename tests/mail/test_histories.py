"""Whatever happens at the desk, the mails that come out are those of a plain model, and so is each verdict."""

import shutil
from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from informejo import clock, db
from tests import world as cast
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

    def begin():
        db.session.remove()
        db.engine().dispose()
        for ending in ("-wal", "-shm"):
            (tmp_path / f"test.db{ending}").unlink(missing_ok=True)
        shutil.copyfile(tmp_path / "new.db", tmp_path / "test.db")
        return Post(app), cast.find()

    db.session.remove()
    db.engine().dispose()
    shutil.copyfile(tmp_path / "test.db", tmp_path / "new.db")
    return begin


@given(st.sampled_from(NIGHTS), SEEDS.map(beginning), st.lists(SEEDS.map(deed), min_size=12, max_size=30))
@settings(max_examples=15, phases=GENERATE, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_mails_of_every_history_are_those_of_the_model(begin, night, first, deeds):
    history = History(*begin(), night)
    for name, *what in [*first, *chain(*deeds), DECIDE, ("wait", timedelta(days=2)), SEND]:
        history.now += timedelta(seconds=7)
        with clock.at(history.now):
            history.step(name, *what)
    assert history.decided() == history.model.decided
    assert sorted(history.sent) == sorted(history.model.sent)
    assert history.mails() == history.model.state()
