"""Whatever happens at the desk, the mails that come out are those of a plain model, and so is each verdict."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from informejo import clock, db
from informejo.accounts import actions as accounts
from informejo.accounts.models import Role
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
MINUTES = st.sampled_from([0, 30, 90, 150, 165, 7 * 60, 8 * 60, 12 * 60, 22 * 60, 23 * 60 + 59])
staff, anybody, ticket = st.sampled_from(STAFF), st.sampled_from(ANYBODY), st.integers(0, 2)
CHOICES = {
    **{name: st.booleans() for name in ("receipt", "mine", "assigned", "mentioned", "watched", "all_new")},
    "pace": st.sampled_from(Pace),
    "bundle_minutes": st.sampled_from([5, 30, 600]),
    "daily_at": MINUTES,
    "quiet_from": MINUTES,
    "quiet_to": MINUTES,
}
chosen = st.fixed_dictionaries({}, optional=CHOICES)
BEGINNINGS = st.fixed_dictionaries({}, optional={name: st.tuples(chosen, st.sampled_from(ZONES)) for name in ANYBODY})
STEPS = st.one_of(
    st.tuples(st.just("open"), anybody, st.sampled_from(("ren", "zoe", "gus"))),
    st.tuples(st.just("come"), st.sampled_from(("zoe", "gus")), st.sampled_from(["", "machine", "fail"])),
    *[st.tuples(st.just("say"), anybody, ticket, st.sampled_from(list(BODIES)), st.booleans())] * 4,  # more often
    st.tuples(st.just("assign"), staff, ticket, st.sampled_from((*STAFF, None))),
    st.tuples(st.just("set"), anybody, ticket, st.sampled_from(Status)),
    st.tuples(st.sampled_from(["watch", "unwatch"]), staff, ticket, staff),
    st.tuples(st.just("edit"), ticket, st.sampled_from(list(BODIES))),
    st.tuples(st.sampled_from(["bin", "restore"]), ticket),
    st.tuples(st.just("role"), st.sampled_from(["mia", "tom"]), st.sampled_from([Role.USER, Role.AGENT, Role.ADMIN])),
    st.tuples(st.just("active"), st.sampled_from(["mia", "tom", "ren"]), st.booleans()),
    st.tuples(st.just("choose"), anybody, chosen, st.sampled_from(ZONES)),
    *[st.tuples(st.just("read"), anybody, ticket)] * 2,
    *[st.tuples(st.just("decide"))] * 3,
    *[st.tuples(st.just("send"), st.booleans())] * 2,
    *[st.tuples(st.just("wait"), st.sampled_from(WAITS))] * 2,
    st.tuples(st.just("forget"), ticket, st.sampled_from(WAITS)),
)


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


@given(night=st.sampled_from(NIGHTS), beginnings=BEGINNINGS, steps=st.lists(STEPS, min_size=12, max_size=40))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_mails_of_every_history_are_those_of_the_model(begin, night, beginnings, steps):
    history = History(begin(), night)
    first = [("choose", who, *how) for who, how in beginnings.items()]
    for name, *what in [*first, *steps, ("decide",), ("wait", timedelta(days=2)), ("send", False)]:
        history.now += timedelta(seconds=7)
        with clock.at(history.now):
            history.step(name, *what)
    assert history.decided() == history.model.decided
    assert history.sent == history.model.sent


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
