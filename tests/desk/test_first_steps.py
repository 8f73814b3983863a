"""The first steps of a new desk: each is ticked by what is there, and the list goes when it is done or put away."""

import re

import pytest
from sqlalchemy import delete

from informejo import clock, db
from informejo.accounts.models import User
from informejo.desk import first_steps
from informejo.desk.first_steps import steps_for
from informejo.doctor.models import Finding, State


@pytest.fixture
def alone(world):
    """A desk with its first administrator and nobody else."""
    ana = world.ana
    db.session.execute(delete(User).where(User.id != ana.id))
    db.commit()
    return ana


def done(person) -> list[str]:
    return [step.name for step in steps_for(person) if step.done]


def test_a_new_desk_has_five_steps_and_none_is_done(app, alone, visit):
    app.config["BACKUP_DIR"] = app.config["UPLOAD_DIR"]
    assert len(steps_for(alone)) == 5
    assert done(alone) == []
    assert "The first steps" in visit(alone).get("/desk").text


def test_each_is_ticked_by_what_is_there_and_then_the_list_is_gone(app, world, visit, monkeypatch):
    assert done(world.ana) == ["colleague", "address"]
    world.ticket()
    assert done(world.ana) == ["colleague", "address", "ticket"]
    app.config["SMTP_HOST"] = "mail.example.org"
    now = clock.now()
    fields = {"sentence": "Mail goes out.", "remedy": "", "since": now, "checked_at": now}
    db.session.add(Finding(name="mail out", state=State.WELL, **fields))
    db.session.commit()
    assert "mail" in done(world.ana)
    monkeypatch.setattr(first_steps, "newest", lambda folder: object())
    assert steps_for(world.ana) == []
    assert "The first steps" not in visit(world.ana).get("/desk").text


def test_that_the_address_is_shared_somebody_says(app, alone, visit):
    browser = visit(alone)
    assert browser.post("/desk/first-steps", data={"value": "shared"}).status_code == 303
    assert done(alone) == ["address"]
    assert browser.post("/desk/first-steps", data={"value": "everything"}).status_code == 422


def test_it_can_be_put_away_by_administrators_and_is_theirs_alone(world, visit):
    assert steps_for(world.mia) == []
    for value in ("dismissed", "anything"):
        assert visit(world.mia).post("/desk/first-steps", data={"value": value}).status_code == 403
    visit(world.ana).post("/desk/first-steps", data={"value": "dismissed"})
    assert steps_for(world.ana) == []
    assert not re.search("The first steps", visit(world.ana).get("/desk").text)
