"""Changing what people may do: role and activity, and who takes over what they had."""

from werkzeug.exceptions import UnprocessableEntity

from informejo import db
from informejo.accounts.actions import change_fields, require_there
from informejo.accounts.admin_queries import able_admins
from informejo.accounts.models import STAFF, Role, User
from informejo.accounts.session_actions import end_sessions
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.meanwhile import merged
from informejo.policy import require
from informejo.teams.actions import keep_in_step
from informejo.teams.models import Team
from informejo.tickets.batch_actions import hold_tickets_of, pass_on
from informejo.tickets.batch_queries import told_of
from informejo.tickets.confiding_actions import entrust


def set_role(
    actor: User,
    user: User,
    role: Role,
    to: User | Team | None = None,
    *,
    known: bool = False,
    was: Role | None = None,
) -> Event | None:
    """Make somebody requester, agent or administrator. They have to sign in again: rights never outlive a sign-in.

    The unsolved tickets of an agent who becomes a requester go to `to`, or to nobody. Whoever becomes one of the staff
    and has not shown that the address is theirs loses every way in, unless the actor says that the account is `known`
    to be theirs: somebody else may have made it, with a password of their own, before they came.
    Whoever was shown that it `was` another role than it is by now takes nothing back. Returns the event of it, None
    when the role was so already. Raises ChangedMeanwhile.
    """
    hold_rights(actor, user, to)
    role = merged({"role": user.role}, {"role": was} if was else {}, {"role": role})["role"]
    if role == Role.GUEST:
        raise UnprocessableEntity("Nobody can be made a guest: that is who is known by an address only.")
    if role != Role.ADMIN:
        require_another_admin(user)
    joins = role in STAFF and not user.is_staff
    voided = joins and user.confirmed_at is None and not known and void_ways_in(user)
    beside = {"password": [None, None]} if voided else {}  # what it was belongs into no log
    return _change_rights(actor, user, to, EventName.USER_UPDATED, {"role": role}, beside)


def take_role(user: User, role: Role):
    """Have somebody the role that their provider says they have. Where it is another, all their sign-ins end."""
    db.lock(user)
    _change_rights(user, user, None, EventName.USER_UPDATED, {"role": role})


def set_active(actor: User, user: User, active: bool, to: User | Team | None = None) -> Event | None:
    """Shut somebody out at once, or let them in again. Their unsolved tickets go to `to`, or to nobody.

    Returns the event of it, None when it was so already.
    """
    hold_rights(actor, user, to)
    if not active:
        require_another_admin(user)
    name = EventName.USER_REACTIVATED if active else EventName.USER_DEACTIVATED
    return _change_rights(actor, user, to, name, {"active": active})


def leave(actor: User, user: User):
    """Shut somebody out who goes for good, by their own will or another's. Call `hold_rights` before."""
    _change_rights(actor, user, None, EventName.USER_DEACTIVATED, {"active": False})


def hold_rights(actor: User, user: User, to: User | Team | None = None, what: str = "user.change"):
    """Lock everybody whom a change of this person's rights hangs on, and require that the actor may change them.

    Two administrators who shut each other out at the same time: whoever is second is none any more, and is refused.
    With an administrator all others are locked too, in one order, so that of several who go only one can be the last.
    Whoever gets tickets must stay at the desk until they have them. Raises UnprocessableEntity where an account that
    was merged or erased is to be changed.
    """
    others = able_admins() if user.role == Role.ADMIN else []
    db.lock_all(actor, user, to if isinstance(to, User) else None, *others)
    require(actor, what, user)
    if what == "user.change":
        require_there(user)


def require_another_admin(user: User):
    """Raise UnprocessableEntity if this person is the last administrator who can come in. Call `hold_rights` before."""
    is_one = user.role == Role.ADMIN and user.active
    if is_one and not any(admin is not user for admin in able_admins()):
        raise UnprocessableEntity(
            f"{user.name} is the last administrator who can sign in. Make somebody else one first."
        )


def _change_rights(
    actor: User, user: User, to: User | Team | None, name: EventName, fields: dict, beside: dict | None = None
) -> Event | None:
    after = {"role": user.role, "active": user.active} | fields
    leaves = user.is_at_the_desk and not (after["active"] and after["role"] in STAFF)
    tickets = hold_tickets_of(actor, user, to, leaves=True) if leaves else []
    # Also where there are none to tell of: that it can be undone would say that there are confidential ones.
    given = {"tickets": [told_of(tickets), to and to.name]} if leaves else {}
    event = change_fields(actor, user, name, fields, given | (beside or {}))
    if event is not None:
        if leaves:
            entrust(actor, user, to, but=tickets if isinstance(to, User) else (), batch=event)
        pass_on(actor, tickets, to, batch=event)
        if name != EventName.USER_REACTIVATED:
            end_sessions(actor, user)
        keep_in_step(actor, [user])
    return event
