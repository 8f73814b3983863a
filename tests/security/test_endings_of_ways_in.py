"""What writes only where there is something already: none of it is done for whom is signed out while it waits."""
# ruff: noqa: F811 - `at` is a fixture

import pytest
from sqlalchemy import select

from informejo import db
from informejo.accounts import address_actions
from informejo.cookies import cookie_name
from informejo.factors.models import Passkey
from informejo.guests.link_actions import make_link
from informejo.tickets import confiding_actions
from tests.factors.conftest import App
from tests.factors.device import Device
from tests.factors.test_set_up import digits_on
from tests.security.test_endings import TOLD, at, contents, expire, prune  # noqa: F401
from tests.sso.test_roles import seen
from tests.test_routes import PROVIDER

HERE = "/profile/security"
MAPPING = {"mapping-gone": "helpdesk=agent"}


def an_address(world, visit):
    address_actions.offer_address(world.tom, "new@example.org")
    return visit(world.tom), f"/profile/address/{address_actions.make_address_link(world.tom, 'new@example.org')}", {}


def the_first_digits(world, visit):
    browser = visit(world.tom)
    browser.post(f"{HERE}/authenticator")
    return browser, f"{HERE}/authenticator/confirmation", {"code": digits_on(browser.get(f"{HERE}/authenticator"))}


def other_codes(world, visit):
    App(world.tom)
    return visit(world.tom), f"{HERE}/codes", {}


def no_app(world, visit):
    App(world.tom)
    return visit(world.tom), f"{HERE}/authenticator/removal", {}


def a_passkey(world, visit):
    browser = visit(world.tom)
    credential = Device().make(browser.post(f"{HERE}/passkeys/challenge").json)
    return browser, f"{HERE}/passkeys", {"name": "A phone", "credential": credential}


def no_passkey(world, visit):
    browser, address, fields = a_passkey(world, visit)
    browser.post(address, data=fields)
    return browser, f"{address}/{db.session.scalar(select(Passkey.id))}/removal", {}


def a_mapping(world, visit):
    browser, address = visit(world.ana), "/sso/gone/mapping"
    return browser, address, MAPPING | {"seen": seen(browser.post(address, data=MAPPING).text)}


def nobody_named(world, visit):
    ticket = world.ticket()
    confiding_actions.set_confidential(world.ana, ticket, True)
    confiding_actions.name_person(world.ana, ticket, world.tom)
    return visit(world.ana), f"/tickets/1/named/{world.tom.id}/removal", {}


def a_ticket_of_ones_own(world, visit):
    world.ticket().unverified = True
    return visit(world.ren), "/tickets/1/confirmation", {}


def an_answer_by_a_link(world, visit):
    browser, link = visit(), make_link(world.ren, world.ticket())
    browser.set_cookie(f"{cookie_name()}-1", link.token)
    return browser, "/tickets/1/comments", {"body": "It still burns."}


CHANGES = (
    *(an_address, the_first_digits, other_codes, no_app, a_passkey, no_passkey),
    *(a_mapping, nobody_named, a_ticket_of_ones_own, an_answer_by_a_link),
)


@pytest.fixture
def change(app, world, visit, request):
    """A browser, and what it is about to send."""
    app.config |= PROVIDER
    ready = request.param(world, visit)
    db.commit()
    return ready


@pytest.mark.parametrize("change", CHANGES, indirect=True)
def test_what_nothing_came_between_is_done(change):
    browser, address, fields = change
    before = contents(*TOLD)
    assert browser.post(address, data=fields).status_code in (200, 303)
    assert contents(*TOLD) != before


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("ending", [prune, expire])
@pytest.mark.parametrize("change", CHANGES, indirect=True)
def test_it_is_not_done_for_whom_is_signed_out_while_it_waits_for_its_turn(change, at, ending):
    browser, address, fields = change
    before = contents(*TOLD)
    at("waiting", ending)
    assert browser.post(address, data=fields).status_code == 401
    assert contents(*TOLD) == before
