"""A session that ends while somebody is writing costs them a sign-in, and not a word."""

import re
from html import unescape

import pytest
from limits import parse
from werkzeug.datastructures import MultiDict

from informejo import cookies, db, rates, web
from informejo.accounts.queries import user_by_email
from informejo.drafts.models import Draft
from informejo.drafts.queries import draft_for
from informejo.teams import actions as teams
from informejo.teams.queries import teams_of
from tests.live import dom
from tests.test_drawn import busy
from tests.world import PASSWORD

TEXT = 'It says "E-42" & <b>smokes</b>.\nSince Monday.'
MULTIPART = "multipart/form-data"
OF_THE_FORM = {"drawn_for", "credential"}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def late(world, visit):
    """Ren's browser, in which he wrote while his session ended."""
    browser = visit(world.ren)
    browser.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    return browser


def write(browser, address, headers=None, **fields):
    headers = {"Referer": "http://localhost/tickets/1?all=yes", **(headers or {})}
    return browser.post(address, data=fields, headers=headers)


def hidden(answer) -> dict[str, str]:
    """What goes through the sign-in page; whom its form was drawn for, and a key that waits, are another matter."""
    return {name: unescape(value) for name, value in HIDDEN.findall(answer.text) if name not in OF_THE_FORM}


def sign_in(browser, answer, password=PASSWORD):
    return browser.post("/sign-in", data={**hidden(answer), "email": "ren@example.org", "password": password})


def test_the_text_waits_in_the_sign_in_page(world, late):
    world.ticket()
    asked = write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT, key="once")
    assert asked.status_code == 401
    assert "What you were writing is kept" in asked.text
    assert hidden(asked) == {"next": "/tickets/1?all=yes", "draft": "ticket:1", "kept-body": TEXT}


def test_it_becomes_a_draft_in_the_form_it_came_from(world, late):
    world.ticket()
    back = sign_in(late, write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT))
    assert back.location == "/tickets/1?all=yes"
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
def test_a_draft_of_no_form_becomes_none_and_its_text_is_kept_all_the_same(world, late, draft):
    world.ticket()
    asked = write(late, "/tickets/1/comments", draft=draft, body=TEXT)
    assert hidden(asked).keys() == {"next", "to", "form"}
    again = sign_in(late, asked)
    assert [text for name, text in sent_on(again, "/tickets/1/comments") if name == "body"] == [TEXT]
    assert not db.session.query(Draft).count()


def sent_on(answer, address: str) -> list[tuple[str, str]]:
    """The fields of the form on that page that goes to that address."""
    [form] = dom.read(answer.text).all("form", action=address)
    return [(field["name"], field["value"]) for field in form.all("input", type="hidden")]


INVITATION = {"people": "nia@example.org\nkim@example.org", "role": "agent", "way": "link", "team": ["1", "2"]}


@pytest.fixture
def idle(world, visit):
    """Ana's browser, whose sign-in ends while she writes: she filled in a form that keeps no draft."""
    ana = visit(world.ana)
    teams.create_team(world.ana, name="Payroll")
    teams.create_team(world.ana, name="Printers")
    db.commit()
    ana.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    return ana


def test_a_form_that_is_no_draft_waits_too_and_is_sent_when_its_writer_says_so(world, idle):
    asked = idle.post("/users", data=INVITATION | {"drawn_for": str(world.ana.id)})
    assert asked.status_code == 401
    assert "What you were about to do is kept" in asked.text
    mistyped = idle.post("/sign-in", data=hidden(asked) | {"email": world.ana.email, "password": "mistyped"})
    again = idle.post("/sign-in", data=hidden(mistyped) | {"email": world.ana.email, "password": PASSWORD})
    assert "Nothing has been done yet" in again.text
    assert not user_by_email("nia@example.org")
    done = idle.post("/users", data=MultiDict(sent_on(again, "/users")))
    assert done.status_code == 200
    for email in ("nia@example.org", "kim@example.org"):
        assert [team.name for team in teams_of(user_by_email(email))] == ["Payroll", "Printers"]


def test_a_form_of_one_is_not_done_as_another_who_signs_in_instead(world, idle):
    asked = idle.post("/users", data=INVITATION | {"drawn_for": str(world.ana.id)})
    other = idle.post("/sign-in", data=hidden(asked) | {"email": world.mia.email, "password": PASSWORD})
    assert other.status_code == 409
    assert "You are now signed in as Mia Lund" in other.text
    back = idle.post("/sign-in", data=hidden(other) | {"email": world.ana.email, "password": PASSWORD})
    assert ("people", INVITATION["people"]) in sent_on(back, "/users")


@pytest.mark.parametrize(
    "odd",
    [{"to": "//evil.example", "form": "a=b"}, {"to": "/users", "form": "&" * 999}, {"form": "%00=%ff"}],
)
def test_whatever_else_says_that_it_is_a_form_leads_nowhere_else(world, visit, odd):
    browser = visit()
    answer = browser.post("/sign-in", data=odd | {"email": world.ren.email, "password": PASSWORD})
    assert answer.status_code in (200, 303)
    assert "evil.example" not in answer.text


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


@pytest.fixture
def slowed(monkeypatch):
    """`slowed(what)`: one more of that is too much."""

    def slowed(what: str):
        monkeypatch.setitem(rates.RATES, what, rates.RATES[what]._replace(limit=parse("0 per minute")))

    return slowed


def sendable(answer) -> dict[str, str]:
    """Every field of the form in which a page offers to send something again."""
    [form] = dom.read(answer.text).all("section", class_name="error")[0].all("form")
    fields = {field["name"]: field.attributes.get("value", "") for field in form.all("input")}
    return fields | {area["name"]: "".join(area.content).removeprefix("\n") for area in form.all("textarea")}


def test_whoever_is_told_to_slow_down_has_lost_no_word(world, visit, slowed):
    world.ticket()
    slowed("change")
    answer = visit(world.ren).post("/tickets/1/comments", data={"body": TEXT, "key": "once"})
    assert answer.status_code == 429
    assert {"body": TEXT, "key": "once"}.items() <= sendable(answer).items()


@pytest.mark.parametrize("reason", ["too many tries", "a busy database"])
def test_text_that_waits_in_the_sign_in_page_outlives_an_answer_that_says_not_now(
    world, late, slowed, monkeypatch, reason
):
    world.ticket()
    asked = write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT)
    with monkeypatch.context() as patch:
        if reason == "a busy database":
            patch.setattr("informejo.accounts.session_actions.start_session", busy)
        else:
            slowed("sign-in")
        refused = sign_in(late, asked)
    assert refused.status_code in (429, 503)
    again = sendable(refused)
    assert again["password"] == "", "it is typed anew"
    monkeypatch.undo()
    late.post("/sign-in", data=again | {"password": PASSWORD})
    assert draft_for(world.ren, "ticket:1")["body"] == TEXT


def test_a_text_of_whatever_length_and_letters_comes_through_the_sign_in_page_whole(world, late):
    world.ticket()
    text = "\U0001f525" * 40_000 + "the end"
    asked = late.post("/tickets/1/comments", data={"draft": "ticket:1", "body": text}, content_type=MULTIPART)
    [form] = [form for form in dom.read(asked.text).all("form") if form["action"] == "/sign-in"]
    fields = {**hidden(asked), "email": "ren@example.org", "password": PASSWORD}
    assert late.post("/sign-in", data=fields, content_type=form["enctype"]).status_code == 303
    assert draft_for(world.ren, "ticket:1")["body"] == text


def test_a_text_for_what_is_not_ones_own_any_more_is_shown_to_be_copied(world, visit, late):
    world.ticket(by=world.zoe)
    back = sign_in(late, write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT))
    page = late.get(back.location)
    assert page.status_code == 404
    assert TEXT in unescape(page.text)
    assert web.NOTICES["draft-kept"] not in page.text
    assert TEXT not in unescape(visit(world.mia).get("/tickets/2").text)


def test_a_note_that_one_may_not_write_any_more_does_not_become_a_message_unsaid(world, late):
    world.ticket()
    sign_in(late, write(late, "/tickets/1/comments", draft="ticket:1", body=TEXT, internal="yes"))
    assert "You began this as a note for the team." in late.get("/tickets/1").text
