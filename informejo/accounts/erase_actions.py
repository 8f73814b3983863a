"""Taking somebody's name and address out for good. What they wrote stays, as a former user's."""

import json
from collections.abc import Collection

from sqlalchemy import Select, Text, cast, delete, exists, select

from informejo import clock, db, slow_reads, turns
from informejo.accounts.erase_mail_actions import call_former_user_in, forget_in_mails, reasons_that_name
from informejo.accounts.giving_actions import has_anothers, leave_address
from informejo.accounts.merge_queries import merged_into
from informejo.accounts.models import FORMER, User, nobodys_address
from informejo.accounts.rights_actions import hold_rights, leave, require_another_admin
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.mail.models import MailChoices, Verdict, Watcher
from informejo.policy import require
from informejo.teams.models import TeamMember
from informejo.tickets.models import NamedPerson, Reading

OF_PEOPLE = {"requester", "assignee", "named", "members", "merged", "tickets"}  # fields that say names of people
THEIRS = (Draft, MailChoices, NamedPerson, Reading, TeamMember, Verdict, Watcher)  # what is of no use without them


def erase(actor: User, user: User):
    """Take out name, address and all that is of use to this person alone: by themselves, or by an administrator.

    Tickets and messages stay, and files with them; unsolved tickets that were with them go back to the queue. They can
    never come in again. Raises UnprocessableEntity for the last administrator.
    """
    require(actor, "user.erase", user)
    names, began = _names_of(user), made_at(clock.now())
    told = {id for name in names for id in _events_that_say(name)}  # long to look for: before others have to wait
    reasons = reasons_that_name(user, names)
    hold_rights(actor, user, what="user.erase")
    if user.erased_at is not None:
        return
    names |= _names_of(user)  # what they were called meanwhile is said by events since it began alone
    require_another_admin(user)
    leave(actor, user)
    void_ways_in(user)
    if actor is user and has_anothers(user):  # an administrator may take out an address that is not the account's own
        leave_address(user, nobodys_address())
    for one in (user, *merged_into(user)):  # what they were called before they had this account alone goes with it
        _forget(one)
    _call_former_user(names, told, began)
    call_former_user_in(reasons)
    log.record(EventName.USER_ERASED, actor, audience=Audience.STAFF, user=user)


def _forget(user: User):
    for table in THEIRS:
        db.session.execute(delete(table).where(table.user_id == user.id))
    address = nobodys_address()
    forget_in_mails(user, address)
    _forget_names(user)
    user.name, user.email, user.department, user.time_zone = FORMER, address, "", ""
    user.confirmed_at, user.erased_at = None, clock.now()


def _forget_names(user: User):
    """What the log keeps of the names they had: that they changed stays, what they were goes."""
    for event in db.session.scalars(_own_events([user])):
        if hidden := {field: [None, None] for field in ("name", "department", "passkey") if field in event.changes}:
            event.changes = event.changes | hidden


def _names_of(user: User) -> set[str]:
    """What they are and were called; not what somebody else is called too: nobody can tell then who was meant."""
    accounts = (user, *merged_into(user))
    before = _own_events(accounts).where(Event.changes["name"].as_string().is_not(None))
    own = {one.name for one in accounts} | {
        name for event in db.session.scalars(before) for name in event.changes["name"]
    }
    return {name for name in own - {None, FORMER} if not _is_anothers(name, accounts)}


def _is_anothers(name: str, accounts: Collection[User]) -> bool:
    others = User.id.not_in([one.id for one in accounts])
    return db.session.scalar(select(exists().where(User.says_first(name), User.name == name, others)))


def _own_events(accounts: Collection[User]) -> Select:
    return select(Event).where(Event.user_id.in_([one.id for one in accounts]), Event.name == EventName.USER_UPDATED)


def _events_that_say(name: str) -> list[int]:
    said = cast(Event.changes, Text).contains(json.dumps(name), autoescape=True)
    return [id for (id,) in slow_reads.rows(select(Event.id).where(said))]


def _call_former_user(names: set[str], told: Collection[int], began: int):
    """In what the log says of tickets and teams: that somebody had them stays, who it was goes."""
    ids = [*told, *db.session.scalars(select(Event.id).where(Event.id >= began))]
    for id in turns.in_turns(ids):
        event = db.session.get(Event, id)
        event.changes = {
            field: _without(names, values) if field in OF_PEOPLE else values for field, values in event.changes.items()
        }


def _without(names: set[str], said):
    if isinstance(said, list):
        return [_without(names, one) for one in said]
    return FORMER if said in names else said
