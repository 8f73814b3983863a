"""Reading which accounts at providers are whose, and what a mapping would change."""

import json
from collections.abc import Collection
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Text, cast, select

from informejo import db, policy, slow_reads, turns
from informejo.accounts.admin_queries import able_admins
from informejo.accounts.models import Role, User
from informejo.settings.queries import setting
from informejo.sso import providers
from informejo.sso.claims import role_for
from informejo.sso.models import Identity
from informejo.sso.providers import Provider, read_map

AT_ONCE = 2_000  # people that are looked at before others go on: there may be hundreds of thousands


class Move(NamedTuple):
    """Somebody to whom a mapping would give another role."""

    user_id: int
    name: str
    old: Role
    new: Role


def identity(issuer: str, subject: str) -> Identity | None:
    """The account at that issuer, if it is somebody's here."""
    return db.session.scalar(select(Identity).where(Identity.issuer == issuer, Identity.subject == subject))


def identities_of(user: User) -> list[Identity]:
    """The accounts at providers that sign this person in, the oldest first."""
    return list(db.session.scalars(select(Identity).where(Identity.user_id == user.id).order_by(Identity.id)))


def names_of(issuers: Collection[str]) -> list[str]:
    """What the settings call the providers with these issuers."""
    return [provider.name for provider in providers.of(current_app.config) if provider.issuer in issuers]


def passwords_are_taken() -> bool:
    """Whether people may sign in with a password: they may wherever there is no other way in."""
    return providers.leave_passwords(current_app.config)


def role_map(provider: Provider) -> dict[str, str]:
    """What names at the provider make somebody here, as it was saved, or as the environment says."""
    saved = setting(provider.mapping_setting)
    return read_map(provider.role_map if saved is None else saved)


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could look after the desk. The answer stays true until the transaction ends."""
    if user.role != Role.ADMIN:
        return False
    db.lock_all(*able_admins())
    return all(admin is user for admin in able_admins())


def moves(actor: User, provider: Provider, role_map: dict[str, str]) -> list[Move]:
    """Whom this mapping would give another role, by what the provider told of each as they signed in last, by name."""
    policy.require(actor, "sso.map")
    people = select(User.id, User.name, User.role, cast(Identity.claims, Text)).join(Identity.user)
    people = people.where(Identity.issuer == provider.issuer, User.active, User.role != Role.GUEST)
    found, roles = {}, {}
    rows = slow_reads.rows(people.order_by(Identity.seen_at))
    for id, name, role, claims in turns.in_turns(rows, AT_ONCE):
        if claims not in roles:
            told = json.loads(claims).get("roles")
            roles[claims] = None if told is None else Role(role_for(told, role_map))
        if roles[claims] is not None:
            found[id] = Move(id, name, Role(role), roles[claims])
    return sorted((move for move in found.values() if move.old != move.new), key=lambda move: move.name.casefold())
