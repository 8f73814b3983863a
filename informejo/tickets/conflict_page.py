"""What somebody is asked whose change met another one of the same field: both values, and a button for each."""

from flask import request

from informejo import policy
from informejo.live import fragments, makers
from informejo.tickets import change_actions
from informejo.tickets.change_actions import Conflict
from informejo.tickets.models import Ticket
from informejo.web import actor, page, wants_fragment

WHOLE_PAGE = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
SHORT = 40  # characters of a value that a button still names


def field_conflict(ticket: Ticket, conflict: Conflict):
    """Both values, and a button for each; with htmx at the control, without it on a page of its own."""
    [(field, (_, theirs))] = conflict.both.items()
    theirs = change_actions.told(theirs)
    keep, insist = {"was": theirs, "value": theirs}, {"was": theirs, "value": request.form["value"]}
    needs = _both(conflict, request.path, keep, insist)
    if wants_fragment():
        # The control shows what the ticket says, whatever was chosen there: what was chosen stands in the question.
        parts = [makers.question(field, needs), *makers.about(ticket, policy.audience(actor()))]
        return fragments.render(parts), 409
    return page("tickets/conflict.html", title="Two changes", back=f"/tickets/{ticket.number}", **needs), 409


def text_conflict(conflict: Conflict, fields: dict, back: str):
    """Both texts on a page of their own; `fields` is what the form sent, `back` where nothing is chosen."""
    theirs = fields | {field: text for field, (_, text) in conflict.both.items()}
    needs = _both(conflict, request.path, theirs, fields)
    return page("tickets/conflict.html", title="Two changes", back=back, **needs), 409, WHOLE_PAGE


def _both(conflict: Conflict, address: str, theirs: dict, yours: dict) -> dict:
    words = {field: (_word(mine), _word(other)) for field, (mine, other) in conflict.both.items()}
    keep, make = "Keep what is there", "Make it yours"
    if len(words) == 1:
        [(mine, other)] = words.values()
        keep = f"Keep “{other}”" if len(other) < SHORT else keep
        make = f"Make it “{mine}”" if len(mine) < SHORT else make
    choices = [(address, theirs, keep), (address, yours, make)]
    return {"both": words, "who": conflict.who, "own": conflict.who == actor(), "choices": choices}


def _word(value) -> str:
    """A value as people say it."""
    if value is None:
        return "Nobody"
    return getattr(value, "word", None) or getattr(value, "name", None) or str(value)
