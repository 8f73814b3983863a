"""Counts that survive a restart: each is a row too, and those of before are read back once in the life of a process."""

from bisect import insort
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from limits import RateLimitItem
from limits.storage import MemoryStorage, memory
from sqlalchemy import Row, delete, func, select

from informejo import clock, db
from informejo.accounts.models import Count
from informejo.accounts.queries import fingerprint

IN_A_ROW = "failure in a row"
IN_ALL = "failure, whoever came in since"  # no more of them are kept than of those in a row
MOST_IN_A_ROW = 100  # NIST SP 800-63B-4, 3.2.2


class Counts(MemoryStorage):
    """What was counted in this process, and before it."""

    is_read_back = False

    def read_back(self, lasting: Mapping[str, RateLimitItem]):
        """Add what was kept of these, by name, unless that was done. What a clock put back calls future is now."""
        if self.is_read_back:
            return
        now, lasts = clock.now(), {what: limit.get_expiry() for what, limit in lasting.items()}
        kept = self._kept(lasts, now - timedelta(seconds=max(lasts.values())))
        self.is_read_back = True  # not before: where the database cannot be read just now, the next one who asks tries
        for what, who, at in kept:
            age = max(0.0, (now - at).total_seconds())
            if age < lasts[what]:
                self._add(lasting[what].key_for(what, who), age, lasts[what])

    def frees_in(self, limit: RateLimitItem, whose: Sequence[str], times: int) -> float:
        """Seconds until so many more of it fit, for what was counted under these names: not just one of them."""
        newest_first = self.events.get(limit.key_for(*whose), [])
        in_the_way = newest_first[max(0, limit.amount - times) : limit.amount][:1]
        return in_the_way[0].expiry - memory.time.time() if in_the_way else limit.get_expiry()

    def _kept(self, names: Collection[str], since: datetime) -> Sequence[Row]:
        return db.rows(select(Count.what, Count.who, Count.at).where(Count.what.in_(names), Count.at > since))

    def _add(self, key: str, age: float, lasts: float):
        entry = memory.Entry(lasts - age)
        entry.atime -= age
        insort(self.events.setdefault(key, []), entry, key=lambda entry: -entry.expiry)  # the newest first


def key_of(who: str) -> str:
    """What is kept of an address or an account, from which nobody reads it."""
    return fingerprint(who)


def keep(what: str, who: str):
    """Keep one more in this transaction; whoever counts commits. `who` is a `key_of`."""
    db.session.add(Count(what=what, who=who))


def is_stopped(who: str) -> bool:
    """Whether there were so many failures in a row that no further try is looked at, however slowly they came."""
    return _number(IN_A_ROW, who) >= MOST_IN_A_ROW


def were_many(who: str) -> bool:
    """Whether it may be so, for all that a stranger is told: a success is seen by nobody but whoever had it."""
    return _number(IN_ALL, who) >= MOST_IN_A_ROW


def fail(who: str):
    """One more failure in a row, in this transaction."""
    for what in (IN_A_ROW, IN_ALL):
        if _number(what, who) < MOST_IN_A_ROW:
            keep(what, key_of(who))


def succeed(*whose: str):
    """There are none in a row any more, in this transaction."""
    keys = [key_of(who) for who in whose]
    db.session.execute(delete(Count).where(Count.what == IN_A_ROW, Count.who.in_(keys)))


def _number(what: str, who: str) -> int:
    return db.session.scalar(select(func.count()).where(Count.what == what, Count.who == key_of(who)))
