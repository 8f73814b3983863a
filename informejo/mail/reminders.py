"""Telling requesters that the desk waits for them: once for each time that their ticket was set to waiting."""

import time
from datetime import timedelta

from flask import Flask
from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select
from sqlalchemy.orm import aliased

from informejo import clock, db
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.faults import contained
from informejo.ids import made_at
from informejo.live.hub import hub
from informejo.mail.limit_queries import too_many
from informejo.mail.models import Verdict
from informejo.mail.recipients import Concern
from informejo.mail.verdicts import settle
from informejo.mail.words import Kind, Why
from informejo.settings.queries import setting
from informejo.tickets.models import Ticket
from informejo.tickets.words import Status

EVERY, FIRST_AFTER = 3600, 60  # seconds
LATE = timedelta(days=7)  # what waits longer than it should is left alone: a desk that begins to mail stirs up no past


def run(app: Flask):
    """Remind every hour, until the hub closes."""
    due = time.monotonic() + FIRST_AFTER
    while not hub.closing:
        time.sleep(1)
        if time.monotonic() >= due:
            with contained("reminders"), app.app_context():
                remind()
            due = time.monotonic() + EVERY


def remind():
    """Remind everybody whose ticket has waited for REMINDER_DAYS while nothing was said. What fails stops no other."""
    ids = db.session.scalars(_begun()).all() if setting("REMINDER_DAYS") else []
    for id in ids:
        with contained("reminders"):
            try:
                _remind(db.session.get(Event, id))
                db.commit()
            finally:
                db.session.rollback()


def _remind(event: Event):
    """`event` is the one with which the waiting began."""
    db.lock(event.ticket)
    requester = event.ticket.requester
    if not too_many(requester.email, requester):  # else another time
        settle(event, Concern(requester, Why.REMINDER, Kind.REMINDER))


def _begun() -> Select:
    """The ids of the events with which a waiting began that has lasted long enough, and that nobody was told of."""
    enough = clock.now() - timedelta(days=setting("REMINDER_DAYS"))
    began, said = _newest(_SET), _newest(_SET | _SAID)
    told = select(Verdict.event_id).where(Verdict.event_id == Event.id, Verdict.why == Why.REMINDER).exists()
    waiting = Ticket.status == Status.WAITING, Ticket.deleted_at.is_(None)
    events = select(Event.id).join(Ticket, Ticket.id == Event.ticket_id).where(*waiting, Event.id == began, ~told)
    return events.where(said.between(made_at(enough - LATE), made_at(enough))).order_by(Event.id)


def _newest(which: ColumnElement[bool]) -> ScalarSelect:
    """The id of the newest such event of the ticket."""
    return select(func.max(_event.id)).where(_event.ticket_id == Ticket.id, which).scalar_subquery()


_event = aliased(Event)
_SET = (_event.name == EventName.TICKET_UPDATED) & _event.changes["status"].as_string().is_not(None)
_SAID = (_event.name == EventName.COMMENT_ADDED) & (_event.audience == Audience.REQUESTER)
