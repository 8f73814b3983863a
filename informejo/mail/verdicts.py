"""What becomes of each event for each person whom it concerns: when it happens, and again when a mail is sent."""

from datetime import datetime, timedelta

from sqlalchemy import select

from informejo import clock, db, policy
from informejo.accounts.address_queries import offered_address
from informejo.accounts.models import User
from informejo.accounts.queries import surviving
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.live.hub import hub
from informejo.mail import choices, limit_queries, recipients
from informejo.mail.bundle_queries import open_bundle
from informejo.mail.models import OutgoingMail, Verdict, Watcher
from informejo.mail.recipients import Concern
from informejo.mail.words import Decision, Kind, Why
from informejo.tickets.models import Reading
from informejo.tickets.words import Status
from informejo.turns import in_turns

READING = timedelta(seconds=20)  # for whoever has a page open: what they read there in time is not mailed as well
MERGED = "Their account was merged into another."
Hindrance = tuple[Decision, str]  # why no mail goes out, and what that word alone does not say


def decide(event: Event):
    """Keep for everybody whom the event concerns what becomes of it, with a mail for those who are to be told."""
    for concern in in_turns(recipients.concerned(event)):
        settle(event, concern)
    if event.comment_id and event.ticket_id:
        db.notice(f"mails:{event.ticket_id}")  # under the message stands from now on that it is to be mailed


def settle(event: Event, concern: Concern) -> Verdict:
    """Decide about one event for one person."""
    user, why, kind = concern
    verdict = Verdict(event_id=event.id, user_id=user.id, why=why, kind=kind, event=event, user=user)
    found = _own(event, user, kind) or _hindrance(verdict) or _unanswered(event, user, kind)
    if found:
        verdict.decision, verdict.detail = found
    else:
        _put_into_a_mail(verdict)
    db.session.add(verdict)
    return verdict


def left(mail: OutgoingMail) -> list[Verdict]:
    """What the mail still has to say, asked now that it is about to be sent. The rest is taken out of it, with why.

    What was for an account that was merged into another is decided about once more, for that one and its address.
    Mails that are about no event, such as that of the mail check, never have any.
    """
    for verdict in in_turns(list(mail.verdicts)):
        if found := _hindrance(verdict):
            verdict.decision, verdict.detail = found
            verdict.at, verdict.mail = clock.now(), None
            _pass_on(verdict)
    return list(mail.verdicts)


def kind_of(mail: OutgoingMail, verdicts: list[Verdict]) -> Kind:
    """What the mail is written as: a bundle that tells of one thing alone is a mail like any other."""
    return verdicts[0].kind if mail.kind == Kind.BUNDLE and len(verdicts) == 1 else mail.kind


def quiet_until(mail: OutgoingMail) -> datetime | None:
    """When the quiet hours end that its reader has now; None when the mail may go out, whatever was to be then."""
    if mail.user is None or mail.kind.awaited:
        return None
    return choices.quiet_until(choices.of(mail.user), clock.now(), mail.user.time_zone)


def _own(event: Event, user: User, kind: Kind) -> Hindrance | None:
    """Nobody is told what they did themselves; a receipt and a way in are what they asked for."""
    asked_for = kind in (Kind.OPENED, Kind.REMINDER) or kind.awaited
    return (Decision.OWN, "") if event.actor_id == user.id and not asked_for else None


def _hindrance(verdict: Verdict) -> Hindrance | None:
    """What keeps the mail from going out as things are now."""
    event, user = verdict.event, verdict.user
    if not user.active:
        return Decision.NO_MAIL, MERGED if user.merged_into_id else "Their account is not active."
    if event.ticket_id and (gone := _gone(verdict)):
        return Decision.GONE, gone
    if not choices.wants(choices.of(user), verdict.why, verdict.kind):
        return Decision.OFF, ""
    if _stopped_watching(verdict):
        return Decision.OFF, "They do not watch the ticket any more."
    return (Decision.SEEN, "") if event.ticket_id and _has_seen(verdict) else None


def _pass_on(verdict: Verdict):
    """To whoever they are since their account was merged, unless that one was told; ways into the old one are void."""
    to, event = surviving(verdict.user), verdict.event
    if to is verdict.user or verdict.why == Why.ACCOUNT:
        return
    told = select(Verdict.event_id).where(Verdict.event_id == event.id, Verdict.user_id == to.id)
    if db.session.scalar(told) is None:
        settle(event, Concern(to, verdict.why, verdict.kind))


def _gone(verdict: Verdict) -> str:
    """Why there is nothing to tell them any more; empty where there is."""
    event, user, ticket = verdict.event, verdict.user, verdict.event.ticket
    if ticket.deleted_at is not None:
        return "The ticket is in the bin."
    if not policy.hears(user, ticket) or not event.is_for(policy.audience(user)):
        return "They may not see it."
    if event.name == EventName.COMMENT_ADDED and (event.comment is None or event.comment.ticket_id != ticket.id):
        return "The message went to another ticket."
    if verdict.kind == Kind.ASSIGNED and ticket.assignee_id != user.id:
        return "The ticket is not with them any more."
    if verdict.kind == Kind.REMINDER and ticket.status != Status.WAITING:
        return "The desk does not wait any more."
    return ""


def _stopped_watching(verdict: Verdict) -> bool:
    if verdict.why != Why.WATCHER:
        return False
    here = Watcher.ticket_id == verdict.event.ticket_id, Watcher.user_id == verdict.user_id
    return db.session.scalar(select(Watcher.user_id).where(*here)) is None


def _has_seen(verdict: Verdict) -> bool:
    """Whether their page reported that they have read so far. What they did themselves, they had seen before."""
    event = verdict.event
    if verdict.kind == Kind.REMINDER or event.actor_id == verdict.user_id:
        return False
    theirs = Reading.ticket_id == event.ticket_id, Reading.user_id == verdict.user_id
    return bool(db.session.scalar(select(Reading.user_id).where(*theirs, Reading.event_id >= event.id)))


def _unanswered(event: Event, user: User, kind: Kind) -> Hindrance | None:
    if not kind.automatic:
        return None
    reason = limit_queries.no_answer(event.ticket, user.email)
    return (Decision.NO_MAIL, reason) if reason else None


def _put_into_a_mail(verdict: Verdict):
    """Into a new mail, or into the bundle that waits for this person; unless too many went to them by themselves."""
    user, kind, now = verdict.user, verdict.kind, clock.now()
    due, detail = (now, "") if kind.awaited else choices.due(choices.of(user), now, user.time_zone)
    bundle = open_bundle(user) if due > now else None
    if bundle is None and kind.automatic and (reason := _too_many(verdict)):
        verdict.decision, verdict.detail = Decision.NO_MAIL, reason
        return
    if bundle and bundle.due_at <= due:
        due, detail = bundle.due_at, choices.told("Bundle", bundle.due_at, user.time_zone)
    mail = bundle or _new_mail(verdict, is_bundle=due > now)
    mail.due_at = due + READING if due == now and _may_be_reading(verdict) else due
    if kind.automatic and (came := limit_queries.came_with(verdict.event.ticket)):
        mail.incoming_id = came.id
    verdict.decision, verdict.detail = (Decision.BUNDLED if due > now else Decision.WAITING), detail
    db.session.add(mail)
    verdict.mail = mail


def _too_many(verdict: Verdict) -> str:
    """Of an address that anybody may have typed nobody has shown that it is theirs, whoever else has shown that."""
    ticket = verdict.event.ticket
    typed = ticket is not None and ticket.unverified
    return limit_queries.too_many(verdict.user.email, None if typed else verdict.user)


def _may_be_reading(verdict: Verdict) -> bool:
    """Whether they have a page open here, on which they may be about to read of it."""
    return verdict.event.ticket_id is not None and hub.has_page_of(verdict.user_id)


def _new_mail(verdict: Verdict, is_bundle: bool) -> OutgoingMail:
    user, event = verdict.user, verdict.event
    offered = offered_address(user) if verdict.kind == Kind.ADDRESS else None
    to = {"user_id": user.id, "address": (offered or user).email}
    if is_bundle:
        return OutgoingMail(kind=Kind.BUNDLE, **to)
    about = {"ticket_id": event.ticket_id, "comment_id": event.comment_id, "event_id": event.id}
    return OutgoingMail(kind=verdict.kind, **to, **about)
