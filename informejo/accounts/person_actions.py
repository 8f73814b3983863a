"""What administrators put right of somebody else; for an address see `address_actions`."""

from informejo.accounts.actions import change_fields
from informejo.accounts.models import User
from informejo.accounts.rights_actions import hold_rights
from informejo.events.models import Event
from informejo.events.names import EventName


def edit_person(actor: User, user: User, *, name: str, department: str) -> Event | None:
    """Say how somebody is called and where they work."""
    hold_rights(actor, user)
    return change_fields(actor, user, EventName.USER_UPDATED, {"name": name, "department": department})
