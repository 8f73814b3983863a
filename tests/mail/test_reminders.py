"""Whoever does not answer is reminded once for each time that the desk began to wait for them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from informejo import clock, db
from informejo.mail import actions as mail_actions, reminders, verdicts
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.mail.words import Decision, InState, Kind, Pace, Why
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.mail.deciding import catch_up

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture
def ticket(app, world):
    """Ren's ticket, which waits since Monday."""
    app.config["REMINDER_DAYS"] = 3
    catch_up()
    with clock.at(MONDAY - timedelta(hours=1)):
        ticket = world.ticket()
    wait(world, ticket, 0)
    return ticket


def wait(world, ticket, days: float, status=Status.WAITING):
    with at(days):
        change_actions.set_status(world.mia, ticket, status)
        db.commit()


def at(days: float):
    return clock.at(MONDAY + timedelta(days=days))


def remind(days: float) -> int:
    """How many mails of this kind there are after a look so many days later."""
    with at(days):
        reminders.remind()
    return len(reminded())


def reminded() -> list[OutgoingMail]:
    return list(db.session.scalars(select(OutgoingMail).where(OutgoingMail.kind == Kind.REMINDER)))


def test_after_three_days_the_requester_is_reminded_once(world, ticket, caplog):
    assert remind(2.9) == 0
    assert remind(3.1) == 1
    assert remind(3.2) == remind(9) == 1
    assert "fault" not in caplog.text
    (mail,) = reminded()
    assert (mail.user, mail.ticket, mail.event.changes) == (world.ren, ticket, {"status": ["open", "waiting"]})
    assert [(verdict.why, verdict.decision) for verdict in mail.verdicts] == [(Why.REMINDER, Decision.WAITING)]


def test_what_was_said_since_begins_the_days_anew(world, ticket):
    with at(2):
        world.comment(world.mia, ticket, "Which printer is it?")
    assert remind(4) == 0
    assert remind(5.1) == 1


def test_a_note_and_a_new_priority_do_not(world, ticket):
    with at(2):
        world.note(ticket)
        change_actions.set_priority(world.mia, ticket, "high")
        db.commit()
    assert remind(3.1) == 1


def test_an_answer_ends_the_waiting(world, ticket):
    with at(2):
        world.comment(world.ren, ticket, "The one at the back.")
    assert remind(6) == 0


def test_the_next_waiting_is_told_again(world, ticket):
    assert remind(3.1) == 1
    wait(world, ticket, 4, Status.OPEN)
    wait(world, ticket, 5)
    assert remind(6) == 1
    assert remind(8.1) == 2


@pytest.mark.parametrize("status", [Status.OPEN, Status.RESOLVED, Status.CLOSED])
def test_only_a_ticket_that_waits_is_told(world, ticket, status):
    wait(world, ticket, 1, status)
    assert remind(5) == 0


def test_a_ticket_in_the_bin_is_told_to_nobody(world, ticket):
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert remind(4) == 0


def test_zero_days_are_never(app, ticket):
    app.config["REMINDER_DAYS"] = 0
    assert remind(4) == 0


def test_what_waits_for_long_when_the_desk_begins_to_mail_is_left_alone(ticket):
    assert remind(11) == 0


def test_it_is_dropped_when_the_desk_waits_no_more(world, ticket):
    remind(3.1)
    wait(world, ticket, 3.2, Status.OPEN)
    (mail,) = reminded()
    assert verdicts.left(mail) == []
    assert decisions() == [Decision.GONE]


def test_it_comes_although_they_have_seen_that_the_desk_waits(world, ticket):
    from informejo.tickets.actions import mark_seen

    mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    remind(3.1)
    assert verdicts.left(reminded()[0])


def test_their_choices_hold_for_it_too(world, ticket):
    mail_actions.save_choices(world.ren, mine=False)
    db.commit()
    assert remind(3.1) == 0
    assert decisions() == [Decision.OFF]


def test_it_waits_in_their_bundle(world, ticket):
    mail_actions.save_choices(world.ren, pace=Pace.DAILY)
    db.commit()
    assert remind(3.1) == 0
    assert decisions() == [Decision.BUNDLED]


def test_a_machine_is_not_reminded(world, ticket):
    db.session.add(IncomingMail(mailbox="help", stored_name="1", size=1, automatic=True, ticket=ticket))
    db.commit()
    assert remind(3.1) == 0
    assert decisions() == [Decision.NO_MAIL]


def test_a_report_about_a_mail_of_ours_makes_nobody_a_machine(world, ticket):
    report = {"automatic": True, "state": InState.IGNORED}
    db.session.add(IncomingMail(mailbox="help", stored_name="1", size=1, ticket=ticket, **report))
    db.commit()
    assert remind(3.1) == 1


def test_too_many_at_once_are_put_off_and_not_given_up(world, ticket):
    for _ in range(6):
        with at(-0.1):
            other = world.ticket()
        wait(world, other, 0.01)
    assert remind(3.1) == 5
    assert remind(3.2) == 7


def test_one_that_fails_stops_no_other(world, ticket, monkeypatch, caplog):
    with at(-0.1):
        other = world.ticket(world.zoe)
    wait(world, other, 0.01)
    settle, first = reminders.settle, []

    def fail_once(*what):
        if not first:
            first.append(what)
            raise ValueError
        return settle(*what)

    monkeypatch.setattr(reminders, "settle", fail_once)
    assert remind(3.1) == 1
    assert "fault in reminders" in caplog.text
    assert remind(3.2) == 2


def decisions() -> list[Decision]:
    rows = db.session.scalars(select(Verdict).where(Verdict.why == Why.REMINDER))
    return [verdict.decision for verdict in rows]
