"""What each kind of mail needs to be written: its subject, and what its two templates show."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from flask import current_app

from informejo import clock, db
from informejo.guests import codes
from informejo.guests.link_actions import make_link
from informejo.mail import account_contents
from informejo.mail.cases import Case
from informejo.mail.conversation import Reader, Told
from informejo.mail.models import IncomingMail
from informejo.mail.senders import confirmation_link, desk_name, public
from informejo.mail.words import Kind, Why
from informejo.mime.quotes import MARKER
from informejo.settings.queries import LOGO, mark_of, setting
from informejo.tickets.models import Ticket
from informejo.tickets.words import Status

WHAT_NOW = {  # said to the requester, to whom the word alone may say nothing
    Status.WAITING: "We wait for your answer.",
    Status.RESOLVED: "If it is not solved, tell us: then it is open again.",
    Status.CLOSED: "If there is more, tell us: then a new ticket follows this one.",
}
NOT_ANSWERED = (Kind.BUNDLE, Kind.REFUSED, Kind.CHECK)


class Part(NamedTuple):
    """What a bundle tells of one ticket."""

    number: int
    title: str
    link: str
    code: str
    told: list[Told]


def contents_of(case: Case) -> tuple[str, dict]:
    """The subject, and what the two templates of that kind show, as things are now.

    Raises Forbidden, UnprocessableEntity when a link to choose a password cannot be made any more.
    """
    subject, shown = OF_KIND[case.kind](case)
    return subject, _everywhere(case) | shown


def _everywhere(case: Case) -> dict:
    """What the frame around each mail shows."""
    user = case.reader.user
    signs_in = case.reader.opens and not case.kind.of_account
    return {
        "kind": case.kind,
        "desk": desk_name(),
        "public": public(),
        "footer": setting("MAIL_FOOTER"),
        "logo": f"{public()}/assets/desk/{logo}.logo" if (logo := mark_of(LOGO)) else "",
        "number": None,
        "code": "",
        "code_until": case.reader.time(clock.now() + timedelta(days=setting("LINK_DAYS"))),
        "because": _because(case.verdicts[0].why) if case.verdicts else "",
        "choices": f"{public()}/profile/mail" if signs_in else "",
        "confirm": confirmation_link(user) if signs_in and not case.reader.known else "",
        "answer": (answer := _answer(case)),
        "marker": MARKER if answer else "",
    }


def _because(why: Why) -> str:
    """Nobody shall have to wonder why a mail came."""
    return why.own_sentence[0].lower() + why.own_sentence[1:]


def _answer(case: Case) -> str:
    """What becomes of an answer to this mail, where answers are read: nobody shall write to the wrong people."""
    reads = setting("MAIL_REPLY_TO") or current_app.config["MAILBOXES"]
    if not reads or case.ticket is None or case.kind.of_account or case.kind in NOT_ANSWERED:
        return ""
    if not case.is_public:
        return "An answer to this mail becomes a note for the team."
    if case.ticket.requester == case.reader.user:
        return "To answer, answer this mail."
    return "An answer to this mail goes to the requester."


def _ticket(ticket: Ticket, case: Case) -> dict:
    """What stands in every mail about one ticket, and how it is opened: by signing in, or by a link made now."""
    shown = {"number": ticket.number, "title": case.reader.title(ticket), "code": ""}
    if not _by_link(ticket, case):
        return shown | {"link": f"{public()}/tickets/{ticket.number}" if case.reader.opens else ""}
    link = make_link(case.reader.user, ticket)
    return shown | {"link": f"{public()}/t/{link.token}", "code": codes.shown(link.code)}


def _by_link(ticket: Ticket, case: Case) -> bool:
    """Whether its requester comes to it by a link: who cannot sign in, who wrote without, and who asked for one."""
    if ticket.requester != case.reader.user:
        return False
    return not case.reader.opens or ticket.unverified or case.kind == Kind.LINK


def _about(case: Case) -> tuple[str, dict]:
    """A mail about one event of one ticket."""
    told = case.reader.told(case.event) if case.event else None
    return _subject(case.ticket, case.reader), _ticket(case.ticket, case) | {"told": told, "earlier": []}


def _opened(case: Case) -> tuple[str, dict]:
    subject, shown = _about(case)
    opened_by = case.event.actor if case.event else case.ticket.opened_by
    return subject, shown | {"by_themselves": opened_by == case.reader.user}


def _message(case: Case) -> tuple[str, dict]:
    subject, shown = _about(case)
    earlier = case.reader.earlier(case.ticket, not case.is_public, than=case.event.comment)
    return subject, shown | {"earlier": earlier}


def _status(case: Case) -> tuple[str, dict]:
    """What it means for its requester, unless it has another status by now."""
    subject, shown = _about(case)
    new, is_own = case.event.changes["status"][1], case.ticket.requester == case.reader.user
    return subject, shown | {"what_now": WHAT_NOW.get(new, "") if is_own and new == case.ticket.status else ""}


def _introduced(case: Case) -> tuple[str, dict]:
    """For whom the ticket is new: what it is about, and what was said last."""
    subject, shown = _about(case)
    told = shown["told"] and shown["told"]._replace(said=case.reader.opening(case.ticket))
    return subject, shown | {
        "told": told,
        "earlier": case.reader.earlier(case.ticket, not case.is_public, opening=False),
    }


def _reminder(case: Case) -> tuple[str, dict]:
    """What the desk asked is said once more."""
    subject, shown = _about(case)
    return subject, shown | {
        "told": shown["told"] and shown["told"]._replace(said=case.reader.last_answer(case.ticket))
    }


def _bundle(case: Case) -> tuple[str, dict]:
    """Ticket by ticket, in the order in which the first thing happened on each; within one, oldest first."""
    events = {verdict.event_id: verdict.event for verdict in case.verdicts}
    tickets = {}
    for id in sorted(events):
        tickets.setdefault(events[id].ticket, []).append(events[id])
    parts = [Part(**_ticket(each, case), told=list(map(case.reader.told, tickets[each]))) for each in tickets]
    subject = _subject(next(iter(tickets)), case.reader) if len(parts) == 1 else f"News on {len(parts)} tickets"
    return subject, {"parts": parts}


def _refused(case: Case) -> tuple[str, dict]:
    came = db.session.get(IncomingMail, case.mail.incoming_id) if case.mail.incoming_id else None
    shown = {"came": case.reader.time(came.received_at) if came else "", "largest": setting("MAIL_LARGEST")}
    return "Your mail was too large", shown


def _check(case: Case) -> tuple[str, dict]:
    return "Mail check", {"at": case.reader.time(clock.now())}


def _subject(ticket: Ticket, reader: Reader) -> str:
    own = "Your request" if ticket.requester == reader.user else "A ticket"
    return f"[#{ticket.number}] {reader.title(ticket) or own}"


OF_KIND: dict[Kind, Callable[[Case], tuple[str, dict]]] = {
    Kind.OPENED: _opened,
    Kind.NEW: _about,
    Kind.MESSAGE: _message,
    Kind.STATUS: _status,
    Kind.ASSIGNED: _introduced,
    Kind.WATCHING: _introduced,
    Kind.UNDELIVERED: _about,
    Kind.REMINDER: _reminder,
    Kind.BUNDLE: _bundle,
    Kind.PASSWORD: account_contents.password,
    Kind.FORGOTTEN: account_contents.forgotten,
    Kind.LINK: _about,
    Kind.ADDRESS: account_contents.address,
    Kind.MOVED: account_contents.moved,
    Kind.FACTORS: account_contents.factors,
    Kind.REFUSED: _refused,
    Kind.CHECK: _check,
}
