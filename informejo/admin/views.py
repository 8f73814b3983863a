"""The door to the list of people."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, request

from informejo import limits, policy
from informejo.accounts.models import Role
from informejo.accounts.people_queries import MOST_TICKETS, PeopleFilter, PeoplePage, Place, user_counts, users_for
from informejo.own_counts import count_own
from informejo.teams.queries import choices
from informejo.text import clean_line, is_id
from informejo.web import actor, page, standing

ACTIVITIES = {"active": True, "inactive": False}

bp = Blueprint("admin", __name__)


@bp.get("/users")
def users():
    """Everybody the desk knows, by name."""
    policy.require(actor(), "user.list")
    teams = choices().teams
    words = _words(request.args, teams)
    if words["q"]:
        count_own("search")
    found = users_for(actor(), _filter(words), _place(request.args))
    return page(
        "admin/users.html",
        title="People",
        people=found.people,
        most=MOST_TICKETS,
        tally=None if words["q"] else user_counts(actor(), standing()),  # of everybody: it says nothing of a search
        roles=[(role.value, role.word) for role in Role],
        teams=teams,
        filter=words,
        **_pages(found, words),
    )


def _words(fields: Mapping[str, str], teams: list) -> dict[str, str]:
    """What the list shows, as it stands in the address; a role, an activity or a team that cannot be is none."""
    role, active, team = (fields.get(name, "") for name in ("role", "active", "team"))
    return {
        "q": clean_line(fields.get("q", ""))[: limits.SEARCH.most],
        "role": role if role in tuple(Role) else "",
        "active": active if active in ACTIVITIES else "",
        "team": team if team in {str(one.id) for one in teams} else "",
    }


def _filter(words: dict[str, str]) -> PeopleFilter:
    role, team = words["role"], words["team"]
    active = ACTIVITIES.get(words["active"])
    return PeopleFilter(words["q"], Role(role) if role else None, active, int(team) if team else None)


def _place(fields: Mapping[str, str]) -> Place:
    after, before = (_id(fields.get(name, "")) for name in ("after", "before"))
    return Place(after, None if after else before, fields.get("page") == "last")


def _id(text: str) -> int | None:
    return int(text) if is_id(text) else None


def _pages(found: PeoplePage, words: dict[str, str]) -> dict[str, str]:
    """The addresses of the pages beside this one, and of both ends; empty where there is none."""
    people = found.people
    return {
        "first": "" if found.is_first else _address(words),
        "before": "" if found.is_first else _address(words, before=people[0].user.id),
        "after": "" if found.is_last else _address(words, after=people[-1].user.id),
        "last": "" if found.is_last else _address(words, page="last"),
    }


def _address(words: dict[str, str], **more) -> str:
    given = {name: value for name, value in (words | more).items() if value}
    return "/users?" + urlencode(given) if given else "/users"
