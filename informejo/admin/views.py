"""The door to the list of people."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, request

from informejo import limits, policy
from informejo.accounts import queries
from informejo.accounts.models import Role
from informejo.text import clean_line
from informejo.web import actor, page

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


def _filter(fields: Mapping[str, str]) -> dict[str, str]:
    """What the list shows; a role that does not exist is as good as none."""
    role = fields.get("role", "")
    return {"q": clean_line(fields.get("q", ""))[: limits.SEARCH.most], "role": role if role in tuple(Role) else ""}


def _address(filter: dict[str, str], **more) -> str:
    return "/users?" + urlencode({name: value for name, value in (filter | more).items() if value})
