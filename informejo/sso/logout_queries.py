"""Reading what ends when a provider signs somebody out."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, or_, select

from informejo import clock, db
from informejo.accounts.models import HalfSignIn, Session
from informejo.accounts.queries import fingerprint
from informejo.sso.models import UsedToken
from informejo.sso.providers import Provider
from informejo.sso.queries import identity
from informejo.sso.tokens import LEEWAY, LOGOUT_SECONDS, SignedOut

KEPT = timedelta(seconds=LOGOUT_SECONDS + 2 * LEEWAY)  # no token holds longer, nor does a sign-in wait longer here


def sign_ins_from(provider: Provider, told: SignedOut) -> list[Session]:
    """The sign-ins that came from there and that this ends.

    Where one is named (`sid`), it alone; of those that the provider did not name as they came, all of that person.
    """
    came = Session.provider == provider.name, Session.expires_at > clock.now(), Session.ticket_id.is_(None)
    return list(db.session.scalars(select(Session).where(*came, _meant(provider, told)).order_by(Session.id)))


def half_way_from(provider: Provider, told: SignedOut) -> list[HalfSignIn]:
    """Who has come from there, and has a second factor still to show."""
    user_id = _user_id(provider, told)
    halves = db.session.scalars(
        select(HalfSignIn).where(HalfSignIn.way == "second", HalfSignIn.expires_at > clock.now())
    )
    came = [(half, half.facts.get("came", {})) for half in halves]
    theirs = [(half, facts.get("sid", "")) for half, facts in came if facts.get("provider") == provider.name]
    return [half for half, sid in theirs if (sid == told.sid if told.sid and sid else half.user_id == user_id)]


def was_signed_out(provider: Provider, subject: str, sid: str, begun: datetime) -> bool:
    """Whether that sign-in, or all of that person's, ended there while somebody who had `begun` was on the way back."""
    if sid and _ended_at(provider, f"sid {sid}"):
        return True
    broad = [f"sub {subject}"] if sid else [f"sub {subject}", f"unnamed {subject}"]
    return any(ended >= begun for what in broad if (ended := _ended_at(provider, what)))


def ended_by(told: SignedOut) -> list[str]:
    """What ends there by it: a sign-in, and those of that person that were not named; or all of that person's."""
    if not told.sid:
        return [f"sub {told.subject}"]
    return [f"sid {told.sid}"] + ([f"unnamed {told.subject}"] if told.subject else [])


def mark(provider: Provider, what: str) -> str:
    """Under what it is kept that this ended there."""
    return fingerprint(f"{provider.issuer} {what}")


def _ended_at(provider: Provider, what: str) -> datetime | None:
    kept = db.session.get(UsedToken, mark(provider, what), populate_existing=True)
    return kept and kept.expires_at - KEPT


def _meant(provider: Provider, told: SignedOut) -> ColumnElement[bool]:
    user_id = _user_id(provider, told)
    theirs = Session.user_id == user_id if user_id else false()
    return or_(Session.sid == told.sid, and_(theirs, Session.sid == "")) if told.sid else theirs


def _user_id(provider: Provider, told: SignedOut) -> int | None:
    known = identity(provider.issuer, told.subject) if told.subject else None
    return known and known.user_id
