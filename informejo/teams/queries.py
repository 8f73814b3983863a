"""Reading teams: which there are, who is in them, and what they get."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Select, bindparam, func, literal, select, union_all
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import STAFF, Role, User
from informejo.accounts.queries import Choice
from informejo.folding import fold
from informejo.teams.models import Team, TeamCategory, TeamMember
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED, Category


class Choices(NamedTuple):
    """To whom a ticket can be given: the active staff and the teams, each by name."""

    staff: list[Choice]
    teams: list[Choice]


class Listed(NamedTuple):
    """A line of the list of teams."""

    team: Team
    members: int
    categories: tuple[Category, ...]


_STAFF = select(literal("person").label("kind"), User.id, User.name, User.folded).where(
    User.role.in_(STAFF), User.active
)
_TEAMS = select(literal("team"), Team.id, Team.name, Team.folded)
_CHOICES = union_all(_STAFF, _TEAMS).order_by("kind", "folded", "id")
_OF_CATEGORY = select(TeamCategory.team_id).where(TeamCategory.category == bindparam("category"))
_WIDE = select(TeamMember.user_id).join(Team, Team.id == TeamMember.team_id).where(Team.sees_all)


def choices() -> Choices:
    """To whom a ticket can be given, as words to choose from: with one question, for every page of a ticket asks it."""
    found = db.rows(_CHOICES)
    return Choices(*([Choice(id, name) for each, id, name, _ in found if each == kind] for kind in ("person", "team")))


def teams_of(user: User) -> list[Team]:
    """The teams this person is in, by name."""
    theirs = select(Team).join(TeamMember, TeamMember.team_id == Team.id).where(TeamMember.user_id == user.id)
    return list(db.session.scalars(theirs.order_by(Team.folded, Team.id)))


def team_by_id(id: int) -> Team | None:
    """The team with that id."""
    return db.session.get(Team, id)


def team_named(name: str) -> Team | None:
    """The team with that name, in whatever case and with whatever accents it is written."""
    return db.session.scalar(select(Team).where(Team.folded == fold(name)))


def team_for(category: str) -> int | None:
    """The id of the team that gets the new tickets of a category; None where none does."""
    found = db.rows(_OF_CATEGORY, category=category)
    return found[0][0] if found else None


def find_team(actor: User, id: int) -> Team:
    """The team with that id, for those who may see the list of teams. Raises NotFound."""
    try:
        team = team_by_id(id) if policy.may(actor, "team.list") else None
    except OverflowError:  # a number in the address that no row can have
        team = None
    if team is None:
        raise NotFound(policy.NOTHING)
    return team


def teams_for(actor: User) -> list[Listed]:
    """All teams, by name, each with how many are in it and what it gets."""
    policy.require(actor, "team.list")
    members = dict(map(tuple, db.rows(select(TeamMember.team_id, func.count()).group_by(TeamMember.team_id))))
    got = all_categories()
    teams = db.session.scalars(select(Team).order_by(Team.folded, Team.id))
    return [
        Listed(team, members.get(team.id, 0), tuple(word for word in Category if got.get(word) == team.id))
        for team in teams
    ]


def all_categories() -> dict[str, int]:
    """Which team gets which category, by the category's word."""
    return dict(map(tuple, db.rows(select(TeamCategory.category, TeamCategory.team_id))))


def categories_of(team: Team) -> list[Category]:
    """The categories whose new tickets it gets."""
    got = all_categories()
    return [word for word in Category if got.get(word) == team.id]


def categories_elsewhere(team: Team) -> dict[str, str]:
    """Which category another team gets, by the category's word, and the name of that team."""
    got = select(TeamCategory.category, Team.name).join(Team, Team.id == TeamCategory.team_id)
    return dict(map(tuple, db.rows(got.where(Team.id != team.id))))


def members_of(team: Team) -> list[User]:
    """Who is in that team, by name; also who is not at the desk any more."""
    its = select(User).join(TeamMember, TeamMember.user_id == User.id).where(TeamMember.team_id == team.id)
    return list(db.session.scalars(its.order_by(User.folded, User.id)))


def unsolved_of(actor: User, team: Team) -> int:
    """How many unsolved tickets are with the team, of those the actor may see."""
    its = policy.visible_tickets(actor).where(Ticket.team_id == team.id, Ticket.status.in_(UNSOLVED))
    return db.session.scalar(its.with_only_columns(func.count(Ticket.id)))


def narrowed_among(people: Collection[User]) -> set[int]:
    """Of these people the agents, by id, who see no more than what is their teams' or nobody's.

    That is who is in teams of which none sees all tickets; administrators see all of them, whatever teams they are in.
    """
    ids = [person.id for person in people if person.role == Role.AGENT]
    return set(db.session.scalars(_members(ids))) - set(db.session.scalars(_WIDE.where(TeamMember.user_id.in_(ids))))


def _members(ids: Collection[int]) -> Select:
    return select(TeamMember.user_id).where(TeamMember.user_id.in_(ids))
