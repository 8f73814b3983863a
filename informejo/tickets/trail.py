"""The list from which somebody came to a ticket: the way back to it, and to the tickets beside this one in it."""

from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from flask import request
from werkzeug.exceptions import TooManyRequests

from informejo.tickets import list_queries
from informejo.tickets.inputs import asked
from informejo.tickets.models import Ticket
from informejo.web import actor, local, standing


class Trail(NamedTuple):
    """Addresses, with their names; those before and after are empty where there is no ticket."""

    name: str
    back: str
    before: str
    after: str


def of(ticket: Ticket) -> Trail | None:
    """The trail of this request: named in its address, or told by the browser; None for who came from elsewhere."""
    back = local(request.args.get("list") or _came_from(), "")
    path, _, query = back.partition("?")
    lists = {"/queue": "Queue", "/tickets": "My tickets"} if actor().is_staff else {"/tickets": "My tickets"}
    if path not in lists:
        return None
    before, after = _beside(ticket, path, dict(parse_qsl(query, keep_blank_values=True)))
    return Trail(
        lists[path], back, *(f"/tickets/{id}?list={quote(back, safe='')}" if id else "" for id in (before, after))
    )


def _came_from() -> str:
    """The page that led here, if it is one of ours. Browsers tell other sites' pages without their paths."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:  # not even an address
        return ""
    return f"{came.path}?{came.query}" if came.netloc == request.host else ""


def _beside(ticket: Ticket, path: str, fields: dict[str, str]) -> tuple[int | None, int | None]:
    own = {"requester": "me"} if path == "/tickets" else {}
    unsolved = {} if own or "q" in fields else {"status": "unsolved"}  # as the queue reads its own address
    try:
        return list_queries.beside(actor(), standing(), asked(fields | own, **unsolved), ticket)
    except TooManyRequests:  # a search that was made too often; the ticket itself is no search
        return None, None
