"""What may happen at a desk, drawn from seeds: what people do, and what the background work does after it."""

from datetime import UTC, datetime, timedelta
from random import Random

from informejo.accounts.models import Role
from informejo.mail.words import Pace
from informejo.tickets.words import Status
from tests.mail.facts import BODIES

STAFF, ANYBODY = ("mia", "tom", "ana"), ("mia", "tom", "ana", "ren", "zoe")
NIGHTS = [  # around which the clocks of some of these places are changed
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 9, 5, 12, tzinfo=UTC),
    datetime(2026, 4, 4, 1, tzinfo=UTC),
    datetime(2026, 11, 30, 9, tzinfo=UTC),
]
ZONES = ["", "Europe/Oslo", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
WAITS = [timedelta(minutes=n) for n in (1, 29, 31, 60, 7 * 60, 13 * 60, 24 * 60, 73 * 60)]
MINUTES = [0, 30, 90, 150, 165, 7 * 60, 8 * 60, 12 * 60, 22 * 60, 23 * 60 + 59]
ON_OR_OFF = ("receipt", "mine", "assigned", "mentioned", "watched", "all_new")
DECIDE, SEND, BREAK = ("decide",), ("send", False), ("send", True)
AFTER = [(), *[(DECIDE,)] * 8, (DECIDE, SEND), (DECIDE, BREAK), *[(DECIDE, ("wait", time), SEND) for time in WAITS]]
DEEDS = {  # what somebody does, and how often beside the others
    "open": 2,
    "come": 1,
    "say": 6,
    "assign": 2,
    "set": 2,
    "watch": 3,
    "unwatch": 1,
    "edit": 1,
    "bin": 1,
    "restore": 2,
    "role": 1,
    "active": 1,
    "choose": 2,
    "read": 3,
    "forget": 1,
}


def deed(seed: int) -> list[tuple]:
    """One deed, and what the background work does after it. Drawn evenly, so that histories are full of things."""
    dice = Random(seed)
    (name,) = dice.choices(list(DEEDS), list(DEEDS.values()))
    ticket, staff, anybody = dice.randrange(2), dice.choice(STAFF), dice.choice(ANYBODY)
    body, other = dice.choice(list(BODIES)), dice.choice(STAFF)
    what = {
        "open": (anybody, dice.choice(["ren", "zoe", "gus", "mia"])),
        "come": (dice.choice(["zoe", "gus"]), dice.choice(["", "machine", "fail"])),
        "say": (anybody, ticket, body, dice.random() < 0.3),
        "assign": (staff, ticket, dice.choice([*STAFF, None])),
        "set": (anybody, ticket, dice.choice(list(Status))),
        "watch": (staff, ticket, other),
        "unwatch": (staff, ticket, other),
        "edit": (ticket, body),
        "bin": (ticket,),
        "restore": (ticket,),
        "role": (dice.choice(["mia", "tom"]), dice.choice([Role.USER, Role.AGENT, Role.AGENT, Role.ADMIN])),
        "active": (dice.choice(["mia", "tom", "ren"]), dice.random() < 0.6),
        "choose": (anybody, chosen(dice), dice.choice(ZONES)),
        "read": (anybody, ticket),
        "forget": (ticket, dice.choice(WAITS)),
    }
    return [(name, *what[name]), *dice.choice(AFTER)]


def beginning(seed: int) -> list[tuple]:
    """Two tickets, what people chose, and who watches."""
    dice = Random(seed)
    choices = [("choose", who, chosen(dice), dice.choice(ZONES)) for who in ANYBODY if dice.random() < 0.8]
    watching = [("watch", "ana", dice.randrange(2), dice.choice(STAFF)) for _ in range(3)]
    return [*choices, ("open", "ren", "ren"), ("open", dice.choice(ANYBODY), "zoe"), *watching]


def chosen(dice: Random) -> dict:
    """What somebody chooses; much of it they leave as it is."""
    choices = {name: dice.random() < 0.8 for name in ON_OR_OFF}
    choices |= {"pace": dice.choice(list(Pace)), "bundle_minutes": dice.choice([5, 30, 600])}
    choices |= {name: dice.choice(MINUTES) for name in ("daily_at", "quiet_from", "quiet_to")}
    return {name: value for name, value in choices.items() if dice.random() < 0.6}
