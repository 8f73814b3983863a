"""Counts that survive a restart: each is a row too, and those of before are read back once in the life of a process."""

from bisect import insort
from collections.abc import Mapping
from datetime import timedelta

from limits import RateLimitItem
from limits.storage import MemoryStorage, memory
from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import Count
from informejo.accounts.queries import fingerprint


class Counts(MemoryStorage):
    """What was counted in this process, and before it."""

    is_read_back = False

    def read_back(self, lasting: Mapping[str, RateLimitItem]):
        """Add what was kept of these, by name, unless that was done. What a clock put back calls future is now."""
        if self.is_read_back:
            return
        self.is_read_back, now = True, clock.now()
        lasts = {what: limit.get_expiry() for what, limit in lasting.items()}
        oldest = now - timedelta(seconds=max(lasts.values()))
        kept = select(Count.what, Count.who, Count.at).where(Count.what.in_(lasts), Count.at > oldest)
        for what, who, at in db.session.execute(kept):
            age = max(0.0, (now - at).total_seconds())
            if age < lasts[what]:
                self._add(lasting[what].key_for(what, who), age, lasts[what])

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
