"""Taking back that tickets went from somebody, and that they left the desk with that, if they did."""

from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import db
from informejo.accounts.models import Role, User
from informejo.accounts.rights_actions import hold_rights
from informejo.accounts.session_actions import end_sessions
from informejo.accounts.undo_queries import UNDO_FOR, last_batch_of, may_undo
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.teams.actions import keep_in_step
from informejo.tickets.batch_actions import give_back
from informejo.tickets.batch_queries import leaves
from informejo.tickets.confiding_actions import entrust, entrust_no_more

TOO_LATE = f"This was undone already, or something else happened since, or it is more than {UNDO_FOR.days} days ago."


def undo_batch(actor: User, event: Event) -> Event:
    """Give back those tickets that are still where the batch put them; let who left with it in again, in their role.

    The event that says so has `back`: how many came back, and how many others had changed since.
    Raises UnprocessableEntity when it cannot be undone any more.
    """
    user = event.user
    _hold(actor, event)
    if last_batch_of(user) != event:
        raise UnprocessableEntity(TOO_LATE)
    before = {field: old for field, (old, _) in event.changes.items() if field in ("role", "active")}
    changes = {field: [getattr(user, field), old] for field, old in before.items() if getattr(user, field) != old}
    for field, old in before.items():
        setattr(user, field, Role(old) if field == "role" else old)
    changes["back"] = list(give_back(actor, user, event))
    entrust_no_more(actor, event)
    name = EventName.USER_REACTIVATED if "active" in changes else EventName.USER_UPDATED
    if not user.is_at_the_desk:
        entrust(actor, user, None)  # what came back to somebody who left may be seen by nobody else by now
    if "role" in changes:
        end_sessions(actor, user)  # rights never outlive a sign-in
    done = log.record(name, actor, user=user, audience=Audience.STAFF, changes=changes, batch=event)
    if before:
        keep_in_step(actor, [user])  # with the role comes what their teams see, and no more
    return done


def _hold(actor: User, event: Event):
    if leaves(event):
        hold_rights(actor, event.user)
        return
    db.lock_all(actor, event.user)
    if not may_undo(actor, event):
        raise Forbidden
