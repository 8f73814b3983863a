"""Taking somebody's name and address out for good. What they wrote stays, as a former user's."""

from sqlalchemy import delete, or_, select, update

from informejo import clock, db
from informejo.accounts.actions import hold_rights, leave, require_another_admin
from informejo.accounts.merge_queries import merged_into
from informejo.accounts.models import User
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.mail.models import CaughtMail, IncomingMail, MailChoices, MailPicture, OutgoingMail, Verdict, Watcher
from informejo.teams.models import TeamMember
from informejo.tickets.models import NamedPerson, Reading

NAME = "Former user"
THEIRS = (Draft, MailChoices, NamedPerson, Reading, TeamMember, Verdict, Watcher)  # what is of no use without them


def erase(actor: User, user: User):
    """Take out name, address and all that is of use to this person alone: by themselves, or by an administrator.

    Tickets and messages stay, and files with them; unsolved tickets that were with them go back to the queue. They can
    never come in again. Raises UnprocessableEntity for the last administrator.
    """
    hold_rights(actor, user, what="user.erase")
    if user.erased_at is not None:
        return
    require_another_admin(user)
    leave(actor, user)
    void_ways_in(user)
    for one in (user, *merged_into(user)):  # what they were called before they had this account alone goes with it
        _forget(one)
    log.record(EventName.USER_ERASED, actor, audience=Audience.STAFF, user=user)


def _forget(user: User):
    for table in THEIRS:
        db.session.execute(delete(table).where(table.user_id == user.id))
    address = f"former-user-{user.id}@erased.invalid"  # RFC 2606: no mail can ever go there
    _forget_address(user, address)
    _forget_names(user)
    user.name, user.email, user.department, user.time_zone = NAME, address, "", ""
    user.confirmed_at, user.erased_at = None, clock.now()


def _forget_address(user: User, instead: str):
    """Where mails name it; those that came in stay as they are on the disk."""
    sent = or_(OutgoingMail.user_id == user.id, OutgoingMail.address == user.email)
    db.session.execute(update(OutgoingMail).where(sent).values(address=instead))
    db.session.execute(update(IncomingMail).where(IncomingMail.sender == user.email).values(sender=instead))
    db.session.execute(delete(MailPicture).where(MailPicture.sender == user.email))
    db.session.execute(delete(CaughtMail).where(CaughtMail.address == user.email))


def _forget_names(user: User):
    """What the log keeps of the names they had: that they changed stays, what they were goes."""
    own = select(Event).where(Event.user_id == user.id, Event.name == EventName.USER_UPDATED)
    for event in db.session.scalars(own):
        if hidden := {field: [None, None] for field in ("name", "department", "passkey") if field in event.changes}:
            event.changes = event.changes | hidden
