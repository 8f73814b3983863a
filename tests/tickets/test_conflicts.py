"""Two people at the same time: of one field the second is asked, of two fields both win, and no text is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from informejo import db
from informejo.accounts.models import User
from informejo.events import log
from informejo.policy import find_ticket
from informejo.tickets import actions, change_actions
from informejo.tickets.change_actions import Conflict
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Category, Priority, Status
from tests.live import dom

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def mia(world, visit):
    return visit(world.mia)


def fresh(ticket: Ticket) -> Ticket:
    """The ticket as it is kept: what was not committed is gone."""
    db.session.rollback()
    db.session.refresh(ticket)
    return ticket


FIELDS = {
    "status": (change_actions.set_status, Status.WAITING, Status.RESOLVED, "open"),
    "priority": (change_actions.set_priority, Priority.HIGH, Priority.LOW, "medium"),
    "category": (change_actions.set_category, Category.ACCESS, Category.TRAVEL, "other"),
}


@pytest.mark.hardening("X-24")
@pytest.mark.parametrize("field", FIELDS)
def test_the_second_change_of_one_field_is_a_question_with_both_values(world, ticket, field):
    change, theirs, yours, was = FIELDS[field]
    change(world.tom, ticket, theirs, was)
    change_actions.assign(world.ana, ticket, world.ana)  # somebody else changed something else meanwhile
    db.commit()
    with pytest.raises(Conflict) as conflict:
        change(world.mia, ticket, yours, was)
    assert conflict.value.both == {field: (yours, theirs)}
    assert conflict.value.who is world.tom
    assert getattr(fresh(ticket), field) == theirs


@pytest.mark.hardening("X-24")
def test_the_second_assignment_is_a_question_too(world, ticket):
    change_actions.assign(world.tom, ticket, world.tom, was="")
    db.commit()
    with pytest.raises(Conflict) as conflict:
        change_actions.assign(world.mia, ticket, world.mia, was="")
    assert (conflict.value.both, conflict.value.who) == ({"assignee": (world.mia, world.tom)}, world.tom)
    change_actions.assign(world.mia, ticket, world.mia, was=str(world.tom.id))
    assert ticket.assignee is world.mia


@pytest.mark.hardening("X-24")
def test_changes_of_different_fields_both_win(world, ticket, visit):
    for who, field, value, was in (
        ("mia", "status", "waiting", "open"),
        ("tom", "priority", "high", "medium"),
        ("ana", "category", "travel", "other"),
        ("mia", "assignment", "me", ""),
    ):
        answer = visit(getattr(world, who)).post(f"/tickets/1/{field}", data={"value": value, "was": was})
        assert answer.status_code == 303
    kept = fresh(ticket)
    assert (kept.status, kept.priority, kept.category) == (Status.WAITING, Priority.HIGH, Category.TRAVEL)
    assert kept.assignee is world.mia


def test_both_saying_the_same_is_no_conflict(world, ticket):
    change_actions.set_status(world.tom, ticket, Status.WAITING, "open")
    before = log.standing().latest
    change_actions.set_status(world.mia, ticket, Status.WAITING, "open")
    assert log.standing().latest == before


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_question_is_asked_with_both_values_and_a_way_to_each(world, ticket, mia, headers):
    change_actions.set_status(world.tom, ticket, Status.WAITING)
    db.commit()
    answer = mia.post("/tickets/1/status", data={"value": "resolved", "was": "open"}, headers=headers)
    assert answer.status_code == 409
    section = dom.read(answer.text).all("section", class_name="conflict")[0]
    assert "Tom Berg" in section.text
    assert "Waiting" in section.text
    assert "Resolved" in section.text
    keep, make = (
        {field["name"]: field["value"] for field in form.all("input", type="hidden") if field["name"] != "drawn_for"}
        for form in section.all("form")
    )
    assert (keep, make) == ({"was": "waiting", "value": "waiting"}, {"was": "waiting", "value": "resolved"})
    assert mia.post("/tickets/1/status", data=make).status_code == 303
    assert fresh(ticket).status == Status.RESOLVED


def test_the_question_disappears_with_the_answer(world, ticket, mia):
    answer = mia.post("/tickets/1/status", data={"value": "waiting", "was": "open"}, headers=HTMX)
    conflict = next(part for part in dom.read(answer.text).children if part["hx-target"] == "#question-status")
    assert not conflict.text


def test_an_edited_text_keeps_its_history_in_the_log(world, ticket):
    old = ticket.title, ticket.description
    change_actions.edit_ticket(
        world.ren, ticket, title="It is out now", description="The fire is out, by itself.", version=1
    )
    db.commit()
    assert log.since(0)[-1].changes == {
        "title": [old[0], "It is out now"],
        "description": [old[1], "The fire is out, by itself."],
    }
    assert ticket.version == 2
    assert ticket.edited_at


def test_a_comment_that_was_edited_keeps_its_history_and_its_audience(world, ticket):
    note = world.note(ticket, "befor")
    change_actions.edit_comment(world.mia, note, body="before", version=1)
    db.commit()
    event = log.since(0)[-1]
    assert (event.name, event.changes, event.audience) == ("comment:edited", {"body": ["befor", "before"]}, "staff")


@pytest.mark.hardening("X-24")
def test_a_text_edited_from_an_old_page_is_a_question_that_loses_neither(world, ticket, visit):
    here, text = visit(world.ren), "The fire is out, by itself."
    change_actions.edit_ticket(world.ren, ticket, title="From the other window", description=text, version=1)
    db.commit()
    form = {"title": "From this window", "description": text, "version": "1"}
    answer = here.post("/tickets/1/edit", data=form)
    assert answer.status_code == 409
    assert "From the other window" in answer.text
    assert fresh(ticket).title == "From the other window"
    keep, make = (
        {field["name"]: field["value"] for field in form.all("input", type="hidden")}
        for form in dom.read(answer.text).all("section", class_name="conflict")[0].all("form")
    )
    assert here.post("/tickets/1/edit", data=make).status_code == 303
    assert fresh(ticket).title == "From this window"
    assert keep["title"] == "From the other window"


@pytest.mark.hardening("X-24")
def test_texts_changed_in_two_windows_are_both_saved_if_they_are_not_the_same(world, ticket, visit):
    here, title, text = visit(world.ren), ticket.title, ticket.description
    first = {"title": title, "description": "Typed in the first window.", "version": "1"}
    second = {"title": "Typed in the second window", "description": text, "version": "1"}
    assert [here.post("/tickets/1/edit", data=form).status_code for form in (first, second)] == [303, 303]
    assert (fresh(ticket).title, ticket.description) == (second["title"], first["description"])


@pytest.mark.hardening("X-24")
@pytest.mark.parametrize(("choice", "title"), [(0, "Another title"), (1, "A third title")])
def test_whatever_is_chosen_of_one_text_no_other_goes_back_to_what_it_was(world, ticket, visit, choice, title):
    here, text = visit(world.ren), ticket.description
    for form in (
        {"title": "Another title", "description": text, "version": "1"},
        {"title": "Another title", "description": "Another description.", "version": "2"},
    ):
        assert here.post("/tickets/1/edit", data=form).status_code == 303
    answer = here.post("/tickets/1/edit", data={"title": "A third title", "description": text, "version": "1"})
    assert answer.status_code == 409
    assert "You changed the title in another window too" in answer.text
    form = dom.read(answer.text).all("section", class_name="conflict")[0].all("form")[choice]
    chosen = {field["name"]: field["value"] for field in form.all("input", type="hidden")}
    assert here.post("/tickets/1/edit", data=chosen).status_code == 303
    assert (fresh(ticket).title, ticket.description) == (title, "Another description.")


@pytest.mark.hardening("X-24")
def test_two_texts_that_were_both_changed_twice_are_asked_about_together(world, ticket, visit):
    here = visit(world.ren)
    here.post("/tickets/1/edit", data={"title": "Another title", "description": "Another text.", "version": "1"})
    answer = here.post(
        "/tickets/1/edit", data={"title": "A third title", "description": "A third description.", "version": "1"}
    )
    assert "You changed the title and the description in another window too" in answer.text
    section = dom.read(answer.text).all("section", class_name="conflict")[0]
    shown = [value.text.strip() for value in section.all("p", class_name="conflict-value")]
    assert shown == ["Another title", "Another text.", "A third title", "A third description."]


@pytest.mark.parametrize("version", ["0", "-5", "7", "-99999999999999999999", "99999999999999999999"])
def test_a_version_that_never_was_is_a_question_and_no_fault(world, ticket, visit, version):
    here = visit(world.ren)
    here.post("/tickets/1/edit", data={"title": "Another title", "description": "Another text.", "version": "1"})
    answer = here.post(
        "/tickets/1/edit", data={"title": "A third title", "description": "A third description.", "version": version}
    )
    assert answer.status_code == 409


def test_the_question_about_a_text_comes_through_a_sign_in(world, ticket, visit):
    here = visit(world.ren)
    here.post("/tickets/1/edit", data={"title": "Another title", "description": "Another text.", "version": "1"})
    answer = here.post(
        "/tickets/1/edit", data={"title": "A third title", "description": "A third description.", "version": "1"}
    )
    _, make = dom.read(answer.text).all("section", class_name="conflict")[0].all("form")
    chosen = {field["name"]: field["value"] for field in make.all("input", type="hidden")}
    answer = visit().post("/tickets/1/edit", data=chosen)
    assert answer.status_code == 401
    carried = {field["name"]: field["value"] for field in dom.read(answer.text).all("input", type="hidden")}
    assert (carried["kept-title"], carried["draft"]) == ("A third title", "ticket:1:edit")


def test_a_comment_edited_from_an_old_page_is_a_question(world, ticket, visit):
    comment, browser = world.comment(world.ren, ticket, "one"), visit(world.ren)
    assert browser.post(f"/comments/{comment.id}/edit", data={"body": "two", "version": "1"}).status_code == 303
    answer = browser.post(f"/comments/{comment.id}/edit", data={"body": "three", "version": "1"})
    assert answer.status_code == 409
    assert "two" in answer.text
    assert "three" in answer.text


def together(app, count: int, act):
    """Let `count` threads, each with a session of its own, do the same at the same moment."""
    start = Barrier(count)

    def run(number: int):
        with app.app_context():
            start.wait()
            try:
                result = act(number)
                db.commit()
            except Conflict:
                return "conflict"
            return result

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.hardening("X-24")
def test_of_many_who_claim_at_the_same_moment_one_gets_the_ticket(app, world, ticket):
    ids = [world.mia.id, world.tom.id, world.ana.id]

    def claim(number):
        actor = db.session.get(User, ids[number])
        change_actions.assign(actor, find_ticket(actor, 1), actor, was="")
        return actor.id

    results = together(app, 3, claim)
    assert sorted(map(str, results)).count("conflict") == 2
    assert fresh(ticket).assignee_id in results


@pytest.mark.hardening("X-22", "O-17")
def test_one_form_sent_many_times_at_the_same_moment_is_one_comment(app, world, ticket):
    ren = world.ren.id

    def say(_number):
        actor = db.session.get(User, ren)
        return actions.add_comment(actor, find_ticket(actor, 1), body="once", key="once").id

    assert len(set(together(app, 4, say))) == 1
    assert db.session.scalar(select(func.count()).select_from(Comment)) == 1
