"""Which ticket a request is about: by its address, by the form it sends, or by the stream it opens."""

from collections.abc import Iterable

from flask import request

from informejo import db, policy
from informejo.text import is_id
from informejo.tickets.queries import ticket_of_comment, ticket_of_file


def ticket_asked_for() -> int | None:
    """The number of that ticket, whether there is one or not; None where none is named, or more than one."""
    given = request.view_args or {}
    if "number" in given:
        return given["number"] if given["number"] <= db.MOST_ID else None
    if "token" in given:
        return ticket_of_file(given["token"])
    if "id" in given:
        return ticket_of_comment(given["id"])
    return _only(_of_drafts() if request.method == "POST" else _of(request.args.getlist("on")))


def ticket_of_stream(topics: Iterable[str]) -> int | None:
    """The number of the ticket that a stream on these topics is about; None where it is about anything else, too."""
    return _only(_of(topics))


def _only(named: list[int | None]) -> int | None:
    return named[0] if len(set(named)) == 1 else None


def _of(topics: Iterable[str]) -> list[int | None]:
    return [policy.ticket_of(topic) for topic in topics]


def _of_drafts() -> list[int | None]:
    """What else the address of such a form says does not count: the form alone says what is written."""
    return [ticket_of_draft(draft) for draft in request.form.getlist("draft")]


def ticket_of_draft(draft: str) -> int | None:
    """The number of the ticket on which that form stands, None where it stands on none."""
    kind, _, rest = draft.partition(":")
    number = rest.partition(":")[0]
    if kind == "comment":
        return ticket_of_comment(int(number)) if is_id(number) else None
    return policy.ticket_of(f"ticket:{number}") if kind == "ticket" else None
