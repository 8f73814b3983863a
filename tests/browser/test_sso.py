"""Signing in at a provider, on a phone: there, back to where one was going, and out again, here and there."""

import re

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import expect

from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.server]
NIA = User(sub="nia", claims={"name": "Nia Okafor", "email": "nia@example.org", "email_verified": True})
PHONE = {"width": 375, "height": 720}


@pytest.fixture
def trusting(tmp_path):
    """A desk of its own, that trusts a provider."""
    with run_server_in_thread(user_claims=(NIA,)) as provider:
        issuer = f"http://localhost:{provider.server_port}"
        named = {"SSO_WORK_ISSUER": issuer, "SSO_WORK_CLIENT_ID": "desk", "SSO_WORK_CLIENT_SECRET": "a secret"}
        server = Server(tmp_path, SSO_PROVIDERS="work", SSO_WORK_WORD="Work account", **named)
        server.upgrade()
        server.start()
        yield server
        server.stop()


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_signs_in_at_their_provider_and_out_again(browse, trusting, scripts):
    person = browse(server=trusting, viewport=PHONE, java_script_enabled=scripts)
    person.context.route(re.compile("^https://"), lambda route: route.fulfill(body=""))  # the provider's own styles
    page = person.page
    page.goto("/tickets/new")
    page.get_by_role("button", name="Sign in with Work account").click()
    page.wait_for_url(re.compile("/oauth2/authorize"))
    page.get_by_role("button", name="nia").click()
    expect(page.get_by_role("heading", name="What can we help with?")).to_be_visible()
    expect(page).to_have_url(f"{trusting.address}/tickets/new")
    page.goto("/profile")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nia Okafor")
    page.get_by_role("button", name="Nia Okafor: your account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(re.compile("/oauth2/end_session"))
    page.get_by_role("button").first.click()
    expect(page).to_have_url(f"{trusting.address}/sign-in")
