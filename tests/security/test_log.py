"""What the log says when something breaks: enough to find it, and nothing that opens or forges anything."""

import pytest
from sqlalchemy.exc import IntegrityError

from informejo import db
from informejo.accounts import actions, queries, sign_ins
from informejo.accounts.models import User
from tests.world import PASSWORD


@pytest.mark.hardening("H-56", "S-55", "H-49")
def test_a_fault_on_the_set_up_page_leaves_its_token_out(app, visit, monkeypatch, caplog):
    token = actions.renew_setup()
    db.commit()
    monkeypatch.setattr(queries, "opens_setup", lambda token: 1 / 0)
    answer = visit().get(f"/setup/{token}")
    assert answer.status_code == 500
    assert "GET /setup/..." in caplog.text
    assert token not in caplog.text
    assert token not in answer.text


@pytest.mark.hardening("H-49", "S-55")
def test_a_statement_that_fails_is_logged_without_what_it_was_about(app, world, visit, monkeypatch, caplog):
    def fail(*people):
        db.session.add(User(email="ren@example.org", name="A secret name", password_hash="a secret hash"))
        db.session.flush()

    monkeypatch.setattr(sign_ins, "sessions_of", fail)
    assert visit(world.ren).get("/profile/security").status_code == 500
    assert IntegrityError.__name__ in caplog.text
    assert "INSERT INTO users" in caplog.text
    assert "a secret" not in caplog.text.lower()


@pytest.mark.hardening("S-62")
def test_no_address_forges_a_line_of_the_log(app, world, visit, monkeypatch, caplog):
    monkeypatch.setattr("informejo.tickets.file_views.policy.find_attachment", lambda *asked: 1 / 0)
    assert visit(world.ren).get("/files/x%0d%0aincident%20forged%1b[2J").status_code == 500
    (record,) = [record for record in caplog.records if "incident" in record.getMessage()]
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()


@pytest.mark.hardening("S-62", "H-49")
def test_what_people_type_is_in_no_line_of_the_log(world, visit, caplog):
    caplog.set_level("DEBUG")
    forged = "Mallory\r\n2026-01-01 00:00:00 INFO informejo: forged\x1b[31m"
    browser = visit()
    browser.post(
        "/register", data={"name": forged, "email": "mal@example.org", "password": PASSWORD, "again": PASSWORD}
    )
    browser.post("/sign-in", data={"email": f"mal@example.org{forged}", "password": "typed by mistake"})
    browser.post("/sign-in", data={"email": "mal@example.org", "password": PASSWORD})
    browser.post("/tickets", data={"title": forged, "description": f"{forged} It is broken."})
    browser.get("/tickets", query_string={"q": forged})
    with pytest.MonkeyPatch.context() as fault:
        fault.setattr("informejo.tickets.views.page", lambda *asked, **more: 1 / 0)
        assert browser.get("/tickets", query_string={"q": forged}).status_code == 500
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("informejo")]
    assert lines
    for word in (
        "Mallory",
        "forged",
        "mal@example.org",
        PASSWORD,
        "typed by mistake",
        browser.get_cookie("informejo").value,
    ):
        assert not [line for line in lines if word in line], word
