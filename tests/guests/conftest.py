"""Browsers that came by a link, and the desk's mail, in which links and codes stand."""

import re
from typing import NamedTuple

import pytest

from informejo import db
from informejo.guests.link_actions import make_link
from informejo.mail.models import CaughtMail
from tests.mail.post import Post

NEW = {
    "name": "Nia Odd",
    "email": "nia@example.org",
    "title": "My screen stays black",
    "description": "Since this morning it shows nothing at all.",
    "category": "hardware",
    "priority": "high",
}


class Mailed(NamedTuple):
    """What a mail gives to whoever comes back by it: the path of the link, and the code; empty without."""

    address: str
    link: str
    code: str
    text: str


class Caught(Post):
    """The desk's mail where every mail is kept instead of being sent."""

    def __init__(self, app):
        super().__init__(app)
        app.config["MAIL_CATCH"] = True

    def came(self) -> list[Mailed]:
        """Whatever is due, sent, and every mail so far, oldest first."""
        self.deliver()
        caught = db.session.query(CaughtMail).order_by(CaughtMail.id)
        return [_mailed(mail) for mail in caught]


@pytest.fixture
def post(app, world):
    return Caught(app)


@pytest.fixture
def ticket(world):
    return world.ticket(world.gus)


@pytest.fixture
def come(visit):
    """`come(user, ticket)`: a browser that came by a new link; `browser` one that was there before."""

    def come(user, ticket, browser=None):
        token = make_link(user, ticket).token
        db.commit()
        browser = browser or visit()
        answer = browser.get(f"/t/{token}")
        assert (answer.status_code, answer.location) == (303, f"/tickets/{ticket.id}")
        return browser

    return come


def _mailed(mail: CaughtMail) -> Mailed:
    import email
    from email import policy

    text = email.message_from_bytes(mail.raw, policy=policy.default).get_body(("plain",)).get_content()
    link, code = re.search(r"(/t/\S+)", text), re.search(r"access code (\S+)", text)
    return Mailed(mail.address, link[1] if link else "", code[1] if code else "", f"{mail.subject}\n{text}")
