"""The demonstration desk: a whole small company, as if it had all happened."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from informejo import clock, create_app, db, demo
from informejo.accounts.actions import sign_in
from informejo.accounts.inputs import Email, Name
from informejo.accounts.models import Role, User
from informejo.accounts.passwords import weakness
from informejo.db import commit
from informejo.demo import script
from informejo.drafts.models import Draft
from informejo.events.models import Event, LogEpoch
from informejo.events.names import EventName
from informejo.inputs import Input
from informejo.tickets import files, queries
from informejo.tickets.inputs import NewComment, NewTicket
from informejo.tickets.models import Attachment, Comment, Reading, Ticket
from informejo.tickets.words import Category, Priority, Status

NOW = datetime(2025, 6, 18, 14, 30, tzinfo=UTC)  # a Wednesday afternoon


class Somebody(Input):
    """What the forms ask of a person."""

    email: Email
    name: Name


@pytest.fixture(scope="module")
def logins(tmp_path_factory):
    """Those who can sign in to a desk that is filled once for all tests: they only read."""
    folder = tmp_path_factory.mktemp("demo")
    app = create_app({"DATABASE_URL": f"sqlite:///{folder}/demo.db", "UPLOAD_DIR": str(folder / "files")})
    with app.app_context():
        db.alchemy.create_all()
        db.session.add(LogEpoch(word="test"))
        with clock.at(NOW):
            logins = demo.fill()
        commit()
        yield logins
        db.session.rollback()
        db.engine().dispose()


def rows(model) -> list:
    return list(db.session.scalars(select(model).order_by(model.id)))


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def told() -> dict[str, list[str]]:
    """What is written in each story, by its title, in the order in which it stands in the file."""
    files = [file.read_text(encoding="utf-8") for file in (script.HERE / "stories").iterdir()]
    texts = [text for file in files for text in script.TITLE.split(file)[1:]]
    stories = [[part.strip().partition("\n") for part in script.TURN.split(text)] for text in texts]
    return {title[0]: [words for _, _, words in scenes] for title, *scenes in stories}


def test_it_has_sixty_tickets_in_every_status_priority_and_category(logins):
    tickets = rows(Ticket)
    assert len(tickets) == 60
    assert {ticket.status for ticket in tickets} == set(Status)
    assert {ticket.priority for ticket in tickets} == set(Priority)
    assert {ticket.category for ticket in tickets} == set(Category)


def test_everybody_on_the_list_can_sign_in_and_nobody_else(logins):
    assert all(sign_in(login.email, login.password).name == login.name for login in logins)
    listed = {login.email for login in logins}
    others = [person for person in rows(User) if person.email not in listed]
    assert {(person.role, person.active) for person in others} == {(Role.GUEST, True), (Role.AGENT, False)}
    assert not any(sign_in(person.email, demo.PASSWORD) for person in others)


def test_the_printed_passphrase_is_one_that_the_desk_would_take():
    assert len(demo.PASSWORD) >= 12
    assert weakness(demo.PASSWORD) is None


def test_the_cast_has_every_role(logins):
    counts = {role: sum(person.role == role and person.active for person in rows(User)) for role in Role}
    assert counts == {Role.ADMIN: 2, Role.AGENT: 4, Role.USER: 14, Role.GUEST: 2}


def test_the_log_is_in_the_order_of_time_and_ends_before_now(logins):
    moments = [event.at for event in rows(Event)]
    assert moments == sorted(moments)
    assert NOW - timedelta(days=22) < moments[0] < NOW - timedelta(days=19)
    assert NOW - timedelta(minutes=30) < moments[-1] < NOW


@pytest.mark.parametrize("day", range(14, 21))
@pytest.mark.parametrize("hour", [0, 7, 23])
def test_whenever_it_is_filled_each_story_happens_on_working_days_in_the_order_it_is_told(day, hour):
    now = datetime(2025, 6, day, hour, tzinfo=UTC)
    turns = script.turns(now)
    assert all(turn.at < now for turn in turns)
    assert all(turn.at.weekday() < 5 or now - turn.at < timedelta(hours=3) for turn in turns)
    for title, words in told().items():
        assert [turn.words for turn in turns if turn.story == title] == words


def test_all_that_can_happen_to_a_ticket_has_happened(logins):
    happened = {event.name for event in rows(Event)}
    assert set(EventName) - happened == {
        EventName.TICKET_RESTORED,
        EventName.USER_UPDATED,
        EventName.USER_REACTIVATED,
        EventName.SESSION_ENDED,
        EventName.WATCHER_ADDED,
        EventName.WATCHER_REMOVED,
        EventName.ATTACHMENT_CHECKED,
        EventName.MAIL_FAILED,
        EventName.COMMENT_REMOVED,
        EventName.PASSWORD_OFFERED,
        EventName.PASSWORD_FORGOTTEN,
        EventName.LINK_OFFERED,
        EventName.ADDRESS_OFFERED,
        EventName.USER_MERGED,
        EventName.USER_ERASED,
        EventName.TEAM_CREATED,
        EventName.TEAM_UPDATED,
        EventName.TEAM_DELETED,
        EventName.SETTING_CHANGED,
    }
    assert any(ticket.follows and ticket.follows.status == Status.CLOSED for ticket in rows(Ticket))
    assert any(ticket.deleted_at for ticket in rows(Ticket))
    assert any(event.changes.get("status", [None])[0] == Status.RESOLVED for event in rows(Event))


def test_there_are_replies_and_internal_notes_and_some_were_edited(logins):
    comments = rows(Comment)
    assert {comment.internal for comment in comments} == {True, False}
    assert any(comment.edited_at for comment in comments)
    assert count(Draft) == 1


def test_every_text_is_one_that_the_forms_would_take(logins):
    for ticket in rows(Ticket):
        taken = NewTicket.read({"title": ticket.title, "description": ticket.description})
        assert (taken.title, taken.description) == (ticket.title, ticket.description)
    for comment in rows(Comment):
        assert NewComment.read({"body": comment.body}).body == comment.body
    for person in rows(User):
        assert Somebody.read({"email": person.email, "name": person.name}).name == person.name


def test_the_files_lie_on_disk_and_are_what_their_names_say(logins):
    kinds = {".png": "image/png", ".pdf": "application/pdf"}
    attachments = rows(Attachment)
    assert {attachment.media_type for attachment in attachments} == {*kinds.values(), "text/plain"}
    for attachment in attachments:
        path = files.path_of(attachment)
        assert path.stat().st_size == attachment.size
        assert attachment.media_type == kinds.get(attachment.name[-4:], "text/plain")


def test_what_is_old_has_been_read_and_what_is_new_has_not(logins):
    maren = db.session.scalar(select(User).where(User.email == "maren@meridian.example"))
    with clock.at(NOW):
        assert 0 < queries.unread_for(maren) < 10
    assert count(Reading) > 200


def test_it_refuses_a_desk_with_people(logins):
    before = count(Event)
    with pytest.raises(demo.DemoRefused, match="empty database"):
        demo.fill()
    assert count(Event) == before
