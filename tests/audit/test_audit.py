"""The audit: who did what to whom, from where and when, for administrators alone; nothing of it can be changed."""

import csv
import io
import re
from datetime import timedelta

import pytest
from limits import parse
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from informejo import clock, db, policy, rates
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.accounts.session_actions import end_sessions
from informejo.audit import queries
from informejo.audit.accesses import note
from informejo.audit.models import Access
from informejo.audit.prune_actions import forget_old_accesses
from informejo.audit.queries import AuditFilter, audit_for, place
from informejo.audit.sentences import kind_word, told
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.teams import actions as team_actions
from informejo.tickets import change_actions, confiding_actions
from informejo.tickets.words import Category
from informejo.web import Ended
from tests.world import PASSWORD, PNG

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1")


def sentences(browser, **asked) -> list[str]:
    answer = browser.get("/audit", query_string=asked)
    assert answer.status_code == 200
    return [
        re.sub(r"<[^>]*>", "", line).strip()
        for line in re.findall(r'<li class="audit-entry".*?<p>(.*?)</p>', answer.text, re.DOTALL)
    ]


@pytest.fixture
def busy(world, visit):
    """A little of everything."""
    ticket = world.ticket()
    world.note(ticket, "the-secret-of-the-note")
    rights_actions.set_role(world.ana, world.zoe, Role.AGENT)
    db.commit()
    visit().post("/sign-in", data={"email": world.ren.email, "password": PASSWORD})
    visit().post("/sign-in", data={"email": "nobody@example.org", "password": "wrong"})
    return ticket


def test_events_and_sign_ins_stand_in_one_list_newest_first(world, visit, busy):
    assert sentences(visit(world.ana)) == [
        "Somebody tried to sign in as nobody@example.org, in vain. With a password.",
        "Ren Ito signed in. With a password.",
        "Ana Silva changed Zoe Kaur: Requester became Agent.",
        "Mia Lund added an internal note · #1 The printer is on fire",
        "Ren Ito opened · #1 The printer is on fire",
    ]


def test_the_categories_of_a_team_are_called_by_their_names(world, visit):
    team = team_actions.create_team(world.ana, name="Wires")
    its = [Category.NETWORK, Category.TRAVEL]
    team_actions.change_team(world.ana, team, name="Wires", sees_all=True, categories=its)
    db.commit()
    assert "categories from nothing to “Network, Travel”" in sentences(visit(world.ana))[0]


def test_a_logo_is_called_a_picture(world, visit):
    ana, sent = visit(world.ana), {"LOGO": (io.BytesIO(PNG), "logo.png")}
    ana.post("/settings/logo", data=sent, content_type="multipart/form-data")
    ana.post("/settings/logo", data={"remove": "yes"})
    last, first = sentences(ana)
    assert (first, last) == (
        "Ana Silva changed a setting: LOGO from nothing to a picture.",
        "Ana Silva changed a setting: LOGO from a picture to nothing.",
    )


def test_no_text_of_a_note_is_in_it_and_none_in_its_file(world, visit, busy):
    browser = visit(world.ana)
    for address in ("/audit", "/audit.csv"):
        said = browser.get(address).text
        assert "internal note" in said
        assert "the-secret-of-the-note" not in said


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"who": "ren@example.org"}, 2),
        ({"who": "Ren"}, 2),
        ({"about": "#1"}, 2),
        ({"about": "zoe@example.org"}, 1),
        ({"kind": "sign-in-failed"}, 1),
        ({"kind": "comment:added", "who": "Mia"}, 1),
        ({"kind": "comment:added", "who": "Ren"}, 0),
        ({"origin": "127.0.0.1"}, 2),
        ({"since": "2020-01-01", "until": "2020-01-02"}, 0),
        ({"since": "2020-01-01"}, 5),
        ({"kind": "no such kind"}, 5),
    ],
)
def test_it_can_be_filtered(world, visit, busy, asked, number):
    assert len(sentences(visit(world.ana), **asked)) == number


def test_who_is_meant_is_asked_where_several_have_that_name(world, visit, busy):
    answer = visit(world.ana).get("/audit?who=example.org").text
    assert "Several people are called" in answer
    assert "Nobody is called" in visit(world.ana).get("/audit?who=Xaver").text


def test_whom_somebody_may_mean_is_asked_in_the_order_of_every_list_of_people(world):
    world.gus.name = "Émile Lie"
    db.session.flush()
    called = [user.name for user in queries.people_called(world.ana, "example")]
    assert called[:4] == ["Ana Silva", "Dan Wolf", "Émile Lie", "Mia Lund"]


@pytest.mark.parametrize("address", ["/audit", "/audit.csv"])
def test_a_day_that_is_none_is_a_problem_beside_the_field(world, visit, address):
    answer = visit(world.ana).get(f"{address}?since=yesterday&who=Ren")
    assert answer.status_code == 422
    assert "Write a day as" in answer.text
    assert 'value="Ren"' in answer.text
    for day in ("0001-01-01", "9999-12-31"):  # days that are, and cannot be reckoned with
        assert visit(world.ana).get(f"{address}?since={day}&until={day}").status_code == 422


def test_pages_follow_each_other_without_a_gap_also_where_moments_are_the_same(world):
    for id in range(1, 8):
        db.session.execute(insert(Access).values(id=id, kind="signed-in", user_id=world.ren.id))
        fields = {"id": id, "name": "user:updated", "audience": Audience.STAFF, "actor_id": world.ren.id}
        db.session.execute(insert(Event).values(**fields, changes={}))
    db.commit()
    seen, before = [], queries.FIRST
    while before:
        listed = audit_for(world.ana, AuditFilter(), before, 3)
        seen += map(place, listed.entries)
        before = listed.next
    assert seen == [(id, kind) for id in range(7, 0, -1) for kind in (1, 0)]


def test_what_happens_to_a_confidential_ticket_is_left_out_for_whoever_does_not_see_it(world, visit, busy):
    busy.confidential = True
    db.commit()
    assert not sentences(visit(world.ana), about="1")
    assert "printer" not in visit(world.ana).get("/audit.csv").text
    busy.assignee = world.ana
    db.commit()
    assert len(sentences(visit(world.ana), about="1")) == 2


def test_that_somebody_was_refused_says_no_number_of_a_ticket(world, visit, monkeypatch):
    ticket = world.ticket()
    change_actions.assign(world.tom, ticket, world.tom)
    confiding_actions.set_confidential(world.tom, ticket, True)
    message = world.comment(world.ren, ticket)
    tom, ana = visit(world.tom), visit(world.ana)
    assert ana.get(f"/tickets/{ticket.id}").status_code == 404
    assert tom.post(f"/tickets/{ticket.id}/deletion").status_code == 403
    assert tom.get(f"/comments/{message.id}/edit").status_code == 403
    monkeypatch.setitem(rates.RATES, "change", rates.RATES["change"]._replace(limit=parse("0 per minute")))
    assert tom.post(f"/tickets/{ticket.id}/comments", data={"body": "Look."}).status_code == 429
    refused = [line for line in sentences(ana) if "Tom Berg" in line]
    assert [line.partition(". ")[2] for line in refused] == [
        "POST /tickets/&lt;number&gt;/comments",
        "GET /comments/&lt;id&gt;/edit",
        "POST /tickets/&lt;number&gt;/deletion",
    ]
    assert "POST /tickets/<number>/deletion" in ana.get("/audit.csv").text


@pytest.mark.hardening("H-10")
def test_an_export_needs_the_right_to_see_the_audit_with_every_filter(world, visit, busy):
    for person in (world.ren, world.mia):
        for asked in ("", "?who=ren@example.org", "?about=1", "?kind=signed-in"):
            answer = visit(person).get(f"/audit.csv{asked}")
            assert answer.status_code == 403
            assert "Content-Disposition" not in answer.headers
    assert len(list(csv.reader(io.StringIO(visit(world.ana).get("/audit.csv?about=1").text)))) == 3


@pytest.mark.hardening("H-11")
def test_no_cell_of_an_export_is_a_formula(world, visit):
    for formula in FORMULAS:
        world.ren.name = formula
        note("signed-in", user=world.ren, said=formula)
        note("sign-in-failed", who=formula)
        db.commit()
    answer = visit(world.ana).get("/audit.csv")
    cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
    assert any(cell.startswith(("'=1+1", "'\t=1")) for cell in cells)
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.hardening("H-55")
def test_the_sixth_export_in_a_minute_is_told_when_to_come_again(world, visit):
    browser = visit(world.ana)
    answers = [browser.get("/audit.csv") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


def test_a_whole_export_is_read_some_at_a_time_and_has_an_end(world, visit, monkeypatch):
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    monkeypatch.setattr(queries, "MOST_EXPORTED", 4)
    for _ in range(7):
        note("signed-in", user=world.ren)
    db.commit()
    assert len(visit(world.ana).get("/audit.csv?kind=signed-in").text.splitlines()) == 5


@pytest.mark.hardening("L-11")
def test_an_export_is_cut_off_when_the_sign_in_ends_that_asked_for_it(world, visit, monkeypatch):
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    for _ in range(6):
        note("signed-in", user=world.ren)
    db.commit()
    pieces = iter(visit(world.ana).get("/audit.csv?kind=signed-in", buffered=False).response)
    assert [next(pieces).count(b"ren@example.org") for _ in range(2)] == [0, 2]
    end_sessions(world.ana, world.ana)
    db.commit()
    with pytest.raises(Ended):
        next(pieces)


@pytest.mark.parametrize(
    "change", [update(Access).values(said="never"), delete(Access), text("UPDATE accesses SET kind = 'x'")]
)
def test_the_database_itself_refuses_to_change_what_is_written(world, change):
    note("signed-in", user=world.ren)
    db.commit()
    with pytest.raises(DatabaseError, match="only ever added to"):
        db.session.execute(change)
    db.session.rollback()
    assert db.session.scalar(select(Access)).kind == "signed-in"


def test_prune_takes_what_is_older_than_its_setting_and_never_what_is_younger_than_a_month(app, world):
    app.config["AUDIT_DAYS"] = 1
    for days in (400, 40, 20, 0):
        day = clock.now() - timedelta(days=days)
        db.session.execute(insert(Access).values(id=made_at(day), at=day, kind="signed-in", user_id=world.ren.id))
    db.commit()
    assert forget_old_accesses(100) == 2
    db.commit()
    assert len(audit_for(world.ana, AuditFilter()).entries) == 2


@pytest.mark.parametrize("name", EventName)
def test_whatever_an_event_of_people_changes_there_is_a_sentence_for_it(world, name):
    for changes in (
        {},
        {"role": ["user", "agent"], "tickets": [3, None]},
        {"merged": ["Ren", "Zoe"], "new": 7},
        {"team": ["A", "A"], "members": [["Mia"], []], "active": [True, False]},
    ):
        for user in (world.ren, None):
            event = Event(name=name, actor=world.ana, actor_id=world.ana.id, user=user, changes=changes)
            assert told(event).endswith(".")
            assert kind_word(name)


def test_every_filter_is_read_along_an_index(world):
    plans = [
        AuditFilter(),
        AuditFilter(actor=world.ren.id),
        AuditFilter(user=world.ren.id),
        AuditFilter(ticket=1),
        AuditFilter(kind="comment:added"),
        AuditFilter(origin="127.0.0.1"),
    ]
    for filter in plans:
        events = policy.audited_events(world.ana).where(*queries._of_events(filter), Event.id < 2**62)
        statement = queries._newest(events, Event.id, 50)
        compiled = statement.compile(db.engine(), compile_kwargs={"literal_binds": True})
        plan = " ".join(row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
        assert "SCAN events" not in plan, filter
        assert "TEMP B-TREE" not in plan, filter


def test_a_filter_of_several_parts_looks_through_so_many_and_says_that_it_goes_on(world, monkeypatch):
    monkeypatch.setattr(queries, "LOOKED_THROUGH", 3)
    ticket = world.ticket()
    for _ in range(5):
        world.comment(world.mia, ticket)
    found = audit_for(world.ana, AuditFilter(ticket=ticket.id, actor=world.ren.id))
    assert found.entries == []
    assert found.cut
    assert found.next
    assert [e.name for e in audit_for(world.ana, AuditFilter(ticket=1, actor=world.ren.id), found.next).entries]


def test_an_event_of_long_ago_is_found_by_its_day(world):
    day = clock.now() - timedelta(days=400)
    db.session.execute(insert(Access).values(id=made_at(day), at=day, kind="signed-in", user_id=world.ren.id))
    db.commit()
    between = {"since": made_at(day - timedelta(days=1)), "until": made_at(day + timedelta(days=1))}
    assert len(audit_for(world.ana, AuditFilter(**between)).entries) == 1


def test_a_day_is_one_of_utc_for_whoever_has_a_time_zone_that_this_machine_does_not_know_any_more(world, visit):
    ana = visit(world.ana)
    world.ana.time_zone = "Mars/Olympus_Mons"
    db.commit()
    assert ana.get("/audit?since=2026-01-01&until=2026-12-31").status_code == 200
