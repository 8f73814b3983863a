"""The doors to the people of the desk: staff see them, administrators give roles and shut out."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, abort, request

from informejo import db, limits, policy
from informejo.accounts import actions, queries
from informejo.accounts.inputs import ActivityChange, RoleChange
from informejo.accounts.models import Role
from informejo.inputs import Input, Invalid
from informejo.text import clean_line
from informejo.web import actor, go_to, page

bp = Blueprint("admin", __name__)


@bp.get("/users")
def users():
    """Everybody the desk knows, by name."""
    policy.require(actor(), "user.list")
    here = _filter(request.args)
    people, number, more = queries.users_for(actor(), here["q"], here["role"], request.args.get("page", 1, type=int))
    return page(
        "admin/users.html",
        title="People",
        people=people,
        tally=queries.user_counts(actor()),
        roles=Role,
        filter=here,
        before=_address(here, page=number - 1) if number > 1 else "",
        after=_address(here, page=number + 1) if more else "",
    )


@bp.post("/users/<int:id>/role")
def set_role(id: int):
    """Make somebody requester, agent or administrator."""
    actions.set_role(actor(), policy.find_user(actor(), id), _read(RoleChange))
    return _changed()


@bp.post("/users/<int:id>/activity")
def set_activity(id: int):
    """Shut somebody out, or let them in again."""
    actions.set_active(actor(), policy.find_user(actor(), id), _read(ActivityChange) == "active")
    return _changed()


def _read(input: type[Input]):
    try:
        return input.read(request.form).value
    except Invalid:
        abort(400)


def _changed():
    db.commit()
    return go_to(_address(_filter(request.form)), "user-changed")


def _filter(fields: Mapping[str, str]) -> dict[str, str]:
    """What the list shows; a role that does not exist is as good as none."""
    role = fields.get("role", "")
    return {"q": clean_line(fields.get("q", ""))[: limits.SEARCH.most], "role": role if role in tuple(Role) else ""}


def _address(filter: dict[str, str], **more) -> str:
    return "/users?" + urlencode({name: value for name, value in (filter | more).items() if value})
