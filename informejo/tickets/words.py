"""The fixed words of a ticket: status, priority, category, each with the word and the icon people see."""

from enum import StrEnum


class Word(StrEnum):
    """A fixed value that knows how to say and show itself."""

    def __new__(cls, value: str, word: str, icon: str):
        member = str.__new__(cls, value)
        member._value_ = value
        member.word, member.icon = word, icon
        return member


class Status(Word):
    """Where a ticket stands. Any status may follow any other."""

    OPEN = "open", "Open", "circle"
    IN_PROGRESS = "in_progress", "In progress", "loader"
    WAITING = "waiting", "Waiting", "hourglass"
    RESOLVED = "resolved", "Resolved", "circle-check"
    CLOSED = "closed", "Closed", "archive"


class Priority(Word):
    """How urgent it is, from least to most."""

    LOW = "low", "Low", "bars-1"
    MEDIUM = "medium", "Medium", "bars-2"
    HIGH = "high", "High", "bars-3"
    CRITICAL = "critical", "Critical", "bars-4"


class Category(Word):
    """What it is about."""

    HARDWARE = "hardware", "Hardware", "monitor"
    SOFTWARE = "software", "Software", "app-window"
    NETWORK = "network", "Network", "wifi"
    ACCESS = "access", "Access", "key-round"
    TRAVEL = "travel", "Travel", "plane"
    OTHER = "other", "Other", "circle-help"


UNSOLVED = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING)
