"""A page is somebody's: what its forms and scripts send does nothing in the name of whoever has signed in since."""
# ruff: noqa: F811 - `place` is a fixture

import io
import re

import pytest
from sqlalchemy import delete, select

from informejo import db, drawn, turns
from informejo.accounts.models import Session
from informejo.drafts.queries import draft_for
from informejo.error_pages import PASSWORDS
from informejo.live.hub import hub
from informejo.tickets.models import Comment
from tests.architecture import ROOT
from tests.live import dom
from tests.test_routes import CHANGE, GRAND, READ, place  # noqa: F401
from tests.world import PASSWORD, addressed

# What acts for whoever gives a password or has a link, not for a cookie.
FOR_ANYBODY = (
    "/forgot-password",
    "/sign-in",
    "/sign-in/second",
    "/sign-in/second/challenge",
    "/sign-in/passkey",
    "/sign-in/passkey/challenge",
    "/register",
    "/setup/<token>",
    "/choose-password/<token>",
    "/mail/confirm/<token>",
    "/sso/<provider>/sign-in",
    "/sso/<provider>/back-channel-logout",  # a provider's word, whoever is signed in
)
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/tickets/1"}
TEXT = "It is the <toner> & nothing else."
TEMPLATES = ROOT / "templates"
PASSWORD_FIELD = re.compile(r'field\("(\w+)"[^}]*type="password"')
PAGES = (
    *(
        "/",
        "/sign-in",
        "/register",
        "/profile",
        "/profile/security",
        "/tickets",
        "/tickets/new",
        "/tickets/1",
        "/tickets/1/edit",
    ),
    *("/comments/1/edit", "/desk", "/queue", "/bin", "/users", "/users/4", "/health", "/nowhere"),
)


@pytest.fixture
def drawn_for_tom(world, visit):
    """Mia's browser, in which Tom was signed in when the page was drawn; Ren's ticket is there."""
    world.comment(world.ren, world.ticket())
    return visit(world.mia), str(world.tom.id)


def contents() -> list:
    db.session.rollback()
    tables = [table for table in db.Model.metadata.sorted_tables if table.name != "sessions"]
    return [db.session.execute(table.select()).all() for table in tables]


def hidden(form: dom.Element) -> dict[str, str]:
    return {field["name"]: field["value"] for field in form.all("input", type="hidden")}


@pytest.mark.hardening("X-53")
@pytest.mark.parametrize("address", PAGES)
def test_each_form_that_changes_something_says_for_whom_it_was_drawn(world, visit, address):
    world.comment(world.ren, world.ticket())
    for person in (None, world.ren, world.mia, world.ana):
        page = dom.read(visit(person).get(addressed(address), follow_redirects=True).text)
        forms = [form for form in page.walk() if form.tag == "form" and form.attributes.get("method") == "post"]
        assert person is None or forms, "the way out at least"
        for form in forms:
            fields = [field["value"] for field in form.all("input", name="drawn_for")]
            assert fields == [str(person.id) if person else ""]
        assert page.all("body")[0].attributes["data-drawn-for"] == (str(person.id) if person else "")


@pytest.mark.hardening("X-53")
@pytest.mark.parametrize("way", ["field", "header"])
@pytest.mark.parametrize("row", [row for row in CHANGE if row.partition(GRAND)[0] not in FOR_ANYBODY])
def test_no_change_that_somebody_else_meant_is_made(world, visit, place, row, way):
    address, browser, other = place(row), visit(world.ana), str(world.ren.id)
    before = contents()
    field, header = ({"drawn_for": other}, {}) if way == "field" else ({}, {"Drawn-For": other})
    answer = browser.post(address, data=CHANGE[row][0] | field, headers=header)
    assert answer.status_code == 409
    assert "signed in as Ana Silva" in answer.text
    assert "Ren Ito" not in answer.text, "an id in a form must not tell a name"
    assert contents() == before
    own = {"drawn_for": str(world.ana.id)}
    assert browser.post(address, data=CHANGE[row][0] | own, headers={"Drawn-For": own["drawn_for"]}).status_code != 409


def test_a_page_for_visitors_is_somebody_elses_too(world, visit):
    world.ticket()
    assert visit(world.ren).post("/tickets/1/comments", data={"body": "Hi.", "drawn_for": ""}).status_code == 409


@pytest.mark.parametrize("row", FOR_ANYBODY)
def test_what_asks_for_a_password_acts_for_whom_gives_it(world, visit, place, row):
    fields, expected = CHANGE[row]
    address = place(row)
    for drawn_for in ("", str(world.ren.id)):
        again = {"email": f"new{drawn_for}@example.org"} if row == "/register" else {}  # an address is free once
        answer = visit(world.mia).post(address, data=fields | again | {"drawn_for": drawn_for})
        assert str(answer.status_code) in expected


@pytest.mark.hardening("X-53")
@pytest.mark.parametrize(
    "row", [row for row in READ if READ[row].split()[4] == "200" and READ[row].split()[0] != "200"]
)
def test_nothing_is_read_into_a_page_of_somebody_else(world, visit, place, row):
    address, browser = place(row), visit(world.ana)
    answer = browser.get(address, headers={"Drawn-For": str(world.ren.id)})
    assert answer.status_code == 409
    assert answer.headers["Signed-In-As"] == "Ana%20Silva"
    assert "Ana Silva" in answer.text
    assert "<html" not in answer.text
    fine = browser.get(address, headers={"Drawn-For": str(world.ana.id)}, buffered=False)
    assert fine.status_code == 200
    fine.close()


@pytest.mark.hardening("X-53")
def test_a_stream_is_opened_for_whom_its_page_was_drawn(world, visit):
    stream = dom.read(visit(world.ren).get("/tickets").text).find("stream")["hx-sse:connect"]
    answer = visit(world.mia).get(stream, buffered=False)
    assert answer.status_code == 409
    assert "signed in as Mia Lund" in answer.json["error"]
    assert not hub.subscriptions()
    fine = visit(world.ren).get(stream, buffered=False)
    assert fine.status_code == 200
    fine.close()


def test_what_was_typed_comes_back_and_is_sent_when_that_is_meant(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    form = {"body": TEXT, "internal": "yes", "draft": "ticket:1", "key": "once", "drawn_for": tom}
    answer = browser.post("/tickets/1/comments", data=form)
    assert answer.status_code == 409
    page = dom.read(answer.text)
    assert "only the team reads this" in page.text
    send = page.all("form", action="/tickets/1/comments")[0]
    assert send.all("button")[0].text == "Send as Mia Lund"
    fields = hidden(send) | {field["name"]: field.text for field in send.all("textarea")}
    assert fields == form | {"drawn_for": str(world.mia.id)}
    assert browser.post("/tickets/1/comments", data=fields).status_code == 303
    said = db.session.scalars(select(Comment).order_by(Comment.id.desc())).first()
    assert (said.body, said.author, said.internal) == (TEXT, world.mia, True)


def test_it_comes_back_though_the_sign_in_ends_while_that_is_asked(world, drawn_for_tom, monkeypatch):
    browser, tom = drawn_for_tom
    check = drawn.check

    def end_and_check(actor):
        with browser.application.app_context():
            db.session.execute(delete(Session))
            db.session.commit()
        check(actor)

    monkeypatch.setattr(drawn, "check", end_and_check)
    answer = browser.post("/tickets/1/comments", data={"body": TEXT, "drawn_for": tom})
    assert answer.status_code == 409
    assert TEXT in dom.read(answer.text).text


def test_or_goes_with_whoever_signs_in_instead(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    page = dom.read(
        browser.post("/tickets/1/comments", data={"body": TEXT, "draft": "ticket:1", "drawn_for": tom}).text
    )
    carried = hidden(page.all("form", action="/sign-in")[0])
    back = browser.post("/sign-in", data=carried | {"email": "tom@example.org", "password": PASSWORD})
    assert back.status_code == 303
    assert draft_for(world.tom, "ticket:1")["body"] == TEXT
    assert not draft_for(world.mia, "ticket:1")


def test_in_a_page_of_htmx_the_question_takes_the_place_of_everything(drawn_for_tom):
    browser, tom = drawn_for_tom
    answer = browser.post("/tickets/1/comments", data={"body": TEXT}, headers=HTMX | {"Drawn-For": tom})
    assert (answer.status_code, answer.headers["HX-Retarget"], answer.headers["HX-Reselect"]) == (409, "body", "body")


@pytest.mark.parametrize(
    ("address", "form"), [("/drafts", {"body": TEXT, "draft": "ticket:1"}), ("/tickets/1/status", {"value": "closed"})]
)
def test_a_click_or_a_draft_that_saves_itself_pushes_nothing_aside(world, drawn_for_tom, address, form):
    browser, tom = drawn_for_tom
    answer = browser.post(address, data=form, headers=HTMX | {"Drawn-For": tom})
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (409, "none")
    assert "<" not in answer.text
    assert not draft_for(world.mia, "ticket:1")


def test_of_files_it_says_that_they_have_to_be_chosen_again(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    form = {"body": "", "drawn_for": tom, "files": (io.BytesIO(b"black"), "toner.txt")}
    answer = browser.post("/tickets/1/comments", data=form, content_type="multipart/form-data")
    assert answer.status_code == 409
    page = dom.read(answer.text)
    send = page.all("form", action="/tickets/1/comments")[0]
    assert "The file cannot be kept; choose again: toner.txt" in send.text
    assert send["enctype"] == "multipart/form-data"
    assert send.all("input", type="file", name="files")


def test_every_field_of_a_new_ticket_comes_back(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    form = {
        "title": "The <lift> stops",
        "description": TEXT,
        "category": "hardware",
        "priority": "high",
        "follows": "1",
    }
    form |= {"requester_email": "cal@example.org", "requester_name": "Cal", "key": "once", "draft": "new-ticket"}
    page = dom.read(browser.post("/tickets", data=form | {"drawn_for": tom}).text)
    send = page.all("form", action="/tickets")[-1]
    fields = {field["name"]: field["value"] for field in send.all("input") if "disabled" not in field.attributes}
    fields |= {field["name"]: field.text for field in send.all("textarea")}
    assert fields == form | {"drawn_for": str(world.mia.id)}


def test_every_choice_of_several_comes_back(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    form = {"name": "Network", "sees": "all", "categories": ["hardware", "software", "network"], "drawn_for": tom}
    page = dom.read(browser.post("/teams/1", data=form).text)
    [send] = page.all("form", action="/teams/1")
    assert [field["value"] for field in send.all("input", name="categories")] == form["categories"]


def test_passwords_never_come_back(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    form = {"current": PASSWORD, "password": "a new password", "again": "a new password", "drawn_for": tom}
    answer = browser.post("/profile/password", data=form)
    assert answer.status_code == 409
    assert PASSWORD not in answer.text
    assert "a new password" not in answer.text
    assert not dom.read(answer.text).all("form", action="/profile/password")


def test_every_field_for_a_password_is_known_as_one(world, visit):
    pages = [
        visit(person).get(addressed(address), follow_redirects=True).text
        for person in (None, world.ana)
        for address in PAGES
    ]
    fields = {field["name"] for page in pages for field in dom.read(page).all("input", type="password")}
    assert fields | {"code"} == set(PASSWORDS)  # codes are typed in sight: they are good once


def test_the_sign_out_of_an_old_tab_signs_nobody_else_out(world, drawn_for_tom):
    browser, tom = drawn_for_tom
    answer = browser.post("/sign-out", data={"drawn_for": tom})
    assert answer.status_code == 409
    assert browser.get("/profile").status_code == 200
    send = dom.read(answer.text).all("form", action="/sign-out")[-1]
    assert send.all("button")[0].text == "Sign Mia Lund out"
    assert browser.post("/sign-out", data=hidden(send)).status_code == 303
    assert browser.get("/profile").status_code == 303


@pytest.mark.hardening("X-53")
def test_a_text_whose_writer_was_signed_out_becomes_nobody_elses_draft_unasked(world, visit):
    world.ticket()
    form = {"body": TEXT, "draft": "ticket:1", "drawn_for": str(world.tom.id)}
    browser = visit()
    carried = hidden(dom.read(browser.post("/tickets/1/comments", data=form).text).all("form", action="/sign-in")[0])
    answer = browser.post("/sign-in", data=carried | {"email": "mia@example.org", "password": PASSWORD})
    assert answer.status_code == 409
    assert not draft_for(world.mia, "ticket:1")
    keep = dom.read(answer.text).all("form", action="/drafts")[0]
    assert keep.all("button")[0].text == "Keep as a draft of Mia Lund"
    fields = hidden(keep) | {field["name"]: field.text for field in keep.all("textarea")}
    assert browser.post("/drafts", data=fields).location == "/tickets/1"
    assert draft_for(world.mia, "ticket:1")["body"] == TEXT


def test_the_sign_in_page_is_there_for_whoever_wants_to_be_somebody_else(world, visit):
    browser = visit(world.mia)
    assert browser.get("/sign-in?other=yes&next=/tickets").status_code == 200
    form = {"email": "tom@example.org", "password": PASSWORD, "next": "/profile", "drawn_for": str(world.mia.id)}
    assert browser.post("/sign-in", data=form).location == "/profile"
    assert "tom@example.org" in browser.get("/profile").text


@pytest.mark.parametrize("claim", ["0", "x", "\0", "9" * 5000, "<i>x", "1,2"])
def test_whatever_the_claim_is_it_is_answered_and_never_drawn(world, visit, claim):
    answer = visit(world.mia).post("/profile", data={"name": "Mia", "drawn_for": claim})
    assert answer.status_code == 409
    assert "<i>x" not in answer.text


def test_the_form_that_a_busy_desk_gives_back_is_still_its_writers(world, visit, monkeypatch):
    world.ticket()
    ren = visit(world.ren)
    monkeypatch.setattr(turns, "_take_the_turn", busy)
    answer = ren.post("/tickets/1/comments", data={"body": TEXT, "drawn_for": str(world.ren.id)})
    assert answer.status_code == 503
    again = dom.read(answer.text).all("form", action="/tickets/1/comments")[0]
    assert hidden(again) == {"drawn_for": str(world.ren.id)}


def test_the_form_that_a_busy_desk_gives_back_has_every_choice_of_several(world, visit, monkeypatch):
    ana = visit(world.ana)
    monkeypatch.setattr(turns, "_take_the_turn", busy)
    form = {"name": "Network", "sees": "all", "categories": ["hardware", "software"]}
    [again] = dom.read(ana.post("/teams", data=form).text).all("form", action="/teams")
    assert [field["value"] for field in again.all("input", name="categories")] == form["categories"]


def busy(*_, **__):
    raise turns._Busy("too many wait to write")
