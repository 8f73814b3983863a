"""Behind proxies and scanners that hold streams back, changes show all the same, and the page says how it gets them."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from informejo.live import held
from informejo.version import BUILD
from tests.browser.drawn import as_drawn
from tests.doctor.fronts import Fronts
from tests.holding import MODES, Holder
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]

SLOWLY = "Updates every few seconds"
WITHIN = 20  # seconds: asked every 10 to 20 s
STEP = 2  # seconds
COUNT_BEATS = "addEventListener('beat', () => { window.beats = (window.beats ?? 0) + 1; }, true)"
WATCH_MARK = """() => {
  window.states = [];
  const mark = document.getElementById("live-mark");
  new MutationObserver(() => states.push(mark.dataset.state)).observe(mark, { attributes: true });
}"""
LOOK_AWAY = """() => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LOOK_AGAIN = "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
LOST = ("net::ERR_", "htmx:(sse:)?error")
TWO_BEATS = 35_000  # milliseconds


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def holder(server):
    """`holder.mode = ...`: what stands between browser and server."""
    holder = Holder(server.port)
    yield holder
    holder.close()


@pytest.fixture
def nginx(server, tmp_path):
    fronts = Fronts(tmp_path, server.port, {})
    yield fronts.http
    fronts.stop()


@pytest.fixture
def at_ticket(browse, ticket):
    """`at_ticket(user, at)` is that person with the ticket open through `at`, with a clock that can be moved on."""

    def at_ticket(user, at):
        person = browse(user, at=at)
        person.forgives(*LOST)
        person.context.add_init_script(COUNT_BEATS)
        person.page.clock.install()
        person.under_way = answers_under_way(person.page)
        person.page.goto(f"/tickets/{ticket.number}")
        person.page.evaluate("window.isTheSamePage = true")
        return person

    return at_ticket


def is_stream(request) -> bool:
    return "/live?" in request.url and "once=1" not in request.url


def answers_under_way(page) -> set:
    """The page's requests that are not answered yet, kept up to date; streams, which may never end, are none."""
    asked = set()
    page.on("request", lambda request: is_stream(request) or asked.add(request))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: asked.discard(request))  # noqa: PLW0108 - Playwright cannot call a built-in method
    return asked


def mark(person):
    return person.page.locator("#live-mark")


def pass_time(person, seconds: int, is_enough=lambda: False):
    """Let the page's time pass, for as long as it is not enough; none passes while the server is about to answer."""
    for _ in range(seconds // STEP):
        if is_enough():
            return
        person.page.clock.run_for(1000 * STEP)
        with suppress(AssertionError):
            until(lambda: is_all_answered(person), seconds=3)
        person.under_way.clear()  # of an answer that nobody reads to its end no end is told


def is_all_answered(person) -> bool:
    person.page.wait_for_function("() => true")  # what came meanwhile is dealt with
    return not person.under_way


def says(person, word):
    return lambda: mark(person).text_content() == word and mark(person).is_visible()


def find_out(person, holder):
    """The page notices that its stream is held back."""
    if holder and holder.mode == "until the next":  # it waits for a beat that only the next one pushes on
        expect(mark(person)).to_have_text("Live")
        expect(mark(person)).to_have_text(SLOWLY, timeout=TWO_BEATS)
    else:
        pass_time(person, 60, says(person, SLOWLY))
    expect(mark(person)).to_have_text(SLOWLY)


def hears_once_and_in_order_while_typing(person, world, ticket):
    """Two messages made meanwhile show once, in order, within 20 s, and the text that is being typed stays."""
    page, timeline = person.page, person.page.locator("#timeline")
    page.get_by_label("Your message").press_sequentially("As I was say")
    for word in ("First of all", "And then"):
        world.comment(world.tom, ticket, f"{word}, have a look.")
    pass_time(person, WITHIN, lambda: "And then, have a look." in timeline.inner_text())
    expect(timeline).to_contain_text("And then, have a look.")
    page.keyboard.type("ing")
    expect(page.get_by_label("Your message")).to_have_value("As I was saying")
    said = timeline.inner_text()
    assert said.count("First of all") == said.count("And then") == 1
    assert said.index("First of all") < said.index("And then")
    assert page.evaluate("isTheSamePage")


@pytest.mark.parametrize(("mode", "who"), [*zip(MODES, ["ren", "mia", "ren"], strict=True)])
def test_what_happens_shows_within_seconds_though_the_stream_is_held_back(at_ticket, holder, world, ticket, mode, who):
    holder.mode = mode
    person = at_ticket(getattr(world, who), holder.address)
    find_out(person, holder)
    hears_once_and_in_order_while_typing(person, world, ticket)
    expect(mark(person)).to_have_text(SLOWLY)


@pytest.mark.parametrize("mode", MODES)
def test_it_is_live_again_by_itself_when_nothing_holds_the_stream_back_any_more(at_ticket, holder, world, ticket, mode):
    holder.mode = mode
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    holder.mode, tried = None, []
    ren.page.on("request", lambda request: is_stream(request) and tried.append(request))
    pass_time(ren, 100, lambda: tried)  # the server's beats come in its own time
    expect(mark(ren)).to_have_text("Live")
    world.comment(world.tom, ticket, "At once again.")
    expect(ren.page.locator("#timeline")).to_contain_text("At once again.")
    lived, address = ren.page, ren.page.url
    assert as_drawn(lived) == as_drawn(ren.new_tab(address))


def test_a_stream_that_nothing_holds_back_stays_live(at_ticket, holder, world):
    ren = at_ticket(world.ren, holder.address)
    until(lambda: ren.page.evaluate("window.beats") == 2)
    pass_time(ren, 6)
    expect(mark(ren)).to_have_text("Live")
    assert ren.page.evaluate("sessionStorage.getItem('held-back')") is None


def test_a_page_that_tries_its_stream_again_says_nothing_else_meanwhile(at_ticket, holder, world):
    holder.mode = "all until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    tried = []
    ren.page.on("request", lambda request: is_stream(request) and tried.append(request))
    ren.page.evaluate(WATCH_MARK)
    pass_time(ren, 240)
    assert tried
    assert ren.page.evaluate("window.states") == []


def test_the_next_page_of_the_tab_does_not_find_out_anew(at_ticket, holder, world):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    tried = []
    ren.page.on("request", lambda request: is_stream(request) and tried.append(request))
    ren.page.reload()
    expect(mark(ren)).to_have_text(SLOWLY)
    assert not tried


def test_a_page_that_nobody_looks_at_asks_for_nothing(at_ticket, holder, world, ticket):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    asked = []
    ren.page.on("request", lambda request: "/live?" in request.url and asked.append(request))
    ren.page.evaluate(LOOK_AWAY)
    pass_time(ren, 120)
    assert len(asked) <= 1  # the one that it was already waiting to ask
    world.comment(world.tom, ticket, "While you were away.")
    ren.page.evaluate(LOOK_AGAIN)
    expect(ren.page.locator("#timeline")).to_contain_text("While you were away.")


def test_a_ticket_that_is_taken_away_goes_and_what_was_typed_stays(at_ticket, holder, world, browse, ticket):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    ren.page.get_by_label("Your message").press_sequentially("Half a sent")
    assert browse(world.ana).post(f"/tickets/{ticket.number}/deletion") == 303
    gone = ren.page.locator(".lost")
    pass_time(ren, WITHIN, gone.count)
    expect(gone).to_be_visible()
    expect(ren.page.get_by_label("What you wrote")).to_have_value("Half a sent")
    pass_time(ren, WITHIN)
    expect(gone).to_have_count(1)
    expect(mark(ren)).to_have_text(SLOWLY)


def test_a_new_release_is_offered_all_the_same(at_ticket, holder, world):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    pass_time(ren, WITHIN)
    expect(ren.page.locator("#release")).to_be_hidden()
    ren.page.route("**/live?*once=1", of_the_next_release)
    pass_time(ren, WITHIN)
    expect(ren.page.locator("#release")).to_be_visible()


def of_the_next_release(route):
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(BUILD, "another"))


def test_somebody_signed_out_elsewhere_is_led_to_the_sign_in(at_ticket, holder, world):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    ren.loses_the_sign_in()
    find_out(ren, holder)
    ren.post("/sign-out")
    password = ren.page.get_by_label("Password")
    pass_time(ren, WITHIN, password.count)
    expect(password).to_be_visible()


def test_an_administrator_sees_how_many_are_held_back(at_ticket, holder, server, world):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    find_out(ren, holder)
    figures = ren.context.request.get(f"{server.address}/metrics").text()
    (count,) = re.findall(r"^informejo_held_back (\S+)$", figures, re.MULTILINE)
    assert float(count) >= 1


@pytest.mark.parametrize("front", ["buffering", "holding"])
def test_behind_a_real_nginx_that_buffers_it_takes_seconds_and_nothing_is_lost(at_ticket, nginx, world, ticket, front):
    ren = at_ticket(world.ren, nginx[front])
    find_out(ren, None)
    hears_once_and_in_order_while_typing(ren, world, ticket)


def test_they_ask_again_within_the_time_that_the_page_promises():
    assert 0.7 * held.ASK_AGAIN >= 10_000
    assert 1.3 * held.ASK_AGAIN <= 1000 * WITHIN
