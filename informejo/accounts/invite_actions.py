"""Inviting: an administrator makes an account for somebody, who chooses the password with a link."""

from collections.abc import Collection

from informejo.accounts import queries
from informejo.accounts.actions import add_person
from informejo.accounts.models import Role, User
from informejo.accounts.password_actions import make_password_link, offer_password
from informejo.policy import require
from informejo.teams.actions import add_member
from informejo.teams.models import Team


class Known(Exception):
    """There is an account with this address already. Nothing was changed: whose it is says its page."""

    def __init__(self, user: User):
        super().__init__(user.id)
        self.user = user


def invite(
    actor: User, *, email: str, name: str, role: Role, department: str = "", teams: Collection[Team] = ()
) -> User:
    """An account without a password: only a link to choose one lets its owner in.

    Raises Known for an address that is known. Whoever has that account may be somebody else, who made it before: to
    give it a role is another action, `set_role`, which looks at that.
    """
    require(actor, "user.invite")
    if known := queries.user_by_email(email):
        raise Known(known)
    user = add_person(actor, email=email, name=name, role=role, department=department)
    if user is None:  # they have registered in this very moment
        raise Known(queries.user_by_email(email))
    for team in teams:
        add_member(actor, team, user)
    return user


def send_invitation(actor: User, user: User, way: str) -> str:
    """Have the link mailed, or make it here, to be handed over; the link's token, or nothing where it is mailed."""
    if way == "link":
        return make_password_link(actor, user)
    offer_password(actor, user)
    return ""
