"""Reading the demonstration's texts: who is in the cast, and who does what at which moment.

A story in `stories/<category>.txt` is a title and turns; what follows a turn's line are the words that go with it:

    === The projector shows everything in purple
    @ day 1 08:12 priya opens high with projector.png
    Our sea depths are a scale of blues.
    @ 08:25 maren takes, sets in_progress, replies
    I am on my way.
    @ 20 min ago priya replies
    Thank you!

Days are working days: the fifteenth is the last one before today. A turn without a day is on that of the turn before.
The verbs are the methods of `play.Play`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
DAYS = 15
OPENS_AT = time(6, 0, tzinfo=UTC)

TITLE = re.compile(r"^=== ", re.MULTILINE)
TURN = re.compile(r"^@ ", re.MULTILINE)
HEAD = re.compile(r"(?:day (?P<day>\d+) )?(?:(?P<time>\d\d:\d\d)|(?P<ago>\d+) min ago) (?P<who>\w+) (?P<deeds>.+)")
DEED = re.compile(r"(?P<verb>\w+)(?: (?!for |with )(?P<what>\w+))?(?: for (?P<whom>\w+))?(?: with (?P<files>.+))?")


class Part(NamedTuple):
    """A line of `cast.txt`: one of the people."""

    email: str
    role: str
    name: str
    department: str

    @property
    def key(self) -> str:
        """What the stories call this person."""
        return self.email.partition("@")[0]


class Deed(NamedTuple):
    """One thing somebody does, such as "opens high for nadia with map.png"; what is not said is None."""

    verb: str
    what: str | None  # a status, priority or category, or the key of a person
    whom: str | None
    files: str | None


class Turn(NamedTuple):
    """What one person does at one moment, and the words they write."""

    at: datetime
    who: str
    deeds: list[Deed]
    words: str
    story: str  # its title
    category: str


def parts() -> list[Part]:
    """The cast."""
    return [Part(*re.split(r" {2,}", line)) for line in _read("cast.txt").splitlines()]


def turns(now: datetime) -> list[Turn]:
    """All turns of all stories, in the order of time, the last shortly before `now`."""
    files = sorted((HERE / "stories").glob("*.txt"))
    texts = [(file.stem, text) for file in files for text in TITLE.split(_read(file))[1:]]
    return sorted((turn for category, text in texts for turn in _turns(category, text, now)), key=lambda turn: turn.at)


def first_morning(now: datetime) -> datetime:
    """When the desk opens for the first time."""
    return datetime.combine(_workday(1, now.date()), OPENS_AT)


def _turns(category: str, text: str, now: datetime) -> Iterator[Turn]:
    title, *scenes = (part.strip() for part in TURN.split(text))
    day = None
    for scene in scenes:
        head, _, words = scene.partition("\n")
        said = HEAD.fullmatch(head)
        if said is None:
            raise ValueError(f"“{title}”: nobody can play “{head}”.")
        day = said["day"] or day
        yield Turn(_moment(said, day, now), said["who"], _deeds(said["deeds"]), words, title, category)


def _moment(said: re.Match, day: str | None, now: datetime) -> datetime:
    if said["ago"]:
        return now - timedelta(minutes=int(said["ago"]))
    return datetime.combine(_workday(int(day), now.date()), time.fromisoformat(said["time"]), UTC)


def _workday(number: int, today: date) -> date:
    before = (today - timedelta(days=days) for days in count(1))
    return next(islice((day for day in before if day.weekday() < 5), DAYS - number, None))


def _deeds(text: str) -> list[Deed]:
    return [Deed(**DEED.fullmatch(deed).groupdict()) for deed in text.split(", ")]


def _read(name: str | Path) -> str:
    return (HERE / name).read_text(encoding="utf-8")
