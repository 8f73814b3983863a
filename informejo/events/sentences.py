"""What happened, in words: the lines of a timeline, the toasts, later the mails."""

from collections.abc import Iterable

from informejo.events.models import Audience, Event
from informejo.events.names import BESIDE, WATCHING, EventName
from informejo.tickets.words import Category, Priority, Status

_FIELD = {"status": Status, "priority": Priority, "category": Category}
_ROLE = {"guest": "a guest", "user": "a requester", "agent": "an agent", "admin": "an administrator"}
_DONE = {
    EventName.USER_DEACTIVATED: "{name} is deactivated.",
    EventName.USER_REACTIVATED: "{name} is active again.",
}
_VOIDED = (
    " Nobody had shown that the address is theirs, so password and sign-ins are void: give them a link to choose a"
    " password."
)
_EDITED = {"title": "the title", "description": "the description", "body": "a message"}
_LINES = (EventName.TICKET_UPDATED, EventName.TICKET_RESTORED, EventName.COMMENT_EDITED)  # drawn as one, and no more
_NO_LINE = (
    EventName.ATTACHMENT_ADDED,
    EventName.ATTACHMENT_CHECKED,
    *BESIDE,
)  # drawn with its message; drawn beside the conversation
_VERB = {
    EventName.TICKET_CREATED: "opened this ticket",
    EventName.TICKET_DELETED: "moved this ticket to the bin",
    EventName.TICKET_RESTORED: "brought this ticket back",
    EventName.COMMENT_ADDED: "replied",
    EventName.ATTACHMENT_ADDED: "attached a file",
    EventName.ATTACHMENT_CHECKED: "checked a file for viruses",
    EventName.COMMENT_REMOVED: "took out a message that belongs elsewhere",
    EventName.LINK_OFFERED: "had a new link mailed",
    EventName.PASSWORD_OFFERED: "offered a link to choose a password",
    EventName.ADDRESS_OFFERED: "gave an address for themselves",
    EventName.PASSWORD_FORGOTTEN: "was asked for a link to choose a password",
}


def deeds(run: list[Event], it: str = "this") -> str:
    """What somebody did one after the other: "claimed this, set this to Waiting and changed the priority to High".

    `it` is how the ticket is called: "this" where it is on the page.
    """
    *first, last = [part for event in run for part in _parts(event, it)]
    return f"{', '.join(first)} and {last}" if first else last


def runs(events: Iterable[Event]) -> dict[int, list[Event]]:
    """For each of a ticket's events, by id: what the same person did just before it in the same minute, and itself."""
    found, run = {}, []
    for event in events:
        if event.name not in _NO_LINE:
            run = [*run, event] if run and _goes_on(run[-1], event) else [event]
            found[event.id] = run
    return found


def sentence(event: Event, reader_id: int | None = None) -> str:
    """The whole sentence, for where the ticket is not on the page: "Mia replied to you · #42 Printer on fire"."""
    who = event.actor.name if event.actor else "The desk"
    what = deeds([event], it="it")
    if event.ticket is None:
        return f"{who} {what}"
    if gave_it_to(event, reader_id):
        what = what.replace(f"gave it to {event.changes['assignee'][1]}", "gave it to you")
    if event.user_id == reader_id and event.name == EventName.WATCHER_ADDED:
        what = what.replace(f"asked {event.user.name} to", "asked you to", 1)
    if event.ticket.requester_id == reader_id and event.audience == Audience.REQUESTER:
        what = what.replace("replied", "replied to you", 1) if what.startswith("replied") else what
    return f"{who} {what} · #{event.ticket.number} {event.ticket.title}"


def gave_it_to(event: Event, reader_id: int | None) -> bool:
    """Whether that gave the ticket to this reader, who has it still; the log says a name alone."""
    has_it, given = event.ticket.assignee, event.changes.get("assignee", (None, None))[1]
    return has_it is not None and (has_it.id, has_it.name) == (reader_id, given)


def done_to(event: Event) -> str:
    """What an event did to a person, and where their tickets went: "Jakub is deactivated. 7 tickets went to Clara." """
    name = event.user.name
    said = _DONE.get(event.name, "The change to {name} is saved.").format(name=name)
    if event.changes.keys() <= {"tickets", "back"}:
        said = f"The tickets of {name} are handed over." if "tickets" in event.changes else "That is undone."
    if role := event.changes.get("role"):
        said = f"{name} is now {_ROLE[role[1]]}."
        said += _VOIDED if "password" in event.changes else ""
    return said + _gone(*event.changes.get("tickets", (0, None))) + _back(*event.changes.get("back", (0, 0)))


def last_word(binned: Event | None) -> str:
    """Why a ticket is gone from the page, for somebody who saw it: who put it into the bin, if they may know that."""
    if binned is None:
        return "It never was, or it is not for you to see any more."
    return f"{binned.actor.name if binned.actor else 'The desk'} moved it to the bin."


def _gone(number: int, receiver: str | None) -> str:
    return f" {_tickets(number)} went {f'to {receiver}' if receiver else 'back to the queue'}." if number else ""


def _back(number: int, others: int) -> str:
    back = f" {_tickets(number)} came back to them." if number else ""
    have = f"{_tickets(others)} had" if number == 0 else f"{others} had"
    stayed = "it was" if others == 1 else "they were"
    return back + (f" {have} been solved or given to others since, and stayed as {stayed}." if others else "")


def _tickets(number: int) -> str:
    return f"{number} {'ticket' if number == 1 else 'tickets'}"


def _parts(event: Event, it: str) -> list[str]:
    said = [_change(event, field, new, it) for field, (_, new) in event.changes.items() if field != "mail"]
    if event.name in (EventName.TICKET_UPDATED, EventName.COMMENT_EDITED) and said:
        return said
    if event.name in WATCHING:
        return [_watching(event, it)]
    if event.name == EventName.COMMENT_ADDED and event.comment.internal:
        return ["added an internal note"]
    if event.name == EventName.MAIL_FAILED:
        whom = event.user.name if event.user else "somebody"
        why = event.changes["mail"][1]  # nothing where they were erased since: servers name addresses
        return [f"could not deliver a mail to {whom}" + (f": {why}" if why else "")]
    verb = _VERB.get(event.name, "changed this ticket")
    return [verb if it == "this" else verb.replace(" this ticket", ""), *said]


def _watching(event: Event, it: str) -> str:
    added, own = event.name == EventName.WATCHER_ADDED, event.actor_id == event.user_id
    if own:
        return f"{'watches' if added else 'stopped watching'} {it}"
    return f"asked {event.user.name} to watch {it}" if added else f"took {event.user.name} off those who watch {it}"


def _goes_on(before: Event, event: Event) -> bool:
    """Whether it belongs to the same line: of one person, for the same audience, in one minute, nothing in between."""
    same = _whose(before) == _whose(event)
    return same and event.name in _LINES and (before.name in _LINES or bool(before.changes))


def _whose(event: Event) -> tuple:
    return event.actor_id, event.audience, event.at.replace(second=0, microsecond=0)


def _team(old: str | None, new: str | None, it: str) -> str:
    return f"gave {it} to the team {new}" if new else f"took {it} from the team {old}"


def _confidential(_old: bool, new: bool, it: str) -> str:
    return f"made {it} confidential" if new else f"made {it} no longer confidential"


def _named(old: list[str], new: list[str], it: str) -> str:
    """Who sees a confidential ticket from now on, and who does not any more."""
    came, went = [name for name in new if name not in old], [name for name in old if name not in new]
    deeds = [f"let {_listed(came)} see {it}"] if came else []
    deeds += [f"took {_listed(went)} off those who see {it}"] if went else []
    return " and ".join(deeds) or f"changed who sees {it}"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


_SIGHT = {"team": _team, "confidential": _confidential, "named": _named}  # fields that say who of the staff sees it


def _change(event: Event, field: str, new: str | None, it: str) -> str:
    if field == "assignee" and event.actor and new == event.actor.name:
        return f"claimed {it}"
    if field == "assignee":
        return f"gave {it} to {new}" if new else f"gave {it} back to the queue"
    if field == "unverified":
        return f"confirmed that {it} is theirs"
    if field in _SIGHT:
        return _SIGHT[field](*event.changes[field], it)
    if field == "status":
        return f"set {it} to {Status(new).word}"
    if field in _FIELD:
        return f"changed the {field} to {_FIELD[field](new).word}"
    if field == "body" and event.audience == Audience.STAFF:
        return "edited an internal note"
    return f"edited {_EDITED.get(field, field)}"
