"""Everything that changes teams, and what their members see by it. Each action requires, changes rows and records."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import UnprocessableEntity

from informejo import db, turns
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.meanwhile import merged
from informejo.policy import require
from informejo.teams.models import Team, TeamCategory, TeamMember
from informejo.teams.queries import categories_of, members_of, narrowed_among, team_named, teams_of
from informejo.tickets.models import Ticket
from informejo.tickets.words import Category

AT_ONCE = 500  # tickets that leave a team before others get a turn
NOT_AT_THE_DESK = "Only an active member of the staff can be in a team."


class NameTaken(Exception):
    """There is a team of that name already."""


def create_team(actor: User, *, name: str, sees_all: bool = True) -> Team:
    """Make a team, without members. Raises NameTaken."""
    require(actor, "team.change")
    if team_named(name):
        raise NameTaken
    team = Team(name=name, sees_all=sees_all)
    try:
        with db.session.begin_nested():
            db.session.add(team)
    except IntegrityError:  # somebody else made it in the same moment
        raise NameTaken from None
    _record(EventName.TEAM_CREATED, actor, [None, name], {})
    return team


def change_team(
    actor: User, team: Team, *, name: str, sees_all: bool, categories: Collection[Category], was: Mapping | None = None
):
    """Say how it is called, what its members see, and of which categories it gets the new tickets.

    A category that another team had is this one's from now on. What stays as it `was` shown is left as it is by now.
    Raises NameTaken, ChangedMeanwhile.
    """
    members = _hold(actor, team)
    now = {"name": team.name, "sees_all": team.sees_all, "categories": frozenset(categories_of(team))}
    new = merged(now, was or {}, {"name": name, "sees_all": sees_all, "categories": frozenset(categories)})
    if team_named(new["name"]) not in (None, team):
        raise NameTaken
    team.name, team.sees_all = new["name"], new["sees_all"]
    _give_categories(team, new["categories"])
    if changes := _differences(**{field: (_told(now[field]), _told(value)) for field, value in new.items()}):
        _record(EventName.TEAM_UPDATED, actor, [now["name"], team.name], changes)
    keep_in_step(actor, members)


def add_member(actor: User, team: Team, user: User):
    """Take somebody of the staff into the team. Raises UnprocessableEntity."""
    _hold(actor, team, user)
    if not user.is_at_the_desk:
        raise UnprocessableEntity(NOT_AT_THE_DESK)
    if db.session.get(TeamMember, (team.id, user.id)) is None:
        _change_members(actor, team, user, lambda: db.session.add(TeamMember(team_id=team.id, user_id=user.id)))


def remove_member(actor: User, team: Team, user: User):
    """Take somebody out of the team."""
    _hold(actor, team, user)
    member = db.session.get(TeamMember, (team.id, user.id))
    if member is not None:
        _change_members(actor, team, user, lambda: db.session.delete(member))


def delete_team(actor: User, team: Team):
    """Make an end of the team: its tickets are nobody's in particular, and so seen by all of the staff."""
    members = _hold(actor, team)
    before = {user: _names(teams_of(user)) for user in members}
    _let_go_of_tickets(team)
    for its in (TeamCategory, TeamMember):
        db.session.execute(delete(its).where(its.team_id == team.id))
    name = team.name
    db.session.delete(team)
    _record(EventName.TEAM_DELETED, actor, [name, None], {})
    for user in turns.in_turns(members):
        _tell(actor, user, before[user])


def keep_in_step(actor: User | None, people: Collection[User]):
    """Have these people see what their role and their teams say, and record for whom that is another thing now."""
    for user in turns.in_turns(people):
        _tell(actor, user, _names(teams_of(user)))


def _hold(actor: User, team: Team, *people: User) -> list[User]:
    """People before teams; whoever is in the team is held too, for what they see hangs on it. Returns its members."""
    require(actor, "team.change")
    db.lock_all(*members_of(team), *people)
    db.lock(team)
    return members_of(team)  # somebody may have come in while this waited, and sees what the team sees, too


def _change_members(actor: User, team: Team, user: User, change):
    names, before = _names(members_of(team)), _names(teams_of(user))
    change()
    db.session.flush()
    _record(EventName.TEAM_UPDATED, actor, [team.name] * 2, {"members": [names, _names(members_of(team))]})
    _tell(actor, user, before)


def _tell(actor: User | None, user: User, teams_before: list[str]):
    """Whoever sees other tickets from now on has an event of their own: it ends the streams they have open."""
    narrowed = user.id in narrowed_among([user])
    changes = _differences(teams=(teams_before, _names(teams_of(user))), narrowed=(user.narrowed, narrowed))
    user.narrowed = narrowed
    if changes:
        log.record(EventName.USER_UPDATED, actor, audience=Audience.STAFF, user=user, changes=changes)


def _give_categories(team: Team, categories: Collection[Category]):
    theirs = TeamCategory.category.in_(categories) | (TeamCategory.team_id == team.id)
    db.session.execute(delete(TeamCategory).where(theirs))
    db.session.add_all(TeamCategory(category=category, team_id=team.id) for category in dict.fromkeys(categories))


def _let_go_of_tickets(team: Team):
    """A few at a time. No event for each: all of them would come to the top of every list."""
    some = select(Ticket.id).where(Ticket.team_id == team.id).limit(AT_ONCE)
    while ids := db.session.scalars(some).all():
        db.session.execute(update(Ticket).where(Ticket.id.in_(ids)).values(team_id=None))
        turns.give_way()


def _differences(**fields: tuple) -> dict[str, list]:
    return {field: [old, new] for field, (old, new) in fields.items() if old != new}


def _names(things: Collection) -> list[str]:
    return [thing.name for thing in things]


def _told(value):
    """As the log keeps it."""
    return [word.value for word in Category if word in value] if isinstance(value, frozenset) else value


def _record(name: EventName, actor: User, which: list[str | None], changes: dict):
    log.record(name, actor, audience=Audience.STAFF, changes={"team": which, **changes})
