"""Which ticket a request is about: by its address, by the form it sends, or by the stream it opens."""

from collections.abc import Iterable

from flask import request

from informejo import policy
from informejo.tickets.queries import ticket_of_comment, ticket_of_file


def ticket_asked_for() -> int | None:
    """The number of that ticket, whether there is one or not; None where none is named, or more than one."""
    given = request.view_args or {}
    if "number" in given:
        return given["number"]
    if "token" in given:
        return ticket_of_file(given["token"])
    if "id" in given:
        return ticket_of_comment(given["id"])
    return _only([*_of(request.args.getlist("on")), *_of_draft()])


def ticket_of_stream(topics: Iterable[str]) -> int | None:
    """The number of the ticket that a stream on these topics is about; None where it is about anything else, too."""
    return _only(_of(topics))


def _only(named: list[int | None]) -> int | None:
    return named[0] if len(set(named)) == 1 else None


def _of(topics: Iterable[str]) -> list[int | None]:
    return [policy.ticket_of(topic) for topic in topics]


def _of_draft() -> list[int | None]:
    if request.method != "POST":
        return []
    kind, _, rest = request.form.get("draft", "").partition(":")
    number = rest.partition(":")[0]
    if kind == "comment" and number.isdecimal():
        return [ticket_of_comment(int(number))]
    return [policy.ticket_of(f"ticket:{number}")] if kind == "ticket" else []
