"""How often something may be done, and counting it: what is too much is refused, and told when it fits again."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import NamedTuple

from flask import Flask, current_app
from limits import RateLimitItem, parse
from limits.storage import memory
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from informejo import db
from informejo.accounts.queries import address_for, known_browser
from informejo.cookies import cookie
from informejo.counting import Counts, keep, key_of
from informejo.security import address

TIDY_SECONDS = 60  # at least, between two removals of expired counts
_under_way: Counter[tuple[str, str]] = Counter()  # tries that have begun and not ended, by what and for whom
_turn = threading.Condition()  # held while that is looked at; told when one has ended


class _Monotonic:
    """Stands in for the module `time` in `limits`."""

    time = time.monotonic


class _Tidying:
    """Stands in for `threading.Timer` in `limits`: removes expired counts at once, and once a minute at most.

    The library starts one after a count, unless the last one is alive. A real timer would be a thread for nearly every
    change that anybody makes, and look through everybody's counts each time.
    """

    def __init__(self, _seconds: float, give_up_expired: Callable[[], None]):
        self._give_up_expired, self._began = give_up_expired, 0.0

    def start(self):
        self._began = time.monotonic()
        self._give_up_expired()

    def is_alive(self) -> bool:
        return time.monotonic() < self._began + TIDY_SECONDS


class Rate(NamedTuple):
    """So much of something, counted for each `whom`, and why so; docs/configuration.md prints them.

    What is `lasting` survives a restart: whoever counts it commits.
    """

    limit: RateLimitItem
    whom: str
    why: str
    lasting: bool = False
    meanwhile: str = ""  # what whoever is refused can do until then, in a sentence


LINK_IS_THERE = "If the address is known here, a mail with a link is in its mailbox: the newest one works, for an hour."
LINKS_ARE_THERE = (
    "If the address has such a ticket, mails with a link and an access code are in its mailbox. They all work, and the"
    " browser in which one was opened can have others mailed."
)
RATES = {
    "sign-in of an account": Rate(parse("10 per 5 minutes"), "account", "a known browser has its own ten"),
    "failed sign-in of an account": Rate(
        parse("10 per 5 minutes"), "account", "the same, and a restart forgets none of these", lasting=True
    ),
    "failed sign-in": Rate(
        parse("10 per 5 minutes"),
        "address",
        "what succeeds is free: an office shares one; no known browser",
        lasting=True,
    ),
    "sign-in": Rate(
        parse("1000 per 5 minutes"), "all together", "hashing takes time; known browsers come in beside it"
    ),
    "second factor": Rate(parse("5 per 5 minutes"), "account", "a code has six digits; a known browser has its own"),
    "failed second factor": Rate(parse("20 per hour"), "account", "patience does not help either", lasting=True),
    "account made": Rate(parse("5 per hour"), "address", "nobody has more people to register"),
    "set-up": Rate(
        parse("10 per 5 minutes"),
        "address",
        "links cannot be guessed, but it costs nothing to be sure; one that works has its own",
    ),
    "password chosen": Rate(parse("10 per 5 minutes"), "address", "the same of the link to choose a password"),
    "password forgotten": Rate(
        parse("5 per day"),
        "account, from one address",
        "mails to one person; a known browser has its own five",
        lasting=True,
        meanwhile=LINK_IS_THERE,
    ),
    "passwords forgotten of one": Rate(
        parse("10 per hour"),
        "account",
        "the same, from wherever; each link works for an hour",
        lasting=True,
        meanwhile=LINK_IS_THERE,
    ),
    "passwords forgotten here": Rate(parse("20 per hour"), "address", "nobody forgets for so many others"),
    "passwords forgotten": Rate(parse("500 per hour"), "all together", "a desk that mails more is believed no more"),
    "copy of one's data": Rate(parse("5 per hour"), "person", "it reads all of somebody's tickets and files"),
    "address given": Rate(
        parse("5 per day"), "person", "each is a mail, perhaps to somebody who never asked for it", lasting=True
    ),
    "address confirmed": Rate(parse("10 per 5 minutes"), "address", "the same of the link to confirm an address"),
    "change by a visitor": Rate(
        parse("100 per 5 minutes"), "address or known browser", "signing in, registering, links: that is all there is"
    ),
    "refusal written down": Rate(parse("20 per hour"), "person or address", "an audit is read by people"),
    "refusals written down": Rate(parse("1000 per hour"), "all together", "nobody fills the disk with refusals"),
    "sign-out that was refused": Rate(
        parse("30 per 5 minutes"), "address", "a provider's word that does not hold; one that does is free"
    ),
    "export": Rate(parse("5 per minute"), "person", "a file reads very many rows"),
    "ticket by a visitor": Rate(parse("5 per hour"), "address", "whoever has more to say has an account", lasting=True),
    "hundredth of a visitor's files": Rate(
        parse("100 per day"), "address", "of PERSON_QUOTA: visitors can give another name and address each time"
    ),
    "link": Rate(parse("10 per 5 minutes"), "address", "links to tickets that open nothing; those that do are free"),
    "code": Rate(parse("20 per 5 minutes"), "address", "access codes that are typed", lasting=True),
    "code of a person": Rate(
        parse("10 per hour"),
        "e-mail address, from one address",
        "a browser with a link of theirs has its own ten",
        True,
    ),
    "codes of a person": Rate(
        parse("1000 per hour"), "e-mail address", "the same, wherever else they come from", lasting=True
    ),
    "link asked for": Rate(parse("10 per hour"), "address", "new links to tickets", lasting=True),
    "link for a person": Rate(
        parse("5 per hour"),
        "e-mail address, from one address",
        "nobody's mailbox shall be filled; a browser with a link of theirs has its own five",
        lasting=True,
        meanwhile=LINKS_ARE_THERE,
    ),
    "links for a person": Rate(
        parse("20 per hour"),
        "e-mail address",
        "the same, wherever else they come from",
        lasting=True,
        meanwhile=LINKS_ARE_THERE,
    ),
    "search": Rate(parse("120 per minute"), "person", "a search reads every ticket"),
    "ticket": Rate(parse("30 per minute"), "person", "opened in a page; each is a row for all staff, and mails"),
    "comment": Rate(parse("60 per minute"), "person", "written in a page; each is mailed to all whom it concerns"),
    "file": Rate(parse("100 per minute"), "person or address", "each of a message counts, whatever becomes of it"),
    "change": Rate(parse("300 per minute"), "person", "also what pages send themselves: drafts, reading, typing"),
}


def init_app(app: Flask):
    """Give the app its counts."""
    memory.threading = SimpleNamespace(RLock=threading.RLock, Timer=_Tidying)
    memory.time = _Monotonic  # by the wall clock, one set back two hours would lock people out for two hours
    app.extensions["rates"] = MovingWindowRateLimiter(Counts())


def count(what: str, who: str = "", times: int = 1):
    """One more of `what` by `who`, or so many at once: all or none. Raises TooManyRequests when that is too much."""
    key = _key(what, who)
    if not limiter().hit(RATES[what].limit, what, key, cost=times):
        raise _too_many(what, key, times)
    if RATES[what].lasting:
        keep(what, key)


def count_once(what: str, who: str, thing: str | None, times: int = 1):
    """The same, but the same `thing` again is not counted again, whatever has become of it; None is no thing."""
    limit = RATES[what].limit
    seen = type(limit)(1, limit.multiples), what, _key(what, who), thing or ""
    if not thing or limiter().test(*seen):
        count(what, who, times)
        limiter().hit(*seen)


@contextmanager
def trying(*counted: tuple[str, str]) -> Iterator[None]:
    """For what counts only if it fails, which is counted inside: names of RATES, and for whom.

    No more are under way at once than may fail, and further ones wait: so a crowd finds out no more than those who come
    one by one, and what is right is refused no sooner. Raises TooManyRequests. Nothing may be written before it.
    """
    keys = [(what, _key(what, who)) for what, who in counted]
    limiter()  # what has to be read back is, before others wait for it
    with _turn:
        while not all([_may_begin(*key) for key in keys]):  # noqa: C419 - each is asked, it may raise
            db.session.rollback()  # whoever waits keeps no connection to the database from others
            _turn.wait()
        _under_way.update(keys)
    try:
        yield
    finally:
        with _turn:
            _under_way.subtract(keys)
            for key in keys:
                if not _under_way[key]:
                    del _under_way[key]
            _turn.notify_all()


def has_room(what: str, who: str = "") -> bool:
    """The same as `count`, for what is left out where it would be too much."""
    return limiter().hit(RATES[what].limit, what, who)


def count_mail(email: str):
    """Limit what strangers have mailed to an address. A browser that was signed in there before counts apart."""
    email = address_for(email)
    known = known_browser(cookie(), email)
    count("password forgotten", f"{email} {known or address()}")
    if known is None:  # in this order: what is refused for the one who asks uses up nothing of the others
        count("passwords forgotten here", address())
        count("passwords forgotten of one", email)
        count("passwords forgotten")


def count_link(email: str, held: int | None):
    """The same of links to tickets. A browser that holds one, to the ticket `held` of theirs, counts apart."""
    email = address_for(email)
    count("link for a person", f"{email} {held or address()}")
    if held is None:
        count("link asked for", address())
        count("links for a person", email)


def limiter() -> MovingWindowRateLimiter:
    """What is counted; what an earlier process counted is read back first, once."""
    found = current_app.extensions["rates"]
    found.storage.read_back({what: rate.limit for what, rate in RATES.items() if rate.lasting})
    return found


def _key(what: str, who: str) -> str:
    return key_of(who) if RATES[what].lasting else who


def _may_begin(what: str, key: str) -> bool:
    """Whether one more would still fit if all that are under way failed. Raises TooManyRequests if it fits no more."""
    limit = RATES[what].limit
    if not limiter().test(limit, what, key):
        raise _too_many(what, key)
    return limiter().test(limit, what, key, cost=_under_way[what, key] + 1)


def _too_many(what: str, key: str, times: int = 1) -> TooManyRequests:
    seconds = limiter().storage.frees_in(RATES[what].limit, (what, key), times)
    refused = TooManyRequests(retry_after=max(1, math.ceil(seconds)))
    refused.next = RATES[what].meanwhile
    return refused
