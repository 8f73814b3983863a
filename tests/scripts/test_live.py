"""The stream: after a break the page goes on where it was, says how live it is, and redraws what it missed."""

from threading import Event

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import COMMENTS, catch_up, comment, composer, fresh, ids, visit
from tests.scripts.stand_in import Answer, partial
from tests.waiting import until

pytestmark = pytest.mark.browser


def test_after_a_restart_the_page_goes_on_where_it_was(ticket, server):
    server.partial("#timeline", comment(1), "place", id=33)
    expect(ticket.locator("#comment-1")).to_be_visible()
    server.refuses = 503
    server.cut()
    expect(ticket.locator("#live-mark")).to_have_text("Catching up")
    server.refuses = 0
    expect(ticket.locator("#live-mark")).to_have_text("Live")
    assert server.bookmarks[0] is None
    assert set(server.bookmarks[1:]) == {"e-33"}


@pytest.fixture
def still(page, server):
    """The page of a ticket for which time passes only as the test says."""
    page.clock.install()
    visit(page)
    page.clock.pause_at(page.evaluate("new Date(Date.now() + 1000).toISOString()"))
    yield page
    page.clock.resume()  # for the next page of this browser


@pytest.mark.parametrize(("pause", "says"), [(0, []), (2000, ["catching-up", "live"])])
def test_a_quick_reconnect_is_nobodys_concern_and_a_slower_one_is(still, server, pause, says):
    page = still
    page.evaluate("""() => {
      window.states = [];
      new MutationObserver(() => states.push(document.getElementById("live-mark").dataset.state))
        .observe(document.getElementById("live-mark"), {attributes: true});
    }""")
    server.refuses = 503 if says else 0
    server.cut()
    until(lambda: len(server.bookmarks) > 1 or page.clock.run_for(50))  # it has noticed, and asked again
    page.clock.run_for(pause)
    server.refuses = 0
    until(lambda: server.streams or (pause and page.clock.run_for(100)))
    catch_up(page, server)
    page.clock.run_for(2000)
    assert page.evaluate("states") == says


def test_a_connection_that_died_silently_is_noticed(page, server):
    page.clock.install()
    visit(page)
    page.clock.fast_forward(30_000)
    page.evaluate("addEventListener('beat', () => { window.heard = true; }, true)")
    server.push(event="beat")
    until(lambda: page.evaluate("window.heard"))
    page.clock.fast_forward(30_000)
    assert len(server.bookmarks) == 1
    with page.expect_response("**/live*"):
        page.clock.fast_forward(15_000)
        page.clock.run_for(1000)
    assert len(server.bookmarks) == 2


def test_without_a_connection_the_mark_says_that_the_text_is_safe(ticket):
    ticket.locator("#body").fill("half a sentence")
    ticket.context.set_offline(True)
    expect(ticket.locator("#live-mark")).to_have_text("Offline, your text is safe")
    expect(ticket.locator("#announcer")).to_contain_text("Offline, your text is safe")
    ticket.context.set_offline(False)
    expect(ticket.locator("#live-mark")).to_have_text("Live")


def test_the_mark_calls_no_text_safe_where_there_is_none(ticket):
    ticket.context.set_offline(True)
    expect(ticket.locator("#live-mark")).to_have_text("Offline")
    expect(ticket.locator("#announcer")).to_have_text("Offline")
    ticket.locator("#body").fill("a word")
    expect(ticket.locator("#live-mark")).to_have_text("Offline, your text is safe")
    ticket.locator("#body").fill("")
    expect(ticket.locator("#live-mark")).to_have_text("Offline")
    ticket.context.set_offline(False)


def test_what_a_form_came_with_is_no_text_that_somebody_typed(page, server):
    server.main = '<form method="post" action="/profile"><input type="text" name="name" value="Ren"></form>'
    visit(page, "/profile")
    page.context.set_offline(True)
    expect(page.locator("#live-mark")).to_have_text("Offline")
    page.locator("[name=name]").fill("Ren Ito")
    expect(page.locator("#live-mark")).to_have_text("Offline, your text is safe")
    page.context.set_offline(False)
    expect(page.locator("#live-mark")).to_have_text("Live")


def test_messages_behind_a_reset_are_not_lost_to_an_older_page(ticket, server):
    behind = Event()
    server.answers["/tickets/42"] = page_of(comment(1), after=behind)
    server.push(event="reset", id=50)
    server.partial("#timeline", comment(2), "place", id=51)
    behind.set()
    expect(ticket.locator("#comment-2")).to_be_visible()
    assert ids(ticket, "#timeline > li") == ["comment-1", "comment-2"]


@pytest.fixture
def drawn_anew(ticket, server):
    """A page of the ticket that is drawn now, and arrives once what it answers with is set."""

    def drawn_anew(*items, form=""):
        arrives, before = Event(), len(server.gets)
        server.answers["/tickets/42"] = page_of(*items, form=form, after=arrives)
        ticket.evaluate("document.body.dispatchEvent(new CustomEvent('people-changed'))")
        until(lambda: "/tickets/42" in server.gets[before:])
        return arrives

    return drawn_anew


def page_of(*items, form="", after: Event | None = None) -> Answer:
    main = f'<main id="main"><ol id="timeline">{"".join(items)}</ol>{form}</main>'
    return Answer(f"<html><body>{main}</body></html>", after=after)


def test_a_message_that_comes_while_the_page_is_drawn_anew_is_not_lost_to_it(ticket, server, drawn_anew):
    arrives = drawn_anew(comment(1))
    server.partial("#timeline", comment(2), "place", id=51)
    arrives.set()
    expect(ticket.locator("#timeline > li")).to_have_count(2)
    assert ids(ticket, "#timeline > li") == ["comment-1", "comment-2"]


def test_what_one_sends_while_the_page_is_drawn_anew_stays_sent(ticket, server, drawn_anew):
    server.answers[COMMENTS] = Answer(partial("#timeline", comment(2), "place") + fresh(composer("k2")))
    ticket.locator("#body").fill("mine")
    arrives = drawn_anew(comment(1), form=composer("k3", "mine"))  # with the draft of what is about to be sent
    server.answers["/tickets/42"] = page_of(comment(1), comment(2), form=composer("k4"))
    with ticket.expect_response(f"**{COMMENTS}"):
        ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("#comment-2")).to_be_visible()
    arrives.set()
    expect(ticket.locator("[name=key]")).to_have_value("k4")
    expect(ticket.locator("#body")).to_have_value("")
    assert ids(ticket, "#timeline > li") == ["comment-1", "comment-2"]


def test_whoever_comes_back_to_a_page_sees_what_was_read_elsewhere_meanwhile(ticket, server):
    ticket.evaluate("""() => {
      document.body.addEventListener("unread-changed", () => { window.asked = true; });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    server.cut()
    until(lambda: ticket.evaluate("window.asked"))


@pytest.mark.parametrize("reason", ["bye", "refused"])
def test_lost_rights_load_the_page_again_but_not_for_ever(ticket, server, reason):
    loads = []
    ticket.on("load", lambda: loads.append(1))
    if reason == "bye":
        server.push(event="bye")
    else:
        server.refuses = 403
        server.cut()
    ticket.wait_for_event("load")
    server.push(event="bye")
    ticket.wait_for_timeout(500)
    assert len(loads) == 1


def test_names_that_change_all_the_time_have_the_page_drawn_anew_at_once_and_then_now_and_then(still, server):
    page, drawn = still, []
    page.on("request", lambda request: request.url.endswith("/tickets/42") and drawn.append(request))
    nudge = "document.body.dispatchEvent(new CustomEvent('people-changed'))"
    with page.expect_response("**/tickets/42"):
        page.evaluate(nudge)
        page.clock.run_for(4000)
    for _ in range(5):
        page.evaluate(nudge)
        page.clock.run_for(4000)
    assert len(drawn) == 1
    catch_up(page, server)  # or the stream would be taken for dead
    with page.expect_response("**/tickets/42"):  # the last one is not forgotten
        page.clock.run_for(15_000)
    catch_up(page, server)
    page.clock.run_for(35_000)
    assert len(drawn) == 2
