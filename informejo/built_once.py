"""Statements about who asks, built once for all who see alike, and the stand-ins they are built with."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import NamedTuple

from sqlalchemy import BindParameter, Integer, Select, bindparam

from informejo.accounts.models import STAFF, Role

SHAPES = 500  # forms of one statement that are kept


class Anyone(NamedTuple):
    """Stands for everybody in a role where a statement is built once for all of them; `me` is bound when it is read."""

    role: Role
    active: bool
    narrowed: bool = False
    only: int | None = None  # the ticket of the link they came in with
    id: BindParameter | None = bindparam("me", type_=Integer)  # None: nobody in particular

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF and self.only is None


ANY_STAFF = Anyone(Role.AGENT, active=True, id=None)  # for what all see who are not narrowed: nothing confidential


def built_once(build: Callable[..., Select]) -> Callable[..., Select]:
    """Have a statement about an actor built once for all who see alike, instead of for each request.

    `build(actor, *shape)` gets Anyone for the actor, and beside it words that decide how the statement looks, of which
    there are few; what is only a value in it is a bound parameter. It is read with `db.rows(..., me=actor.id, ...)`.
    """
    built = lru_cache(maxsize=SHAPES)(build)
    return wraps(build)(lambda actor, *shape: built(_anyone(actor), *shape))


def _anyone(actor) -> Anyone:
    alike = actor.role, actor.active, actor.narrowed, actor.only
    return actor if isinstance(actor, Anyone) else Anyone(*alike)
