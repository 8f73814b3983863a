"""Who comes in from a provider: their account is found by issuer and subject, made, or linked; never by address."""

from collections.abc import Callable, Mapping

from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound

from informejo import clock, db
from informejo.accounts.actions import add_account
from informejo.accounts.models import Role, Session, User
from informejo.accounts.queries import user_by_email
from informejo.accounts.rights_actions import take_role
from informejo.accounts.session_actions import end_sessions, end_sessions_from_elsewhere
from informejo.accounts.ways_in_queries import comes_in_without
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.sso import queries
from informejo.sso.claims import Told, role_for
from informejo.sso.models import Identity


class Refused(Exception):
    """It is not done. `why` is a word: closed, guest, linkable, no-address, only-way, taken or theirs."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


def arrive(told: Told, role_map: Callable[[], Mapping[str, str]]) -> tuple[User, bool]:
    """Who this is here, and whether they kept a role that the provider took away, because nobody else has it.

    Whoever comes for the first time gets an account. `role_map` is asked while nobody else writes: another mapping may
    be saved meanwhile. Raises Refused.
    """
    identity = queries.identity(told.issuer, told.subject)
    user = identity.user if identity else _newcomer(told)
    db.lock(user)
    if not user.active:
        raise Refused("closed")
    identity = identity or _bind(user, told, {} if user.role == Role.GUEST else {"joining": [None, None]})
    _confirm(user, told)
    kept = _follow(user, identity, told, role_map())
    identity.claims = {} if told.roles is None else {"roles": told.roles}
    identity.seen_at = clock.now()
    return user, kept


def link(actor: User, told: Told) -> bool:
    """Let this account at a provider sign the actor in; False when it does so already. Raises Refused."""
    db.lock(actor)
    known = queries.identity(told.issuer, told.subject)
    if known and known.user_id != actor.id:
        raise Refused("theirs")
    if known is None:
        _bind(actor, told, {})
        _confirm(actor, told)
    return known is None


def unlink(actor: User, id: int, here: Session):
    """An account at a provider signs the actor in no more, and whoever came in by it is out, but for `here`.

    Raises NotFound, and Refused if nothing else would let them in.
    """
    db.lock(actor)
    own = queries.identities_of(actor)
    found = next((identity for identity in own if identity.id == id), None)
    if found is None:
        raise NotFound
    if not comes_in_without(actor, found):
        raise Refused("only-way")
    db.session.delete(found)
    still = {identity.issuer for identity in own} - {found.issuer}
    end_sessions_from_elsewhere(actor, but_from=queries.names_of(still), but=here)
    _record(actor, {"identity": [found.issuer, None]})


def _newcomer(told: Told) -> User:
    """A new account, or that of a guest whose address the provider is believed.

    Raises Refused for every other address that somebody has: whoever writes it into a profile is not its owner by that.
    """
    if not told.email:
        raise Refused("no-address")
    known = user_by_email(told.email)
    if known is None:
        confirmed_at = clock.now() if told.confirmed else None
        known = add_account(email=told.email, name=told.name, confirmed_at=confirmed_at)
        if known is None:
            raise Refused("taken")  # somebody has made it in this very moment
    elif not known.active:
        raise Refused("closed")
    elif known.role != Role.GUEST:
        raise Refused("linkable" if told.confirmed and known.confirmed_at else "taken")
    elif not told.believed:
        raise Refused("guest")
    return known


def _bind(user: User, told: Told, beside: dict) -> Identity:
    identity = Identity(issuer=told.issuer, subject=told.subject, user_id=user.id)
    try:
        with db.session.begin_nested():
            db.session.add(identity)
    except IntegrityError:
        raise Refused("theirs") from None
    changes = {"identity": [None, told.word]} | beside
    if user.role == Role.GUEST:
        end_sessions(user, user)  # as of everybody who gets another role: theirs are links to tickets
        user.role = Role.USER
        changes["role"] = [Role.GUEST, Role.USER]
    _record(user, changes)
    return identity


def _confirm(user: User, told: Told):
    if told.confirmed and told.email == user.email and user.confirmed_at is None:
        user.confirmed_at = clock.now()
        _record(user, {"address": [None, None]})  # as where a mail confirms it


def _follow(user: User, identity: Identity, told: Told, role_map: Mapping[str, str]) -> bool:
    """Their role is what the provider says, if it says anything of roles now or did the last time.

    Whether it took the last administrator's, who has to keep it.
    """
    if told.roles is None and "roles" not in identity.claims:
        return False
    role = Role(role_for(told.roles or [], role_map))
    if role != Role.ADMIN and queries.is_last_administrator(user):
        return True
    take_role(user, role)
    return False


def _record(user: User, changes: dict):
    log.record(EventName.USER_UPDATED, user, audience=Audience.STAFF, user=user, changes=changes)
