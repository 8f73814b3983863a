"""How the ways of mail fare: since when one fails, and why; and the tokens that open it."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from informejo import clock, db
from informejo.mail.models import MailWay

WELL = timedelta(minutes=1)
MOST_WORDS = 500  # characters of an error that are kept


def went_well(name: str):
    """That way works now."""
    way = _way(name)
    way.well_at, way.failing_since, way.error = clock.now(), None, ""


def goes_well(name: str):
    """The same, of what works all the time: kept every WELL."""
    known = db.session.get(MailWay, name)
    if known is None or known.failing_since or known.well_at is None or clock.now() - known.well_at > WELL:
        went_well(name)


def failed(name: str, words: str):
    """That way does not work, for this reason, in the server's own words and without secrets."""
    way = _way(name)
    way.failing_since, way.error = way.failing_since or clock.now(), words[:MOST_WORDS]


def keep_token(name: str, refresh_token: str, expires_at: datetime | None):
    """The newest refresh token, and when it ends if nobody uses it."""
    way = _way(name)
    way.refresh_token, way.token_expires_at = refresh_token, expires_at


def _way(name: str) -> MailWay:
    if db.session.get(MailWay, name) is None:
        with suppress(IntegrityError), db.session.begin_nested():  # another process may be the first to say so
            db.session.add(MailWay(name=name, error="", refresh_token=""))
    way = db.session.get(MailWay, name)
    db.lock(way)
    return way
