"""The scripts in a real browser: fragments find their place, typing is never disturbed, nothing is lost or sent twice."""

import os
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.stand_in import Answer, StandIn, partial

pytestmark = pytest.mark.browser
STATIC = Path(__file__).resolve().parents[2] / "static"

TICKET = """
<details id="more"><summary>More</summary>Details</details>
<ol id="timeline"></ol>
<section id="composer">{composer}</section>
<output id="counts" hx-get="/counts" hx-trigger="desk-changed from:body throttle:500ms" hx-swap="innerHTML">0</output>
"""
COMPOSER = """
<form method="post" action="/tickets/42/comments" enctype="multipart/form-data" hx-post="/tickets/42/comments" hx-swap="none"
  data-draft="ticket:42" data-writing="/tickets/42/writing">
<input type="hidden" name="key" value="{key}"><textarea id="body" name="body">{text}</textarea>
<p><input type="file" name="files" multiple data-max-size="100000" data-max-files="2"></p><button>Send</button></form>
"""
FRESH = partial("#composer", f'<section id="composer">{COMPOSER.format(key="k2", text="")}</section>')
COMMENTS = "/tickets/42/comments"


def comment(number, text="Hello", order=None, author=3):
    return f'<li id="comment-{number}" data-order="{order or number}" data-author="{author}"><p>{text}</p></li>'


def row(number, last, author=3, title="Printer"):
    return (
        f'<article id="row-{number}" data-last="{last}" data-last-author="{author}"><a href="#x">{title}</a></article>'
    )


@pytest.fixture(scope="module")
def browser():
    arguments = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=arguments
        )
        yield found
        found.close()


@pytest.fixture
def server():
    server = StandIn(STATIC)
    server.main = TICKET.format(composer=COMPOSER.format(key="k1", text=""))
    yield server
    server.close()


@pytest.fixture
def page(browser, server):
    page = browser.new_page(base_url=server.address)
    page.set_default_timeout(5000)
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    page.close()
    assert not broken


@pytest.fixture
def ticket(page):
    return visit(page)


def visit(page, path="/tickets/42"):
    page.goto(path)
    expect(page.locator("#live-mark")).to_have_text("Live")
    return page


def ids(page, selector):
    return page.locator(selector).evaluate_all("all => all.map(each => each.id)")


def caret(page):
    return page.evaluate(
        "[document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    )


def pick(page, *files):
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": b"x" * size} for name, size in files]
    )


def sent(server, path=COMMENTS):
    return [post for post in server.posts if post.path == path]


# Fragments and their places


def test_the_timeline_stands_in_event_order_whatever_order_messages_arrive_in(ticket, server):
    numbers = list(range(1, 21))
    for number in random.Random(4).sample(numbers, 20) + random.Random(5).sample(numbers, 20):
        server.partial("#timeline", comment(number), "place")
    server.partial("#timeline", comment(21), "place")
    expect(ticket.locator("#comment-21")).to_be_visible()
    assert ids(ticket, "#timeline > li") == [f"comment-{number}" for number in (*numbers, 21)]


def test_the_same_thing_again_is_no_change_and_another_version_of_it_is(ticket, server):
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    expect(ticket.locator("#comment-1")).to_have_class("is-new")
    expect(ticket.locator("#comment-1")).not_to_have_class("is-new")
    ticket.evaluate("""() => {
      window.changes = [];
      document.addEventListener("informejo:placed", ({target, detail}) => changes.push([target.id, detail.fresh]));
    }""")
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    server.partial("#timeline", comment(1, "Edited"), "place")
    expect(ticket.locator("#comment-1")).to_have_text("Edited")
    assert ticket.evaluate("changes") == [["comment-1", False]]


def test_a_row_is_replaced_but_a_new_one_waits_behind_the_bar(page, server):
    server.main = f'<ol id="queue"><li id="place-1" data-order="1" data-seen="5">{row(1, 5)}</li></ol>'
    visit(page, "/queue")
    server.partial("#queue", row(2, 6), "place")
    server.partial("#queue", row(1, 7, title="Scanner"), "place")
    expect(page.locator("#row-1")).to_have_text("Scanner")
    expect(page.locator("#place-1")).to_have_class("unread")
    server.partial("#queue", row(1, 6, title="Older"), "place")
    server.partial("#queue", row(1, 8, author=7, title="By me"), "place")
    expect(page.locator("#row-1")).to_have_text("By me")
    expect(page.locator("#place-1")).not_to_have_class("unread")
    assert page.locator("#row-2").count() == 0


def test_a_list_that_grows_takes_new_cards_newest_first(page, server):
    server.main = '<ol id="queue" data-grow></ol>'
    visit(page, "/queue")
    for number in (2, 3, 1):
        server.partial("#queue", row(number, number), "place")
    expect(page.locator("#row-1")).to_be_visible()
    assert ids(page, "#queue > li") == ["place-3", "place-2", "place-1"]


def test_a_nudge_makes_a_counter_read_itself_again_but_not_for_every_nudge(ticket, server):
    asked = []
    server.answers["/counts"] = Answer("3")
    ticket.on("request", lambda request: asked.append(request.url) if request.url.endswith("/counts") else None)
    for _ in range(10):
        server.partial("body", "desk-changed", "nudge")
    expect(ticket.locator("#counts")).to_have_text("3")
    ticket.wait_for_timeout(800)
    assert len(asked) == 2


# What somebody is typing


def start_typing(page):
    page.locator("#more summary").click()
    page.locator("#body").fill("half a sentence")
    page.evaluate("document.getElementById('body').setSelectionRange(2, 6)")


@pytest.mark.parametrize("arrival", ["fragment", "reset"])
def test_typing_is_not_disturbed(ticket, server, arrival):
    start_typing(ticket)
    composer = COMPOSER.format(key="k9", text="an older draft")
    if arrival == "fragment":
        server.partial("#composer", f'<section id="composer">{composer}</section>')
    else:
        server.main = TICKET.format(composer=composer)
        server.push(event="reset", id=90)
    expect(ticket.locator("[name=key]")).to_have_value("k9")
    assert caret(ticket) == ["body", 2, 6]
    assert ticket.locator("#body").input_value() == "half a sentence"
    assert ticket.locator("#more").get_attribute("open") is not None
    ticket.locator("#more summary").focus()
    server.partial("#composer", f'<section id="composer">{COMPOSER.format(key="k10", text="older still")}</section>')
    expect(ticket.locator("[name=key]")).to_have_value("k10")
    assert ticket.locator("#body").input_value() == "half a sentence"


def test_an_edit_form_in_use_is_not_replaced_by_what_others_did(ticket, server):
    form = '<form><textarea name="body" id="edit">Hello</textarea></form>'
    server.partial("#timeline", comment(9, form), "place")
    ticket.locator("#edit").fill("Hello there")
    server.main = TICKET.format(composer="composed anew").replace(
        "></ol>", f">{comment(9, 'Theirs')}{comment(10)}</ol>"
    )
    server.partial("#timeline", comment(9, "Theirs"), "place")
    server.push(event="reset", id=90)
    expect(ticket.locator("#composer")).to_have_text("composed anew")
    expect(ticket.locator("#comment-10")).to_be_visible()
    assert ticket.locator("#edit").input_value() == "Hello there"
    ticket.locator("#edit").fill("Hello")
    ticket.locator("#edit").blur()
    server.partial("#timeline", comment(9, "Theirs"), "place")
    expect(ticket.locator("#comment-9")).to_have_text("Theirs")


def test_a_field_sent_at_once_follows_others_afterwards(page, server):
    def status(chosen):
        options = "".join(
            f"<option{' selected' * (name == chosen)}>{name}</option>" for name in ("open", "waiting", "closed")
        )
        return f'<form id="status" method="post" hx-post="/status" hx-trigger="change" hx-swap="none"><select name="value">{options}</select></form>'

    server.main = status("open")
    server.answers["/status"] = Answer(partial("#status", status("waiting")))
    visit(page)
    page.locator("select").select_option("waiting")
    expect(page.locator("option[selected]")).to_have_text("waiting")
    server.partial("#status", status("closed"))
    expect(page.locator("select")).to_have_value("closed")


def test_unsent_text_comes_back_after_a_reload_unless_the_server_has_newer(ticket, server):
    ticket.locator("#body").fill("not yet sent")
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("not yet sent")
    newer = COMPOSER.format(key="k1", text="from the server").replace(
        "data-draft=", 'data-draft-saved="2099-01-01T00:00Z" data-draft='
    )
    server.main = TICKET.format(composer=newer)
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("from the server")


# Sending


def test_a_comment_is_sent_once_and_the_box_is_empty_and_still_in_focus(ticket, server):
    server.answers[COMMENTS] = Answer(partial("#timeline", comment(5, "sent", author=7), "place") + FRESH, delay=0.3)
    ticket.locator("#body").fill("sent")
    ticket.keyboard.press("Control+Enter")
    ticket.keyboard.press("Control+Enter")
    ticket.locator("button").dblclick()
    ticket.locator("#body").focus()
    expect(ticket.locator("#comment-5")).to_be_visible()
    expect(ticket.locator("#body")).to_have_value("")
    expect(ticket.locator("[name=key]")).to_have_value("k2")
    ticket.keyboard.type("next")
    expect(ticket.locator("#body")).to_have_value("next")
    assert len(sent(server)) == 1
    assert len(sent(server, "/tickets/42/writing")) == 1
    server.main = TICKET.format(composer=COMPOSER.format(key="k3", text=""))
    ticket.evaluate("localStorage.clear()")
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("")


def test_a_refused_comment_comes_back_as_typed_with_its_files(ticket, server):
    problem = COMPOSER.format(key="k1", text="too short").replace("<button>", "<p>Write more.</p><button>")
    server.answers[COMMENTS] = Answer(partial("#composer", f'<section id="composer">{problem}</section>'), 422)
    ticket.locator("#body").fill("too short")
    pick(ticket, ("log.txt", 10))
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_text("Write more.")).to_be_visible()
    expect(ticket.locator(".file-list li")).to_have_count(1)
    expect(ticket.locator("#body")).to_have_value("too short")
    assert ticket.locator("input[type=file]").evaluate("input => input.files.length") == 1


def test_what_could_not_be_sent_is_said_in_words_and_can_be_sent_again(ticket, server):
    ticket.locator("#body").fill("important")
    ticket.route("**/comments", lambda route: route.abort())
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("no connection")
    ticket.unroute("**/comments")
    server.answers[COMMENTS] = Answer("<!doctype html><title>Oops</title>", 500)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("our side")
    server.answers[COMMENTS] = Answer(FRESH)
    expect(ticket.locator("#body")).to_have_value("important")
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("#body")).to_have_value("")
    assert ticket.get_by_role("alert").count() == 0


def test_files_are_listed_checked_and_shown_on_their_way(ticket, server):
    pick(ticket, ("big.txt", 200_000))
    pick(ticket, ("a.txt", 60_000), ("b.txt", 60_000))
    expect(ticket.locator(".file-problem")).to_have_text(
        ["Too big: at most 98 kB fit.", "Too many: at most 2 files go with one message."]
    )
    ticket.get_by_role("button", name="Send").click()
    ticket.get_by_label("Remove big.txt").click()
    expect(ticket.locator(".file-problem")).to_have_count(0)
    assert not sent(server)
    server.answers[COMMENTS] = Answer(partial("#timeline", comment(6), "place") + FRESH, delay=0.3)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("progress")).to_be_visible()
    expect(ticket.locator("#comment-6")).to_be_visible()
    expect(ticket.locator("progress")).to_be_hidden()
    expect(ticket.locator(".file-list li")).to_have_count(0)
    (post,) = sent(server)
    assert post.headers["HX-Request"] == "true"
    assert post.body.count(b"filename=") == 2


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_files_can_be_pasted_and_dropped(ticket, way):
    ticket.evaluate(
        """(way) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "shot.png", {type: "image/png"}));
      const options = {bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer};
      const event = way === "paste" ? new ClipboardEvent(way, options) : new DragEvent(way, options);
      document.getElementById("body").dispatchEvent(event);
    }""",
        way,
    )
    expect(ticket.locator(".file-name")).to_have_text("shot.png")


# The stream


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


def test_a_quick_reconnect_is_nobodys_concern(ticket, server):
    ticket.evaluate("""() => {
      window.states = [];
      new MutationObserver(() => states.push(document.getElementById("live-mark").dataset.state))
        .observe(document.getElementById("live-mark"), {attributes: true});
    }""")
    server.cut()
    with ticket.expect_response("**/live*"):
        pass
    ticket.wait_for_timeout(1200)
    assert ticket.evaluate("states") == []


def test_a_connection_that_died_silently_is_noticed(page, server):
    page.clock.install()
    visit(page)
    page.clock.fast_forward(30_000)
    server.push(event="beat")
    page.wait_for_timeout(100)
    page.clock.fast_forward(30_000)
    assert len(server.bookmarks) == 1
    with page.expect_response("**/live*"):
        page.clock.fast_forward(15_000)
        page.clock.run_for(1000)
    assert len(server.bookmarks) == 2


def test_without_a_connection_the_mark_says_that_the_text_is_safe(ticket):
    ticket.context.set_offline(True)
    expect(ticket.locator("#live-mark")).to_have_text("Offline, your text is safe")
    expect(ticket.locator("#announcer")).to_contain_text("Offline")
    ticket.context.set_offline(False)
    expect(ticket.locator("#live-mark")).to_have_text("Live")


def test_messages_behind_a_reset_are_not_lost_to_an_older_page(ticket, server):
    server.answers["/tickets/42"] = Answer(
        f'<html><body><main id="main"><ol id="timeline">{comment(1)}</ol></main></body></html>', delay=0.4
    )
    server.push(event="reset", id=50)
    server.partial("#timeline", comment(2), "place", id=51)
    expect(ticket.locator("#comment-2")).to_be_visible()
    assert ids(ticket, "#timeline > li") == ["comment-1", "comment-2"]


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


# Around the edges


def test_new_messages_of_others_are_announced_together_and_counted_in_the_title(ticket, server):
    for number, author in ((1, 3), (2, 4), (3, 7)):
        server.partial("#timeline", comment(number, author=author), "place")
    server.partial("#unread", '<span id="unread" data-count="2"></span>')
    expect(ticket.locator("#announcer")).to_have_text("2 new messages")
    expect(ticket).to_have_title("(2) Ticket")


def test_the_ticket_is_read_as_far_as_it_is_seen(ticket, server):
    server.partial("#timeline", comment(1, order=77), "place")
    expect(ticket.locator("#comment-1")).to_be_visible()
    ticket.wait_for_timeout(1000)
    assert [post.body for post in sent(server, "/tickets/42/seen")] == [b"event=77"]


def test_at_most_three_toasts_and_none_about_the_open_ticket(ticket, server):
    for number in (1, 2, 3, 4, 42):
        asks = '<a href="/tickets/9">Open</a>' if number == 1 else ""
        toast = f'<div id="toast-{number}" data-ticket="{number}">News {asks}<button data-dismiss>Close</button></div>'
        server.partial("#toasts", toast, "place")
    expect(ticket.locator("#toast-4")).to_be_visible()
    ticket.wait_for_timeout(100)
    assert ids(ticket, "#toasts > *") == ["toast-1", "toast-3", "toast-4"]
    ticket.keyboard.press("Escape")
    ticket.locator("#toast-3 button").click()
    assert ids(ticket, "#toasts > *") == ["toast-1"]


def test_times_are_in_the_readers_zone(ticket, server):
    server.partial("#timeline", comment(1, '<time datetime="2020-01-02T03:04:00Z">then</time>'), "place")
    expect(ticket.locator("time")).to_have_text(re.compile("2020.*12:04"))
    expect(ticket.locator("time")).to_have_attribute("title", re.compile("Thursday"))


def test_single_keys_lead_around_but_not_while_typing_or_when_switched_off(page, server):
    rows = "".join(f'<li id="place-{number}">{row(number, 1)}</li>' for number in (1, 2))
    server.main = f'<input type="search" id="search"><ol id="queue">{rows}</ol>'
    visit(page, "/queue")
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('li').id") == "place-1"
    page.keyboard.press("/")
    page.keyboard.type("jk/")
    assert page.locator("#search").input_value() == "jk/"
    page.locator("#search").blur()
    page.evaluate("document.body.dataset.keys = 'off'")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
