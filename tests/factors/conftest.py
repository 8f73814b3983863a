"""People with second factors."""

import re
from datetime import timedelta

import pytest
from pyotp import TOTP, random_base32

from informejo import clock, cookies, db
from informejo.factors import actions
from tests.factors.device import Device
from tests.mail.conftest import post, sink
from tests.world import PASSWORD

__all__ = ["post", "sink"]

MIA = {"email": "mia@example.org", "password": PASSWORD}
CODE = re.compile(r"<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>")


class App:
    """The app on somebody's phone, and the recovery codes they were shown with it."""

    def __init__(self, user):
        self.secret = random_base32()
        with clock.at(clock.now()):  # or the half minute could go by in between
            self.first = self.digits(-30)
            self.codes = actions.confirm_app(user, self.secret, self.first)
        db.commit()

    def digits(self, later: int = 0) -> str:
        """What it shows now, or so many seconds later."""
        return TOTP(self.secret).at(clock.now().timestamp() + later)


@pytest.fixture
def mias(world):
    """Mia's app."""
    return App(world.mia)


@pytest.fixture
def half(mias, visit):
    """A browser in which Mia's password was right."""
    browser = visit()
    assert browser.post("/sign-in", data=MIA).location == "/sign-in/second"
    return browser


@pytest.fixture
def later(world):
    """`later(minutes)`: a moment from then on; everything in the block happens then."""
    begin = clock.now()

    def later(minutes: float):
        return clock.at(begin + timedelta(minutes=minutes))

    return later


@pytest.fixture
def key(world, visit):
    """Mia's passkey, and nothing else."""
    browser, device = visit(world.mia), Device()
    options = browser.post("/profile/security/passkeys/challenge").json
    fields = {"name": "Mia’s phone", "credential": device.make(options)}
    assert "Your recovery codes" in browser.post("/profile/security/passkeys", data=fields).text
    return device


def is_in(browser) -> bool:
    return browser.get("/profile").status_code == 200


def half_cookie() -> str:
    return f"{cookies.cookie_name()}-half"
