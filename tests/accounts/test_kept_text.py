"""A session that ends while somebody is writing costs them a sign-in, and not a word."""

import re
from html import unescape

import pytest

from informejo import security
from informejo.drafts.queries import draft_for
from tests.world import PASSWORD

TEXT = 'It says "E-42" & <b>smokes</b>.\nSince Monday.'
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def late(world, visit):
    """Ren's browser, in which he wrote while his session ended."""
    browser = visit(world.ren)
    browser.set_cookie(security.cookie_name(), "one-that-has-ended")
    return browser


def write(browser, address, headers=None, **fields):
    headers = {"Referer": "http://localhost/tickets/1?notice=ticket-opened", **(headers or {})}
    return browser.post(address, data=fields, headers=headers)


def hidden(answer) -> dict[str, str]:
    """What goes through the sign-in page; whom its form was drawn for is another matter."""
    return {name: unescape(value) for name, value in HIDDEN.findall(answer.text) if name != "drawn_for"}


def sign_in(browser, answer, password=PASSWORD):
    return browser.post("/sign-in", data={**hidden(answer), "email": "ren@example.org", "password": password})


def test_the_text_waits_in_the_sign_in_page(world, late):
    world.ticket()
    asked = write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT, key="once")
    assert asked.status_code == 401
    assert "What you were writing is kept" in asked.text
    assert hidden(asked) == {"next": "/tickets/1?notice=ticket-opened", "draft": "ticket:1", "kept-body": TEXT}


def test_it_becomes_a_draft_in_the_form_it_came_from(world, late):
    world.ticket()
    back = sign_in(late, write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT))
    assert back.location == "/tickets/1?notice=draft-kept"
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT
    assert "&lt;b&gt;smokes" in late.get(back.location).text


def test_it_survives_a_mistyped_password(world, late):
    world.ticket()
    again = sign_in(late, write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT), "mistyped")
    assert again.status_code == 422
    sign_in(late, again)
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT


def test_a_whole_new_ticket_is_kept_field_by_field(world, late):
    fields = {"title": "The printer", "description": TEXT, "category": "hardware", "priority": "high"}
    sign_in(late, write(late, "/tickets", draft="new-ticket", key="once", **fields))
    assert draft_for(world.ren, "new-ticket").items() >= fields.items()


def test_in_a_page_of_htmx_the_sign_in_page_takes_the_place_of_everything(world, late):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/tickets/1"}
    asked = write(late, "/tickets/1/comments", headers, draft="ticket:1", body=TEXT)
    assert asked.status_code == 401
    assert asked.headers["HX-Retarget"] == "body"
    assert asked.headers["HX-Reselect"] == "body"
    assert hidden(asked)["next"] == "/tickets/1"


def test_a_click_without_text_leaves_the_page_where_something_else_may_be_half_written(world, late):
    asked = write(late, "/tickets/1/status", {"HX-Request": "true"}, value="closed")
    assert asked.status_code == 401
    assert "HX-Retarget" not in asked.headers


def test_a_draft_that_saves_itself_interrupts_nobody(world, late):
    asked = write(late, "/drafts", {"HX-Request": "true"}, draft="ticket:1", body=TEXT)
    assert asked.status_code == 401
    assert "HX-Retarget" not in asked.headers


@pytest.mark.parametrize("draft", ["", "nonsense", "ticket:1:edit:more", "../../etc"])
def test_a_form_that_does_not_exist_keeps_nothing(world, late, draft):
    asked = write(late, "/tickets/1/comments", draft=draft, body=TEXT)
    assert hidden(asked) == {"next": "/tickets/1?notice=ticket-opened"}


def test_passwords_are_never_sent_back(world, late):
    asked = write(late, "/profile/password", draft="ticket:1", current=PASSWORD, password="a new password", again="x")
    assert asked.status_code == 401
    assert PASSWORD not in asked.text
    assert "a new password" not in asked.text


@pytest.mark.hardening("W-06", "H-39")
@pytest.mark.parametrize("referer", ["http://evil.example/tickets/1", "http://localhost//evil.example", "", "nonsense"])
def test_another_site_is_no_place_to_go_back_to(world, late, referer):
    asked = write(late, "/tickets/1/comments", {"Referer": referer}, draft="ticket:1", body=TEXT)
    assert hidden(asked)["next"] == "/"


def test_a_link_cannot_put_words_into_somebodys_draft(world, visit):
    asked = visit().get("/sign-in?draft=ticket:1&kept-body=planted&next=/tickets")
    assert hidden(asked) == {"next": "/tickets"}


def test_another_site_cannot_either(world, late):
    headers = {"Origin": "https://evil.example"}
    assert write(late, "/tickets/1/comments", headers, draft="ticket:1", body="planted").status_code == 403
    planted = {"email": "ren@example.org", "password": PASSWORD, "draft": "ticket:1", "kept-body": "planted"}
    assert late.post("/sign-in", data=planted, headers=headers).status_code == 403
    assert not draft_for(world.ren, "ticket:1")
