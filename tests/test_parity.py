"""The faults of the first Informejo, each proved absent: by a test here, or by one elsewhere that is named here."""

import ast
import io
import logging
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from informejo import db
from informejo.accounts.models import Role
from informejo.desk import stats
from informejo.events import log
from informejo.policy import find_ticket
from informejo.tickets import change_actions
from informejo.tickets.words import Category, Priority, Status
from tests.live import dom
from tests.live.sse import Listener
from tests.world import PASSWORD

TESTS = Path(__file__).parent
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
ELSEWHERE = {
    1: "live/test_stream.py::test_visitors_are_told_to_sign_in_at_once",
    6: "accounts/test_joining.py",
    7: "live/test_stream.py::test_after_deactivation_nothing_more_is_heard",
    8: "policy/test_rules.py::test_a_rule_allows_exactly_those_named",
    9: "test_no_leak.py::test_live_a_note_is_silence_to_the_requester_and_heard_by_the_staff",
    10: "live/test_stream.py::test_the_queue_hears_of_new_tickets_and_a_requesters_stream_only_of_their_own",
    12: "accounts/test_sign_in.py",
    14: "test_routes.py::test_what_is_not_there_looks_like_what_is_hidden",
    15: "live/test_fragments.py::test_a_page_that_listened_looks_like_one_that_is_loaded_anew",
    16: "tickets/test_files.py::test_a_file_is_what_its_first_bytes_say",
    17: "accounts/test_profile.py",
    19: "tickets/test_conflicts.py::test_changes_of_different_fields_both_win",
    20: "tickets/test_actions.py::test_a_ticket_that_is_open_again_has_not_been_resolved",
    23: "tickets/test_actions.py::test_a_ticket_is_given_only_to_active_staff",
    24: "test_fuzz.py::test_no_form_breaks_any_address",
    25: "desk/test_desk.py::test_a_long_list_has_pages_that_neither_repeat_nor_leave_out",
    28: "tickets/test_conflicts.py::test_an_edited_text_keeps_its_history_in_the_log",
    29: "test_migrations.py::test_an_upgraded_database_is_what_the_models_say",
}


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.mark.parametrize("row", ELSEWHERE)
def test_what_is_proved_elsewhere_is_proved_there(row):
    file, _, name = ELSEWHERE[row].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert not name or name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def secrets(world) -> set[str]:
    """What no answer and no message may ever hold."""
    sessions = db.session.execute(text("SELECT token_hash FROM sessions")).scalars()
    hashes = {person.password_hash for person in vars(world).values() if person.password_hash}
    return {*hashes, *sessions, "password_hash", "token_hash", "argon2", "stored_name"}


@pytest.mark.hardening("O-02", "H-03", "S-59")
@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_row_1_and_3_a_stream_says_nothing_that_a_page_would_not(world, visit, ticket, path):
    """1.13 rows 1 and 3: live messages held whole user rows, with password hashes and links that open tickets."""
    streams = [Listener(visit(world.ren), f"{path}?on=ticket:{ticket.id}&on=me")]
    streams.append(Listener(visit(world.mia), f"{path}?on=ticket:{ticket.id}&on=queue&on=desk"))
    world.comment(world.mia, ticket)
    change_actions.assign(world.mia, ticket, world.tom)
    change_actions.edit_ticket(world.ren, ticket, title="Another title", description="Another description", version=1)
    db.commit()
    heard = ["".join(message.data for message in stream.heard()) for stream in streams]
    assert all("Another title" in said for said in heard)
    for said in heard:
        assert not [secret for secret in secrets(world) if secret in said]
        assert set(re.findall(r"\w+@example\.org", said)) <= {world.ren.email}
    assert "@example.org" not in heard[0]


@pytest.mark.hardening("O-02", "S-59")
def test_row_2_the_answer_to_a_change_holds_only_what_the_page_shows(world, visit, ticket):
    """1.13 row 2: the answer to an edit was the whole row, with hashes, links and internal notes."""
    world.note(ticket, "not for Ren")
    ren = visit(world.ren)
    for address, fields in (
        ("/tickets/1/edit", {"title": "Another title", "description": "Another description", "version": "1"}),
        ("/tickets/1/status", {"value": "resolved"}),
        ("/tickets/1/comments", {"body": "Done."}),
    ):
        for headers in ({}, {"HX-Request": "true"}, {"Accept": "application/json"}):
            answer = ren.post(address, data=fields, headers=headers)
            assert answer.status_code in (200, 303, 409)
            assert not [secret for secret in {*secrets(world), "not for Ren"} if secret in answer.text]


@pytest.mark.hardening("S-51")
def test_row_3_a_sign_in_is_kept_as_a_hash_and_written_into_no_log(world, visit, caplog):
    """1.13 row 3: tokens lay in the database, in messages and in logs as they were."""
    caplog.set_level(logging.DEBUG)
    browser = visit()
    browser.post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    token = browser.get_cookie("informejo").value
    assert browser.get("/tickets").status_code == 200
    rows = [db.session.execute(table.select()).all() for table in db.Model.metadata.sorted_tables]
    for place in (str(rows), caplog.text, str([event.changes for event in log.since(0)])):
        assert token not in place
        assert PASSWORD not in place


@pytest.mark.hardening("O-04")
def test_rows_4_and_5_nothing_a_visitor_sends_changes_or_opens_an_account(app, world, visit):
    """1.13 rows 4 and 5: whoever wrote with somebody's address could rename them and read their tickets."""
    before = db.session.execute(text("SELECT * FROM users WHERE id < 8")).all()
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    values = {
        "number": 1,
        "id": world.ren.id,
        "token": "x",
        "name": "x",
        "field": "status",
        "reader": "x",
        "event_id": 1,
    }
    fields = {"email": "ren@example.org", "name": "Mallory", "password": "violet ladder 77 sea", "role": "admin",
              "again": "violet ladder 77 sea", "value": "admin", "requester_email": "ren@example.org"}  # fmt: skip
    for rule in posts:
        browser = visit()
        browser.post(adapter.build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments}), data=fields)
        assert browser.get("/tickets").status_code == 303, "a visitor is a visitor afterwards"
    db.session.expire_all()
    assert db.session.execute(text("SELECT * FROM users WHERE id < 8")).all() == before


@pytest.mark.hardening("O-06")
def test_row_13_an_answer_belongs_to_the_ticket_it_was_written_on(world, visit, ticket):
    """1.13 row 13: what somebody wrote through a link landed on their newest ticket."""
    page = dom.read(visit(world.ren).get(f"/tickets/{ticket.id}").text)
    newest = world.ticket()
    visit(world.ren).post(page.find("composer")["action"], data={"body": "Here."})
    assert [event.ticket for event in log.since(newest.last_event_id)] == [ticket]


def test_row_21_somebody_hears_of_an_answer_on_a_ticket_that_nobody_has(world, visit, ticket):
    """1.13 row 21: nobody was told when a requester answered on a ticket without an assignee."""
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)
    db.commit()
    staff = Listener(visit(world.tom), "/live?on=queue&on=desk&on=me")
    world.comment(world.ren, ticket, "No, it still burns.")
    (message,) = staff.heard()
    assert f'id="row-{ticket.id}"' in message.data
    assert "desk-changed" in message.data


@pytest.mark.hardening("O-15")
def test_row_26_an_address_that_nobody_thought_about_is_closed_to_visitors(app, world, visit):
    """1.13 row 26: every path counted as public."""
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    assert visit().get("/forgotten").status_code == 303
    assert visit().post("/forgotten").status_code == 405
    assert visit(world.ren).get("/forgotten").text == "secret"


@pytest.mark.hardening("L-21", "S-20")
def test_row_27_no_other_site_is_invited_to_read(app, world, visit, ticket):
    """1.13 row 27: every origin could open the socket, with cookies."""
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    for address in ("/", "/tickets", "/tickets/1", "/live?on=me", "/live/events?on=me", "/unread"):
        for method in ("GET", "OPTIONS"):
            answer = visit(world.ren).open(address, method=method, headers=foreign, buffered=True)
            assert answer.status_code == 403
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        own = visit(world.ren).get(address, buffered=False)
        assert own.status_code in (200, 302)
        own.close()


def test_row_28_a_category_can_be_put_right(world, visit, ticket):
    """1.13 row 28: nobody could correct a category, and TRAVEL could not be chosen."""
    for category in Category:
        assert visit(world.mia).post("/tickets/1/category", data={"value": category}).status_code == 303
        assert find_ticket(world.mia, 1).category == category


def test_row_30_ones_own_tickets_are_ones_own_for_administrators_too(world, visit, ticket):
    """1.13 row 30: "My Tickets" of an administrator showed all tickets."""
    own = world.ticket(world.ana, "My own screen flickers")
    cards = dom.read(visit(world.ana).get("/tickets").text).find("cards").children
    assert [card["id"] for card in cards] == [f"place-{own.id}"]


def test_row_30_assigned_to_me_is_what_is_mine_and_not_solved(world, visit, ticket):
    """1.13 row 30: the filter did nothing, and the number counted closed tickets."""
    closed = world.ticket()
    for mine in (ticket, closed):
        change_actions.assign(world.mia, mine, world.mia)
    change_actions.set_status(world.mia, closed, Status.CLOSED)
    db.commit()
    rows = dom.read(visit(world.mia).get("/queue?assignee=me").text).find("queue").children
    assert [row["id"] for row in rows] == [f"place-{ticket.id}"]
    assert stats.counts_for(world.mia, log.standing()).mine == sum(stats.mine_by_priority(world.mia).values()) == 1


def test_row_30_everybody_lands_where_they_work(world, visit):
    """1.13 row 30: after the sign-in staff landed on the page for requesters."""
    for who, place in (("mia", "/desk"), ("ana", "/desk"), ("ren", "/tickets")):
        browser = visit()
        answer = browser.post("/sign-in", data={"email": f"{who}@example.org", "password": PASSWORD})
        assert browser.get(answer.location).location == place


def test_row_30_a_requester_sends_files_with_a_new_ticket(world, visit):
    """1.13 row 30: signed in, nobody could attach a file while writing a ticket."""
    file, fields = (io.BytesIO(PNG), "smoke.png"), {"title": "It smokes", "description": "It smokes a lot."}
    visit(world.ren).post("/tickets", data=fields | {"files": file}, content_type="multipart/form-data")
    assert [file.name for file in find_ticket(world.ren, 1).attachments] == ["smoke.png"]


def test_row_30_averages_by_category_are_shown(world, visit, ticket):
    """1.13 row 30: they were computed and never shown."""
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    text = dom.read(visit(world.mia).get("/desk").text).find("dashboard").text
    *_, averages = text.partition("by category")
    assert [category.word for category in Category if category.word in averages] == [word.word for word in Category]
    assert "Other0 h" in averages


@pytest.mark.parametrize("who", ["ren", "mia", "ana"])
def test_row_33_no_page_shows_the_machines_words(world, visit, ticket, who):
    """1.13 row 33: raw words such as IN_PROGRESS stood on pages."""
    change_actions.set_status(world.mia, ticket, Status.IN_PROGRESS)
    change_actions.set_priority(world.mia, ticket, Priority.CRITICAL)
    db.commit()
    addresses = ["/tickets/1"] + (["/tickets"] if who == "ren" else ["/desk", "/queue?status=", "/users"])
    for address in addresses:
        text = dom.read(visit(getattr(world, who)).get(address).text).find("main").text
        assert not re.search(r"in_progress|IN_PROGRESS|CRITICAL|Role\.|Status\.", text)
        assert address == "/users" or "In progress" in text
    assert {role.word for role in Role} >= {"Administrator"}
