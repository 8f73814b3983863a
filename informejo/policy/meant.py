"""Whom a name in an event meant when it was written: names change hands, and the log knows when.

Events of people and teams go after EVENT_DAYS; what is older than that nobody asks about any more.
"""

from collections.abc import Collection

from sqlalchemy import or_, select

from informejo import db
from informejo.accounts.models import STAFF, User
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.teams.models import Team


def team_meant(event: Event, name: str) -> Team | None:
    """The team that was called so then, whatever it is called now; None where it is no more."""
    renamings = select(Event.changes).where(Event.name.in_((EventName.TEAM_UPDATED, EventName.TEAM_DELETED)))
    for changes in db.session.scalars(renamings.where(Event.id > event.id).order_by(Event.id)):
        old, new = changes["team"]
        name = new if name == old else name
    return db.session.scalar(select(Team).where(Team.name == name))


def staff_meant(event: Event, names: Collection[str], among: Collection[int] | None = None) -> frozenset[int]:
    """Who of the staff was called so then, by id: whoever the event is about, or else whoever alone had such a name.

    Of two who were called alike nobody is taken: what one of them saw must not be told to the other, nor to whoever
    came later. Where only some can be meant, they are `among` these.
    """
    renamed = _renamed_since(event) if names else {}
    if event.user:
        names = {*names} - {renamed.get(event.user_id, event.user.name)}
    had = {name: [] for name in names}
    candidates = select(User.id, User.name).where(User.role.in_(STAFF), User.created_at <= event.at)
    candidates = candidates.where(or_(User.name.in_(names), User.id.in_(renamed)))
    candidates = candidates if among is None else candidates.where(User.id.in_(among))
    for id, name in db.session.execute(candidates) if names else ():
        had.get(renamed.get(id, name), []).append(id)
    alone = frozenset(ids[0] for ids in had.values() if len(ids) == 1)
    return alone | ({event.user_id} if event.user else set())


def _renamed_since(event: Event) -> dict[int, str]:
    """Whoever has had another name since, by id, with the one they had then."""
    renamings = select(Event.user_id, Event.changes).where(Event.name == EventName.USER_UPDATED, Event.id > event.id)
    renamings = renamings.where(Event.changes["name"].as_string().is_not(None)).order_by(Event.id.desc())
    return {id: changes["name"][0] for id, changes in db.session.execute(renamings)}  # the first of several stays
