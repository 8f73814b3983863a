"""A passkey on a phone: added, and from then on the way in."""

import pytest
from playwright.sync_api import expect

from informejo import create_app, db, signals
from informejo.events.models import LogEpoch
from tests import world as cast
from tests.browser.person import Person
from tests.server import Server
from tests.world import PASSWORD

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
IN_THE_PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A desk whose address is a name, and not a number: passkeys belong to names."""
    folder = tmp_path_factory.mktemp("named")
    server = Server(folder)
    server.address = server.settings["PUBLIC_URL"] = f"http://localhost:{server.port}"
    server.upgrade()
    server.start()
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR", "PUBLIC_URL")})
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)
    with app.app_context():
        db.session.query(LogEpoch).delete()
        cast.populate()
        yield server
        db.engine().dispose()
    server.stop()


@pytest.fixture
def mia(chromium, named):
    """Mia at her phone, which can keep passkeys."""
    person = Person(chromium, named, **PHONE)
    wire = person.context.new_cdp_session(person.page)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": IN_THE_PHONE})
    yield person
    person.context.close()
    assert person.unforgiven == []


@pytest.mark.hardening("S-40")
def test_a_passkey_is_added_on_a_phone_and_signs_in_there(mia):
    page = mia.open("/sign-in")
    page.get_by_label("E-mail address").fill("mia@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/desk")

    mia.open("/profile/security")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("My phone")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("My phone")).to_be_visible()
    assert fits(page)

    mia.context.clear_cookies()
    mia.open("/sign-in")
    assert fits(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/desk")


def test_a_passkey_that_is_not_used_is_no_dead_end(mia):
    page = mia.open("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used. Try again, or take another way.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")
