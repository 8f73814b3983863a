"""What may happen to a ticket, and what the log and its columns say afterwards."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db, limits
from informejo.accounts.models import Role
from informejo.drafts.actions import save_draft
from informejo.drafts.queries import draft_for
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.tickets import actions, change_actions
from informejo.tickets.files import Kept, keep, path_of
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Category, Priority, Status

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT = b"a sign of smoke"
FILE = Kept(token="t0ken", name="smoke.png", media_type="image/png", size=15, stored_name="abcdef")


@pytest.fixture
def ticket(world):
    return world.ticket()


def last() -> log.Event:
    return log.since(0)[-1]


def unlike(file: Kept) -> Kept:
    """The same file, as it is kept when it is sent again."""
    [again] = keep([FileStorage(io.BytesIO(CONTENT), file.name)], room=100)
    return again


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


def set_status(world, ticket, status, by=None, hour=0):
    with clock.at(NOON + timedelta(hours=hour)):
        change_actions.set_status(by or world.mia, ticket, status)
        db.commit()


def test_a_new_ticket_is_open_medium_other_and_its_requesters(world, ticket):
    assert (ticket.status, ticket.priority, ticket.category) == (Status.OPEN, Priority.MEDIUM, Category.OTHER)
    assert ticket.requester is ticket.opened_by is world.ren
    assert (last().name, last().actor, last().audience) == (EventName.TICKET_CREATED, world.ren, Audience.REQUESTER)
    assert ticket.last_event_id == ticket.last_public_event_id == last().id


def test_staff_open_tickets_for_others_and_others_do_not(world):
    ticket = world.ticket(world.mia, requester=world.ren)
    assert (ticket.requester, ticket.opened_by) == (world.ren, world.mia)
    with pytest.raises(Forbidden):
        world.ticket(world.zoe, requester=world.ren)


@pytest.mark.parametrize("over", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("before", [Status.OPEN, Status.IN_PROGRESS, Status.WAITING])
def test_resolved_at_is_when_the_ticket_was_over_whichever_way_it_came_there(world, ticket, before, over):
    ticket.status = before
    set_status(world, ticket, over)
    assert ticket.resolved_at == NOON


@pytest.mark.hardening("O-13")
def test_closing_what_was_resolved_keeps_the_moment_it_was_resolved(world, ticket):
    set_status(world, ticket, Status.RESOLVED)
    set_status(world, ticket, Status.CLOSED, hour=5)
    assert ticket.resolved_at == NOON


@pytest.mark.hardening("O-13")
@pytest.mark.parametrize("over", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("again", [Status.OPEN, Status.IN_PROGRESS, Status.WAITING])
def test_a_ticket_that_is_open_again_has_not_been_resolved(world, ticket, over, again):
    set_status(world, ticket, over)
    set_status(world, ticket, again, hour=1)
    assert ticket.resolved_at is None
    set_status(world, ticket, over, hour=2)
    assert ticket.resolved_at == NOON + timedelta(hours=2)


@pytest.mark.parametrize("before", Status)
def test_the_requesters_answer_opens_again_what_waited_for_it_or_seemed_solved(world, ticket, before):
    set_status(world, ticket, before)
    world.comment(world.ren, ticket, "No, it still burns.")
    reopened = before in (Status.WAITING, Status.RESOLVED)
    assert ticket.status == (Status.OPEN if reopened else before)
    assert last().changes == ({"status": [before, "open"]} if reopened else {})
    assert (ticket.resolved_at is None) == (ticket.status != Status.CLOSED)


@pytest.mark.parametrize("before", Status)
def test_what_the_staff_write_leaves_the_status_alone(world, ticket, before):
    set_status(world, ticket, before)
    world.comment(world.mia, ticket)
    world.note(ticket)
    assert ticket.status == before


def test_a_note_of_the_staff_on_their_own_ticket_does_not_open_it_again(world):
    own = world.ticket(world.mia)
    set_status(world, own, Status.WAITING)
    world.note(own, by=world.mia)
    assert own.status == Status.WAITING
    world.comment(world.mia, own, "An answer.")
    assert own.status == Status.OPEN


def test_what_follows_a_closed_ticket_is_a_new_one_that_links_back(world, ticket):
    set_status(world, ticket, Status.CLOSED)
    ticket.category = Category.HARDWARE
    follow = actions.follow_up(world.ren, ticket, body="It burns again.", key="once")
    db.commit()
    assert (follow.follows, follow.title, follow.description) == (ticket, f"Again: {ticket.title}", "It burns again.")
    assert (follow.category, follow.status, follow.requester) == (Category.HARDWARE, Status.OPEN, world.ren)
    assert ticket.status == Status.CLOSED
    assert actions.follow_up(world.ren, ticket, body="It burns again.", key="once") is follow


def test_the_title_of_what_follows_keeps_to_the_limit(world):
    closed = world.ticket(title="x" * limits.TITLE.most)
    assert len(actions.follow_up(world.ren, closed, body="Again.").title) == limits.TITLE.most


@pytest.mark.hardening("X-22")
def test_the_same_form_sent_twice_opens_one_ticket_with_its_files_once(world):
    first, second = (world.ticket(key="once", files=[unlike(FILE)]) for _ in range(2))
    assert first is second
    assert (count(Ticket), count(Attachment)) == (1, 1)
    assert len(log.since(0)) == 2
    assert world.ticket(world.zoe, key="once") is not first, "a key is its author's"


@pytest.mark.hardening("X-22", "O-17")
def test_the_same_message_sent_twice_is_there_once_and_does_not_reopen_twice(world, ticket):
    set_status(world, ticket, Status.WAITING)
    first = world.comment(world.ren, ticket, key="once", files=[unlike(FILE)])
    set_status(world, ticket, Status.WAITING)
    assert world.comment(world.ren, ticket, key="once", files=[unlike(FILE)]) is first
    assert (count(Comment), count(Attachment), ticket.status) == (1, 1, Status.WAITING)
    assert world.comment(world.mia, ticket, key="once") is not first


def test_a_message_without_a_key_may_be_said_twice(world, ticket):
    assert world.comment(world.ren, ticket) is not world.comment(world.ren, ticket)


def test_a_file_is_recorded_for_those_who_may_see_its_message(world, ticket):
    world.note(ticket, files=[FILE])
    assert [event.audience for event in log.since(0)[-2:]] == [Audience.STAFF, Audience.STAFF]
    assert last().attachment.internal
    assert ticket.last_event_id == last().id > ticket.last_public_event_id
    world.comment(world.mia, ticket, files=[FILE._replace(token="other", stored_name="other")])
    assert last().audience == Audience.REQUESTER


@pytest.mark.hardening("O-13")
def test_a_ticket_is_given_only_to_active_staff(world, ticket):
    for person in (world.gus, world.ren, world.zoe, world.dan):
        with pytest.raises(UnprocessableEntity, match="active member of the staff"):
            change_actions.assign(world.mia, ticket, person)
    for person in (world.tom, world.ana, None):
        change_actions.assign(world.mia, ticket, person)
        assert ticket.assignee is person
    db.commit()
    assert last().changes == {"assignee": ["Ana Silva", None]}


def test_a_change_is_recorded_with_what_was_and_what_is(world, ticket):
    change_actions.set_priority(world.mia, ticket, Priority.CRITICAL)
    change_actions.set_category(world.mia, ticket, Category.NETWORK)
    db.commit()
    changes = [event.changes for event in log.since(0)[-2:]]
    assert changes == [{"priority": ["medium", "critical"]}, {"category": ["other", "network"]}]
    assert {event.name for event in log.since(0)[-2:]} == {EventName.TICKET_UPDATED}


def test_setting_what_is_so_already_is_no_event(world, ticket):
    before = log.standing().latest
    change_actions.set_status(world.mia, ticket, Status.OPEN)
    change_actions.assign(world.mia, ticket, None, was="7")
    change_actions.edit_ticket(world.ren, ticket, title=ticket.title, description=ticket.description, version=99)
    db.commit()
    assert (log.standing().latest, ticket.version) == (before, 1)


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.WAITING])
def test_how_the_desk_works_is_for_the_staff_to_say(world, ticket, status):
    with pytest.raises(Forbidden):
        change_actions.set_status(world.ren, ticket, status)
    change_actions.set_status(world.mia, ticket, status)
    assert ticket.status == status


def test_a_requester_settles_their_ticket_and_opens_it_again_until_it_is_closed(world, ticket):
    for status in (Status.RESOLVED, Status.OPEN, Status.CLOSED):
        change_actions.set_status(world.ren, ticket, status)
        assert ticket.status == status
    with pytest.raises(Forbidden):
        change_actions.set_status(world.ren, ticket, Status.OPEN)


def test_deleting_and_restoring_are_recorded_once_and_lose_nothing(world, ticket):
    world.comment(world.mia, ticket)
    for act, name in (
        (change_actions.delete_ticket, "ticket:deleted"),
        (change_actions.restore_ticket, "ticket:restored"),
    ):
        before = log.standing().latest
        act(world.ana, ticket)
        act(world.ana, ticket)
        db.commit()
        assert [event.name for event in log.since(before)] == [name]
    assert ticket.deleted_at is None
    assert count(Comment) == 1


def test_reading_never_goes_backwards_nor_beyond_what_there_is(world, ticket):
    from informejo.tickets.queries import reading_of

    newest = world.comment(world.mia, ticket).ticket.last_public_event_id
    for event, expected in ((1, 1), (newest + 999, newest), (1, newest)):
        actions.mark_seen(world.ren, ticket, event)
        db.commit()
        assert reading_of(world.ren, ticket).event_id == expected


def test_what_was_sent_is_no_draft_any_more(world, ticket):
    comment = world.comment(world.ren, ticket)
    edits = {"title": "Another title", "description": "Another description", "version": 1}
    for form, send in {
        "new-ticket": lambda: world.ticket(key="k"),
        "ticket:1": lambda: world.comment(world.ren, ticket, key="k"),
        "ticket:1:edit": lambda: change_actions.edit_ticket(world.ren, ticket, **edits),
        f"comment:{comment.id}": lambda: change_actions.edit_comment(world.ren, comment, body="Better.", version=1),
    }.items():
        key = "" if "edit" in form or "comment" in form else "k"
        save_draft(world.ren, form, {"body": "half a"}, key)
        save_draft(world.mia, form, {"body": "somebody else's"}, key)
        send()
        db.commit()
        assert not draft_for(world.ren, form)
        assert draft_for(world.mia, form)


def test_a_role_that_may_not_is_refused_by_the_action_itself(world, ticket):
    world.mia.role = Role.USER
    for act in (
        lambda: actions.add_comment(world.mia, ticket, body="x", internal=True),
        lambda: change_actions.set_priority(world.mia, ticket, Priority.LOW),
        lambda: change_actions.assign(world.mia, ticket, None),
        lambda: change_actions.delete_ticket(world.mia, ticket),
        lambda: actions.mark_seen(world.mia, ticket, 1),
    ):
        with pytest.raises(Forbidden):
            act()


def test_what_was_put_right_before_it_was_sent_again_is_not_lost(world):
    ticket = world.ticket()
    first = world.comment(world.ren, ticket, "It burns", key="once")
    again = world.comment(world.ren, ticket, "It burns", key="once")
    changed = world.comment(world.ren, ticket, "It burns, and smokes", key="once")
    assert again is first
    assert changed is not first
    assert changed.body == "It burns, and smokes"


def test_a_file_that_was_added_before_it_was_sent_again_is_not_lost(world, ticket):
    log_file = FILE._replace(name="log.txt")
    for send, is_closed in ((world.comment, False), (actions.reply, False), (actions.reply, True)):
        said = {"body": "It burns", "key": f"{send.__name__} {is_closed}"}
        first = send(world.ren, ticket, **said, files=[unlike(FILE)])
        set_status(world, ticket, Status.CLOSED if is_closed else Status.OPEN)
        assert send(world.ren, ticket, **said, files=[unlike(FILE)]) is first
        assert send(world.ren, ticket, **said) is first
        more = send(world.ren, ticket, **said, files=[unlike(FILE), unlike(log_file)])
        assert more is not first
        db.session.refresh(more)
        assert [file.name for file in more.attachments] == [FILE.name, log_file.name]


def test_a_ticket_that_is_opened_with_one_form_for_two_people_is_opened_for_both(world):
    said = {"title": "A new laptop", "description": "Please order one.", "key": "once"}
    opened = [actions.open_ticket(world.mia, **said, requester=person) for person in (world.ren, world.zoe, world.ren)]
    assert [ticket.requester for ticket in opened] == [world.ren, world.zoe, world.ren]
    assert opened[2] is opened[0]
    assert opened[1] is not opened[0]


def test_what_is_said_again_on_another_ticket_is_said_there(world, ticket):
    there = world.ticket()
    first, second = (actions.add_comment(world.ren, at, body="Me too", key="once") for at in (ticket, there))
    assert (first.ticket, second.ticket) == (ticket, there)


def test_what_the_staff_made_of_a_ticket_does_not_hide_that_it_is_sent_again(world):
    said = {"title": "The printer is on fire", "description": "Smoke comes out of it.", "priority": Priority.HIGH}
    ticket = actions.open_ticket(world.ren, **said, key="once")
    change_actions.set_priority(world.mia, ticket, Priority.LOW)
    comment = world.comment(world.ren, ticket, "It burns", key="twice")
    change_actions.edit_comment(world.ren, comment, body="It burned", version=1)
    assert actions.open_ticket(world.ren, **said, key="once") is ticket
    assert world.comment(world.ren, ticket, "It burns", key="twice") is comment


def test_a_ticket_that_is_sent_again_as_more_urgent_is_not_lost(world):
    said = {"title": "The printer is on fire", "description": "Smoke comes out of it.", "key": "once"}
    opened = [actions.open_ticket(world.ren, **said, priority=priority) for priority in (Priority.LOW, Priority.HIGH)]
    assert [ticket.priority for ticket in opened] == [Priority.LOW, Priority.HIGH]


def test_an_answer_that_opened_a_ticket_and_is_sent_again_is_not_said_twice(world, ticket):
    set_status(world, ticket, Status.CLOSED)
    opened = actions.reply(world.ren, ticket, body="It burns again", key="once")
    set_status(world, ticket, Status.OPEN)
    assert actions.reply(world.ren, ticket, body="It burns again", key="once") is opened
    assert actions.reply(world.ren, ticket, body="It burns more", key="once").ticket is ticket


def test_another_file_of_the_same_name_and_size_is_no_repetition(world, ticket, visit):
    browser = visit(world.ren)
    for content in (b"version A", b"version A", b"version B"):
        files = [(io.BytesIO(content), "log.txt")]
        fields = {"body": "see the log", "key": "once", "files": files}
        assert browser.post("/tickets/1/comments", data=fields).status_code == 303
    found = db.session.scalars(select(Attachment).order_by(Attachment.id))
    assert [path_of(file).read_bytes() for file in found] == [b"version A", b"version B"]


def test_a_message_that_is_sent_again_takes_no_room_twice(app, world, ticket, visit):
    app.config["TICKET_QUOTA"] = 1000
    browser = visit(world.ren)

    def send(key: str) -> int:
        fields = {"body": "see the log", "key": key, "files": [(io.BytesIO(bytes(600)), "log.txt")]}
        return browser.post("/tickets/1/comments", data=fields).status_code

    assert [send("once"), send("once"), send("other")] == [303, 303, 413]
    set_status(world, ticket, Status.CLOSED)
    db.commit()
    assert send("third") == 303, "it opens a new ticket, which has room of its own"


@pytest.mark.parametrize("changed", [{"body": "see this"}, {"files": b"1"}])
def test_another_message_takes_room_whatever_key_it_brings(app, world, ticket, visit, changed):
    app.config["TICKET_QUOTA"] = 1000
    browser = visit(world.ren)

    def send(files: bytes = b"0", **fields) -> int:
        fields = {"body": "see the log", "key": "once", "files": [(io.BytesIO(files * 600), "log.txt")]} | fields
        return browser.post("/tickets/1/comments", data=fields).status_code

    assert [send(), send(), send(**changed)] == [303, 303, 413]
    assert db.session.query(Attachment).count() == 1


@pytest.mark.parametrize("address", ["/tickets", "/tickets/1/comments"])
def test_a_form_without_a_once_only_key_can_be_sent_as_often_as_one_likes(world, ticket, visit, address):
    fields = {"title": "A good title", "description": "A good description.", "body": "Hello.", "key": ""}
    browser = visit(world.ren)
    places = [browser.post(address, data=fields).location for _ in range(3)]
    assert len(set(places)) == 3
