"""The list of people: by name, through a filter, a page at a time. It never counts what it does not show.

A page begins after somebody, or ends before somebody: the database goes straight there. That a page is the twelfth
nobody can know without counting all that come before it.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, false, func, select, tuple_

from informejo import db, policy, slow_reads
from informejo.accounts.models import Role, User
from informejo.events.log import Standing
from informejo.events.models import Event
from informejo.events.names import LOOKS
from informejo.folding import words_of
from informejo.shelf import shelf
from informejo.teams.models import TeamMember
from informejo.tickets.models import Ticket

PAGE = 50  # people on one page of the list
MOST_TICKETS = 100  # of one person that the list counts


class PeopleFilter(NamedTuple):
    """Whom the list shows; nothing said is everybody."""

    q: str = ""
    role: Role | None = None
    active: bool | None = None
    team: int | None = None


class Place(NamedTuple):
    """Which page of the list: the one after somebody, by id, or before somebody, or the last; else the first."""

    after: int | None = None
    before: int | None = None
    last: bool = False

    @property
    def backwards(self) -> bool:
        return self.last or self.before is not None


class Person(NamedTuple):
    """One line of the list of people."""

    user: User
    tickets: int  # how many they asked for, of those the reader may see, up to MOST_TICKETS


class PeoplePage(NamedTuple):
    """One page of the list: its lines, and whether there are others before and after."""

    people: list[Person]
    is_first: bool
    is_last: bool


def users_for(actor: User, filter: PeopleFilter, place: Place) -> PeoplePage:
    """The people that fit and have all words of the search, by name."""
    policy.require(actor, "user.list")
    found = _ids(filter, place, PAGE + 1)
    more, shown = len(found) > PAGE, found[:PAGE]
    if not shown and (place.after or place.before):  # whoever was last there is somebody else by now
        return users_for(actor, filter, Place())
    here = place.backwards or place.after is not None
    begins, ends = (not more, place.last) if place.backwards else (not here, not more)
    return PeoplePage(_lines(actor, shown), begins, ends)


def people_for(actor: User, filter: PeopleFilter, most: int) -> list[User]:
    """The first so many people that fit, by name, to choose one of them: without what the list says beside each."""
    policy.require(actor, "user.list")
    return list(db.session.scalars(_in_order(select(User), _ids(filter, Place(), most))))


def user_counts(actor: User, standing: Standing) -> dict[str, int]:
    """How many people there are: in all, in each role, and how many of them are inactive.

    Counted anew after a change of people, which sign-ins are not.
    """
    policy.require(actor, "user.list")
    return shelf.one(("tally of people", standing.epoch, *db.rows(_CHANGES)[0]), _count)


_CHANGES = select(*(select(func.max(Event.id)).where(Event.name == name).scalar_subquery() for name in LOOKS))


def _count() -> dict[str, int]:
    """Most people are requesters: not to go through them is five times as fast as to group everybody by role."""
    others = [role for role in Role if role != Role.USER]
    counted = [_number(), *(_number(User.role == role) for role in others)]
    shut_out = [_number(User.role == role, ~User.active) for role in Role]  # by its index; over all roles none is taken
    [(everybody, *numbers)] = slow_reads.rows(select(*counted, *shut_out))
    of_others = dict(zip(others, numbers, strict=False))
    roles = {role.value: of_others.get(role, everybody - sum(of_others.values())) for role in Role}
    return {"all": everybody, **roles, "inactive": sum(numbers[len(others) :])}


def _number(*which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(User).where(*which).scalar_subquery()


def _ids(filter: PeopleFilter, place: Place, most: int) -> list[int]:
    """No more is read than it takes to find so many, but a search for what few have goes through everybody."""
    ids = _from(_fitting(filter), place).limit(most)
    return [id for (id,) in (slow_reads.rows(ids) if filter.q else db.session.execute(ids))]


def _fitting(filter: PeopleFilter) -> Select:
    people = select(User.id)
    if filter.role is not None:
        people = people.where(User.role == filter.role)
    if filter.active is not None:
        people = people.where(User.active if filter.active else ~User.active)
    if filter.team is not None:
        people = people.where(User.id.in_(select(TeamMember.user_id).where(TeamMember.team_id == filter.team)))
    if filter.q:
        people = people.where(*[User.says(word) for word in words_of(filter.q)] or [false()])
    return people


def _from(people: Select, place: Place) -> Select:
    """In the order of the list, or of the list backwards, from the place on."""
    order = User.folded, User.id
    if (edge := place.after or place.before) is not None:
        at = db.session.execute(select(*order).where(User.id == edge)).first()
        if at is not None:
            here = tuple_(*order)
            people = people.where(here > tuple_(*at) if place.after else here < tuple_(*at))
    return people.order_by(*(column.desc() for column in order) if place.backwards else order)


def _lines(actor: User, ids: list[int]) -> list[Person]:
    own = policy.visible_tickets(actor).where(Ticket.requester_id == User.id).limit(MOST_TICKETS).correlate(User)
    tickets = select(func.count()).select_from(own.with_only_columns(Ticket.id).subquery()).scalar_subquery()
    return [Person(*row) for row in db.session.execute(_in_order(select(User, tickets), ids))]


def _in_order(people: Select, ids: list[int]) -> Select:
    return people.where(User.id.in_(ids)).order_by(User.folded, User.id)
