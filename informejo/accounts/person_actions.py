"""What administrators put right of somebody else; for an address see `address_actions`."""

from collections.abc import Mapping

from informejo.accounts.actions import change_fields
from informejo.accounts.models import User
from informejo.accounts.rights_actions import hold_rights
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.meanwhile import merged


def edit_person(
    actor: User, user: User, *, name: str, department: str, was: Mapping[str, str] | None = None
) -> Event | None:
    """Say how somebody is called and where they work. What stays as it `was` shown is left alone.

    Raises ChangedMeanwhile.
    """
    hold_rights(actor, user)
    now = {"name": user.name, "department": user.department}
    new = merged(now, was or {}, {"name": name, "department": department})
    return change_fields(actor, user, EventName.USER_UPDATED, new)
