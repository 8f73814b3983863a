"""Handing a browser its link to a ticket, as a cookie for that ticket."""

from flask import request
from werkzeug.wrappers import Response

from informejo import cookies
from informejo.accounts.inputs import browser
from informejo.accounts.models import Session, User
from informejo.guests.link_actions import make_another, make_link
from informejo.settings.queries import setting
from informejo.tickets.models import Ticket


def with_link(response: Response, number: int, token: str) -> Response:
    """The answer, and with it the link with that token to that ticket."""
    return cookies.with_link_cookie(response, number, token, setting("LINK_DAYS"))


def new_link(user: User, ticket: Ticket) -> str:
    """The token of a new link, which this browser alone has. Whoever calls commits."""
    return make_link(user, ticket, browser(request.user_agent.string)).token


def new_link_beside(link: Session) -> str:
    """The same for whoever typed the code of that link; nothing where it has ended since."""
    made = make_another(link, browser(request.user_agent.string))
    return made.token if made else ""
