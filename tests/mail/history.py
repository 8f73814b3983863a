"""A history of the desk: it happens to the desk itself, and the model of its mails is told of it."""

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException

from informejo import clock, db
from informejo.accounts import actions as accounts, rights_actions
from informejo.accounts.models import Role
from informejo.events.models import Event
from informejo.mail import actions as mail_actions, outbox, reminders, verdicts
from informejo.mail.delivering import Parcel
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.mail.smtp import Later
from informejo.tickets import actions, change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from tests import world as cast
from tests.mail.facts import look
from tests.mail.model import Model
from tests.mail.post import Post


class History:
    """The desk and the model, side by side."""

    is_server, broken = False, False

    def __init__(self, post: Post, people: cast.World, begin: datetime):
        self.post, self.people, self.now = post, people, begin
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
        rights_actions.set_role(self.people.ana, self.person(who), role)

    def active(self, who: str, active: bool):
        rights_actions.set_active(self.people.ana, self.person(who), active)

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
        self.post.read()

    def send(self, broken: bool):
        self.model.send(look(), broken)
        self.broken = broken
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outbox, "way", self.way)
            self.post.send()

    @contextmanager
    def way(self):
        """In place of a mail server; all else is the outbox itself."""
        yield self

    def deliver(self, parcel: Parcel):
        if self.broken:
            raise Later("451 Come back later")
        mail = db.session.get(OutgoingMail, parcel.id)
        events = tuple(verdict.event_id for verdict in mail.verdicts)
        self.sent.append((mail.user_id, verdicts.kind_of(mail, mail.verdicts).value, events, clock.now()))

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
