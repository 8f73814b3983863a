"""Behind proxies and scanners that hold streams back, changes show all the same, and the page says how it gets them."""

import pytest
from playwright.sync_api import expect

from informejo.live import held
from tests.browser.drawn import as_drawn
from tests.holding import MODES, Holder
from tests.ops.fronts import Fronts
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]

SLOWLY = "Updates every few seconds"
WITHIN = 20_000  # milliseconds: asked every 10 to 20 s
COUNT_BEATS = "addEventListener('beat', () => { window.beats = (window.beats ?? 0) + 1; }, true)"
LOST = ("net::ERR_", "htmx:(sse:)?error")


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

    def at_ticket(user, at, has_clock=True):
        person = browse(user, at=at)
        person.forgives(*LOST)
        person.context.add_init_script(COUNT_BEATS)
        if has_clock:
            person.page.clock.install()
        person.page.goto(f"/tickets/{ticket.number}")
        person.page.evaluate("window.isTheSamePage = true")
        return person

    return at_ticket


def mark(person):
    return person.page.locator("#live-mark")


def hears_once_and_in_order_while_typing(person, world, ticket, moves_on):
    """Two messages made meanwhile show once, in order, and the text that is being typed stays."""
    page = person.page
    page.get_by_label("Your message").press_sequentially("As I was say")
    for word in ("First of all", "And then"):
        world.comment(world.tom, ticket, f"{word}, have a look.")
    moves_on()
    expect(page.locator("#timeline")).to_contain_text("And then, have a look.", timeout=WITHIN + 5000)
    page.keyboard.type("ing")
    expect(page.get_by_label("Your message")).to_have_value("As I was saying")
    said = page.locator("#timeline").inner_text()
    assert said.count("First of all") == said.count("And then") == 1
    assert said.index("First of all") < said.index("And then")
    assert page.evaluate("isTheSamePage")


@pytest.mark.parametrize("who", ["ren", "mia"])
@pytest.mark.parametrize("mode", MODES)
def test_what_happens_shows_within_seconds_though_the_stream_is_held_back(at_ticket, holder, world, ticket, mode, who):
    holder.mode = mode
    person = at_ticket(getattr(world, who), holder.address)
    expect(mark(person)).to_have_text(SLOWLY, timeout=30_000)
    hears_once_and_in_order_while_typing(person, world, ticket, lambda: person.page.clock.fast_forward(WITHIN))
    expect(mark(person)).to_have_text(SLOWLY)


@pytest.mark.parametrize("mode", MODES)
def test_it_is_live_again_by_itself_when_nothing_holds_the_stream_back_any_more(at_ticket, holder, world, ticket, mode):
    holder.mode = mode
    ren = at_ticket(world.ren, holder.address)
    expect(mark(ren)).to_have_text(SLOWLY, timeout=30_000)
    holder.mode = None
    ren.page.clock.fast_forward(61_000)
    ren.page.clock.fast_forward(WITHIN)
    expect(mark(ren)).to_have_text("Live", timeout=30_000)
    world.comment(world.tom, ticket, "At once again.")
    expect(ren.page.locator("#timeline")).to_contain_text("At once again.", timeout=5000)
    lived, address = ren.page, ren.page.url
    assert as_drawn(lived) == as_drawn(ren.new_tab(address))


def test_a_stream_that_nothing_holds_back_stays_live(at_ticket, holder, world):
    ren = at_ticket(world.ren, holder.address)
    until(lambda: ren.page.evaluate("window.beats"))
    ren.page.clock.fast_forward(6000)
    expect(mark(ren)).to_have_text("Live")
    assert ren.page.evaluate("sessionStorage.getItem('held-back')") is None


def test_the_next_page_of_the_tab_does_not_find_out_anew(at_ticket, holder, world, ticket):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    expect(mark(ren)).to_have_text(SLOWLY, timeout=30_000)
    asked = []
    ren.page.on("request", lambda request: "/live?" in request.url and asked.append(request.url))
    ren.page.reload()
    expect(mark(ren)).to_have_text(SLOWLY, timeout=4000)
    assert asked
    assert all("once=1" in url for url in asked)


def test_somebody_signed_out_elsewhere_is_led_to_the_sign_in(at_ticket, holder, world):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    ren.forgives("status of 401")
    expect(mark(ren)).to_have_text(SLOWLY, timeout=30_000)
    ren.post("/sign-out")
    ren.page.clock.fast_forward(WITHIN)
    expect(ren.page.get_by_label("Password")).to_be_visible()


def test_an_administrator_sees_how_many_are_held_back(at_ticket, holder, server, world, browse):
    holder.mode = "until the end"
    ren = at_ticket(world.ren, holder.address)
    expect(mark(ren)).to_have_text(SLOWLY, timeout=30_000)
    figures = ren.context.request.get(f"{server.address}/metrics").text()
    assert any(
        line.startswith("informejo_held_back ") and line != "informejo_held_back 0.0" for line in figures.split("\n")
    )


@pytest.mark.parametrize("front", ["buffering", "holding"])
def test_behind_a_real_nginx_that_buffers_it_takes_seconds_and_nothing_is_lost(at_ticket, nginx, world, ticket, front):
    ren = at_ticket(world.ren, nginx[front], has_clock=False)
    expect(mark(ren)).to_have_text(SLOWLY, timeout=30_000)
    hears_once_and_in_order_while_typing(ren, world, ticket, lambda: None)


def test_they_ask_again_within_the_time_that_the_page_promises():
    assert 0.7 * held.ASK_AGAIN >= 10_000
    assert 1.3 * held.ASK_AGAIN <= WITHIN
