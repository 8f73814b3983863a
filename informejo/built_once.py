"""Statements about who asks, built once for all who have the same role, and the stand-ins they are built with."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import NamedTuple

from sqlalchemy import BindParameter, Integer, Select, bindparam

from informejo.accounts.models import Role

SHAPES = 500  # forms of one statement that are kept


class Anyone(NamedTuple):
    """Stands for everybody in a role where a statement is built once for all of them; `me` is bound when it is read."""

    role: Role
    active: bool
    id: BindParameter = bindparam("me", type_=Integer)


ANY_STAFF = Anyone(Role.AGENT, active=True)  # for what is the same for all of them


def built_once(build: Callable[..., Select]) -> Callable[..., Select]:
    """Have a statement about an actor built once for all who have the same role, instead of for each request.

    `build(actor, *shape)` gets Anyone for the actor, and beside it words that decide how the statement looks, of which
    there are few; what is only a value in it is a bound parameter. It is read with `db.rows(..., me=actor.id, ...)`.
    """
    built = lru_cache(maxsize=SHAPES)(lambda role, active, *shape: build(Anyone(role, active), *shape))
    return wraps(build)(lambda actor, *shape: built(actor.role, actor.active, *shape))
