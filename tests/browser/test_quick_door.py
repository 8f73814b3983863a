"""What real browsers send is plain: their streams do not come to Flask."""

import pytest
from playwright.sync_api import expect

from tests.live.doors import asking

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def ask(app, monkeypatch):
    with asking(app, monkeypatch) as ask:
        yield ask


@pytest.mark.parametrize(("who", "path"), [("ren", "/tickets/{}"), ("mia", "/queue"), ("ana", "/")])
def test_the_stream_of_a_page_opens_at_the_quick_door_also_when_it_comes_back(browse, world, ask, who, path):
    person, opened = browse(getattr(world, who)), []
    person.page.on("request", lambda request: "/live?" in request.url and opened.append(request))
    page = person.open(path.format(world.ticket().number))
    expect(page.locator("#live-mark")).to_have_attribute("data-state", "live")
    sent, query = opened[0].all_headers(), opened[0].url.partition("?")[2]
    assert {"drawn-for", "sec-fetch-site", "cookie"} <= sent.keys()
    assert ask(query, sent).quick
    assert ask(query, sent | {"last-event-id": query.rpartition("since=")[2]}).quick
