"""Whatever happens at the desk, the mails that come out are those of a plain model, and so is each verdict."""

import shutil
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException

from informejo import clock, db
from informejo.accounts import actions as accounts
from informejo.accounts.models import Role
from informejo.events.models import Event
from informejo.mail import actions as mail_actions, reminders, verdicts
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.mail.words import Decision, OutState, Pace
from informejo.tickets import actions, change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from tests import world as cast
from tests.mail.deciding import catch_up
from tests.mail.facts import BODIES, look
from tests.mail.model import Model

STAFF, ANYBODY = ("mia", "tom", "ana"), ("mia", "tom", "ana", "ren", "zoe")
NIGHTS = [  # around which the clocks of some of these places are changed
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 9, 5, 12, tzinfo=UTC),
    datetime(2026, 4, 4, 1, tzinfo=UTC),
    datetime(2026, 11, 30, 9, tzinfo=UTC),
]
ZONES = ["", "Europe/Oslo", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
WAITS = [timedelta(minutes=n) for n in (1, 29, 31, 60, 7 * 60, 13 * 60, 24 * 60, 73 * 60)]
MINUTES = [0, 30, 90, 150, 165, 7 * 60, 8 * 60, 12 * 60, 22 * 60, 23 * 60 + 59]
ON_OR_OFF = ("receipt", "mine", "assigned", "mentioned", "watched", "all_new")
DECIDE, SEND, BREAK = ("decide",), ("send", False), ("send", True)
AFTER = [(), *[(DECIDE,)] * 8, (DECIDE, SEND), (DECIDE, BREAK), *[(DECIDE, ("wait", time), SEND) for time in WAITS]]
DEEDS = {  # what somebody does, and how often beside the others
    "open": 2,
    "come": 1,
    "say": 6,
    "assign": 2,
    "set": 2,
    "watch": 3,
    "unwatch": 1,
    "edit": 1,
    "bin": 1,
    "restore": 2,
    "role": 1,
    "active": 1,
    "choose": 2,
    "read": 3,
    "forget": 1,
}


def deed(seed: int) -> list[tuple]:
    """One deed, and what the background work does after it. Drawn evenly, so that histories are full of things."""
    dice = Random(seed)
    (name,) = dice.choices(list(DEEDS), list(DEEDS.values()))
    ticket, staff, anybody = dice.randrange(2), dice.choice(STAFF), dice.choice(ANYBODY)
    body, other = dice.choice(list(BODIES)), dice.choice(STAFF)
    what = {
        "open": (anybody, dice.choice(["ren", "zoe", "gus", "mia"])),
        "come": (dice.choice(["zoe", "gus"]), dice.choice(["", "machine", "fail"])),
        "say": (anybody, ticket, body, dice.random() < 0.3),
        "assign": (staff, ticket, dice.choice([*STAFF, None])),
        "set": (anybody, ticket, dice.choice(list(Status))),
        "watch": (staff, ticket, other),
        "unwatch": (staff, ticket, other),
        "edit": (ticket, body),
        "bin": (ticket,),
        "restore": (ticket,),
        "role": (dice.choice(["mia", "tom"]), dice.choice([Role.USER, Role.AGENT, Role.AGENT, Role.ADMIN])),
        "active": (dice.choice(["mia", "tom", "ren"]), dice.random() < 0.6),
        "choose": (anybody, chosen(dice), dice.choice(ZONES)),
        "read": (anybody, ticket),
        "forget": (ticket, dice.choice(WAITS)),
    }
    return [(name, *what[name]), *dice.choice(AFTER)]


def beginning(seed: int) -> list[tuple]:
    """Two tickets, what people chose, and who watches."""
    dice = Random(seed)
    choices = [("choose", who, chosen(dice), dice.choice(ZONES)) for who in ANYBODY if dice.random() < 0.8]
    watching = [("watch", "ana", dice.randrange(2), dice.choice(STAFF)) for _ in range(3)]
    return [*choices, ("open", "ren", "ren"), ("open", dice.choice(ANYBODY), "zoe"), *watching]


def chosen(dice: Random) -> dict:
    """What somebody chooses; much of it they leave as it is."""
    choices = {name: dice.random() < 0.8 for name in ON_OR_OFF}
    choices |= {"pace": dice.choice(list(Pace)), "bundle_minutes": dice.choice([5, 30, 600])}
    choices |= {name: dice.choice(MINUTES) for name in ("daily_at", "quiet_from", "quiet_to")}
    return {name: value for name, value in choices.items() if dice.random() < 0.6}


@pytest.fixture
def begin(app, tmp_path):
    """`begin()` is the cast in a database in which nothing has happened yet."""
    people = cast.populate()
    people.gus.confirmed_at = people.zoe.confirmed_at = None
    db.commit()
    catch_up()
    app.config["REMINDER_DAYS"] = 3

    def begin():
        db.session.remove()
        db.engine().dispose()
        for ending in ("-wal", "-shm"):
            (tmp_path / f"test.db{ending}").unlink(missing_ok=True)
        shutil.copyfile(tmp_path / "new.db", tmp_path / "test.db")
        return cast.find()

    db.session.remove()
    db.engine().dispose()
    shutil.copyfile(tmp_path / "test.db", tmp_path / "new.db")
    return begin


SEEDS = st.integers(0, 2**64 - 1)


@given(st.sampled_from(NIGHTS), SEEDS.map(beginning), st.lists(SEEDS.map(deed), min_size=12, max_size=30))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_mails_of_every_history_are_those_of_the_model(begin, night, first, deeds):
    history = History(begin(), night)
    for name, *what in [*first, *chain(*deeds), DECIDE, ("wait", timedelta(days=2)), SEND]:
        history.now += timedelta(seconds=7)
        with clock.at(history.now):
            history.step(name, *what)
    assert history.decided() == history.model.decided
    assert history.sent == history.model.sent
    assert history.mails() == history.model.state()


class History:
    """The desk and the model, side by side."""

    def __init__(self, people: cast.World, begin: datetime):
        self.people, self.now = people, begin
        self.model, self.sent, self.passed = Model(), [], 0

    def step(self, name: str, *what):
        try:
            getattr(self, name)(*what)
            db.commit()
        except (HTTPException, change_actions.Conflict):  # as a page would refuse it
            db.session.rollback()
        db.session.expire_all()

    def decided(self) -> dict:
        rows = db.session.scalars(select(Verdict))
        return {(row.event_id, row.user_id, row.why.value): (row.kind.value, row.decision.value) for row in rows}

    def mails(self) -> list[tuple]:
        """All that were ever to be sent, what they still say, and what became of them."""
        rows = db.session.scalars(select(OutgoingMail))
        return sorted(
            (mail.user_id, mail.kind.value, mail.due_at, mail.state.value, sorted(v.event_id for v in mail.verdicts))
            for mail in rows
        )

    def person(self, name: str | None):
        return name and getattr(self.people, name)

    def ticket(self, place: int) -> Ticket:
        tickets = list(db.session.scalars(select(Ticket).order_by(Ticket.id)))
        return tickets[place % len(tickets)] if tickets else self.open("ren", "ren")

    def open(self, by: str, requester: str) -> Ticket:
        actor = self.person(by)
        texts = {"title": "The printer is on fire", "description": "Smoke comes out of it."}
        return actions.open_ticket(actor, **texts, requester=self.person(requester) if actor.is_staff else None)

    def come(self, by: str, how: str):
        ticket = self.open(by, by)
        verdict = {"automatic": how == "machine", "dmarc": "fail" if how == "fail" else ""}
        stored = {"mailbox": "help", "stored_name": str(ticket.id), "size": 1}
        db.session.add(IncomingMail(**stored, **verdict, ticket=ticket, person=self.person(by)))

    def say(self, by: str, place: int, body: str, internal: bool):
        actions.add_comment(self.person(by), self.ticket(place), body=body, internal=internal)

    def assign(self, by: str, place: int, to: str | None):
        change_actions.assign(self.person(by), self.ticket(place), self.person(to))

    def set(self, by: str, place: int, status: Status):
        change_actions.set_status(self.person(by), self.ticket(place), status)

    def watch(self, by: str, place: int, who: str):
        mail_actions.watch(self.person(by), self.ticket(place), self.person(who))

    def unwatch(self, by: str, place: int, who: str):
        mail_actions.unwatch(self.person(by), self.ticket(place), self.person(who))

    def edit(self, place: int, body: str):
        comments = select(Comment).where(Comment.ticket_id == self.ticket(place).id).order_by(Comment.id)
        if comment := db.session.scalars(comments).first():
            change_actions.edit_comment(comment.author, comment, body=body, version=comment.version)

    def bin(self, place: int):
        change_actions.delete_ticket(self.people.ana, self.ticket(place))

    def restore(self, place: int):
        change_actions.restore_ticket(self.people.ana, self.ticket(place))

    def role(self, who: str, role: Role):
        accounts.set_role(self.people.ana, self.person(who), role)

    def active(self, who: str, active: bool):
        accounts.set_active(self.people.ana, self.person(who), active)

    def choose(self, who: str, fields: dict, zone: str):
        user = self.person(who)
        accounts.edit_profile(user, time_zone=zone)
        mail_actions.save_choices(user, **fields)
        db.commit()
        facts = look()
        self.model.choose(facts.people[user.id], facts.now)

    def read(self, who: str, place: int):
        ticket = self.ticket(place)
        actions.mark_seen(self.person(who), ticket, ticket.last_event_id)

    def decide(self):
        db.commit()
        if db.session.scalar(select(func.max(Event.id))) == self.passed:
            return
        facts = look()
        for event in [event for event in facts.happened.values() if event.id > self.passed]:
            self.model.decide(facts, event)
            self.passed = event.id
        catch_up()

    def send(self, broken: bool):
        self.model.send(look(), broken)
        due = select(OutgoingMail).where(OutgoingMail.state == OutState.WAITING, OutgoingMail.due_at <= clock.now())
        for mail in db.session.scalars(due.order_by(OutgoingMail.due_at)).all():
            self._send(mail, broken)

    def _send(self, mail: OutgoingMail, broken: bool):
        """What the outbox does, without a server."""
        left = verdicts.left(mail)
        if not left:
            mail.state = OutState.DROPPED
        elif broken:
            mail.tries, mail.message_id, mail.due_at = mail.tries + 1, f"<{mail.id}@x>", clock.now() + WAITS[0]
        else:
            mail.state = OutState.SENT
            events = tuple(sorted(verdict.event_id for verdict in left))
            self.sent.append((mail.user_id, verdicts.kind_of(mail, left).value, events, clock.now()))
            for verdict in left:
                verdict.decision = Decision.SENT

    def forget(self, place: int, more: timedelta):
        """The desk waits for an answer, for days."""
        change_actions.set_status(self.people.mia, self.ticket(place), Status.WAITING)
        db.commit()
        self.now += timedelta(days=3) + more
        with clock.at(self.now):
            self.remind()

    def remind(self):
        self.model.remind(look(), 3)
        reminders.remind()

    def wait(self, time: timedelta):
        self.now += time
