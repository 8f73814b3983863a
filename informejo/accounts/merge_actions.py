"""Two accounts of one person become one: everything of the one goes to the other, and only that one comes in."""

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import aliased
from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.giving_actions import give, has_anothers, leave_address
from informejo.accounts.merge_queries import what_stands_against
from informejo.accounts.models import User, nobodys_address
from informejo.accounts.rights_actions import hold_rights, require_another_admin
from informejo.accounts.session_actions import end_sessions
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.mail.models import IncomingMail, MailChoices, OutgoingMail, Watcher
from informejo.mail.words import OutState
from informejo.sso.models import Identity
from informejo.teams.actions import add_member, remove_member
from informejo.teams.queries import teams_of
from informejo.tickets.batch_actions import hold_tickets_of, pass_on
from informejo.tickets.confiding_actions import entrust
from informejo.tickets.models import Attachment, Comment, NamedPerson, Reading, Ticket

WHOSE = (  # columns that name an account, and go on naming the other one
    Ticket.requester_id,
    Ticket.opened_by_id,
    Ticket.assignee_id,
    Comment.author_id,
    Attachment.uploader_id,
    IncomingMail.person_id,
)
ONCE = {  # of which an account has one of each: tables, and what tells their rows apart
    Reading: ("ticket_id",),
    Watcher: ("ticket_id",),
    NamedPerson: ("ticket_id",),
    Draft: ("form", "key"),
}


def merge(actor: User, user: User, into: User) -> Event:
    """Give everything of `user` to `into`, who keeps role, password and second factors; `user` is shut out for good.

    What comes from the address of `user` counts as said by `into`, unless the address may be another's: then it stays
    behind, with a guest, and so does what came from it. Nobody gains a role by it, and accounts at providers of
    somebody who has not shown that the address is theirs sign nobody in any more.
    Raises UnprocessableEntity when the two cannot be merged.
    """
    hold_rights(actor, user, into, "user.merge")
    if why := what_stands_against(user, into):
        raise UnprocessableEntity(why)
    require_another_admin(user)
    _leave_the_desk(actor, user, into)
    if has_anothers(user):
        leave_address(user, nobodys_address())
    _give_rows(user, into)
    end_sessions(actor, user)
    void_ways_in(user)
    return _shut_for_good(actor, user, into)


def _shut_for_good(actor: User, user: User, into: User) -> Event:
    db.session.execute(update(User).where(User.merged_into_id == user.id).values(merged_into_id=into.id))
    changes = {"merged": [user.name, into.name]}
    log.record(EventName.USER_DEACTIVATED, actor, audience=Audience.STAFF, user=user, changes=changes)
    return log.record(EventName.USER_MERGED, actor, audience=Audience.STAFF, user=into, changes=changes)


def _leave_the_desk(actor: User, user: User, into: User):
    """Where the other one is not at the desk, unsolved tickets go back to the queue."""
    left = hold_tickets_of(actor, user, None, leaves=True) if user.is_staff and not into.is_at_the_desk else []
    user.active, user.merged_into_id = False, into.id
    if user.is_staff and not into.is_at_the_desk:
        entrust(actor, user, None)
    pass_on(actor, left, None)
    for team in teams_of(user):
        remove_member(actor, team, user)
        if into.is_at_the_desk:
            add_member(actor, team, into)


def _give_rows(user: User, into: User):
    db.session.flush()
    for author, key in ((Ticket.opened_by_id, Ticket.key), (Comment.author_id, Comment.key)):
        _forget_keys_of_both(author, key, user, into)
    _forget_what_was_read_less_far(user, into)
    if not into.is_staff:  # or whoever makes them an agent later would give them sight, and mails, without a word
        for table in (NamedPerson, Watcher):
            _run(delete(table).where(table.user_id == user.id))
    for table, names in ONCE.items():
        _give_what_is_there_once(table, names, user, into)
    db.session.execute(delete(MailChoices).where(MailChoices.user_id == user.id))
    # What waits for its time goes nowhere now: whoever sends has it decided anew, for the one who stays.
    waiting = OutgoingMail.user_id == user.id, OutgoingMail.state == OutState.WAITING
    db.session.execute(update(OutgoingMail).where(*waiting).values(due_at=clock.now()))
    # Whoever made an account with an address that nobody has proven would come in as the other one by it.
    for column in WHOSE if user.is_unproven else (*WHOSE, Identity.user_id):
        give(column, user, into)
    db.session.expire_all()  # the statements changed rows that this session has read


def _give_what_is_there_once(table: type, names: tuple[str, ...], user: User, into: User):
    twin = aliased(table)
    same = [getattr(twin, name) == getattr(table, name) for name in names]
    of_both = exists().where(twin.user_id == into.id, *same)
    _run(delete(table).where(table.user_id == user.id, of_both))
    _run(update(table).where(table.user_id == user.id).values(user_id=into.id))


def _forget_what_was_read_less_far(user: User, into: User):
    """Whoever read a ticket with either account has read it so far."""
    other = aliased(Reading)
    further = exists().where(
        other.user_id == user.id, other.ticket_id == Reading.ticket_id, other.event_id > Reading.event_id
    )
    _run(delete(Reading).where(Reading.user_id == into.id, further))


def _forget_keys_of_both(author: ColumnElement, key: ColumnElement, user: User, into: User):
    """A once-only key names one thing of one person; of two things that had the same, the other's is forgotten."""
    taken = select(key).where(author == into.id, key.is_not(None))
    _run(update(author.class_).where(author == user.id, key.in_(taken)).values(key=None))


def _run(statement):
    db.session.execute(statement, execution_options={"synchronize_session": False})
