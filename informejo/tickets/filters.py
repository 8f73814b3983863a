"""The filters of lists of tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from informejo import limits
from informejo.text import clean_line, is_number
from informejo.tickets.words import Category, Priority, Status

GROUPS = {"unsolved": "Unsolved", "due": "Waiting for us"}  # what a list can ask for beside a single status
_OF_TICKET = ("status", "priority", "category", "assignee", "requester", "team")
SORTS = {"activity": "Last activity", "newest": "Newest", "oldest": "Oldest", "priority": "Most urgent"}


@dataclass(frozen=True)
class TicketFilter:
    """What a list shows, as a value: its page, its count, its live nudge and its address all read the same one."""

    status: str = ""  # a status, `unsolved`, `due` (it is the desk's turn), or empty for all
    priority: str = ""
    category: str = ""
    assignee: str = ""  # a user's id, `me`, `none`, or empty for all
    requester: str = ""  # a user's id, `me`, or empty for all
    team: str = ""  # a team's id, `none`, or empty for all; asked by the staff alone
    q: str = ""
    sort: str = "activity"

    @classmethod
    def read(cls, fields: Mapping[str, str], **defaults) -> "TicketFilter":
        """From an address; a value that is none of a field's words is left out."""
        given = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
        filter = cls(**{**defaults, **given})
        return replace(
            filter,
            status=filter.status if filter.status in (*GROUPS, *Status) else "",
            priority=filter.priority if filter.priority in tuple(Priority) else "",
            category=filter.category if filter.category in Category else "",
            assignee=filter.assignee if _is_person(filter.assignee) else "",
            requester=filter.requester if _is_person(filter.requester) else "",
            team=filter.team if filter.team == "none" or is_number(filter.team) else "",
            q=clean_line(filter.q)[: limits.SEARCH.most],
            sort=filter.sort if filter.sort in SORTS else "activity",
        )

    @property
    def fields(self) -> list[str]:
        """The fields of a ticket that decide whether it fits, beside its messages and files."""
        asked = [name for name in _OF_TICKET if getattr(self, name)]
        return asked + (["title", "description", "requester"] if self.q else [])

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out tickets that have the words; one's own list is all there is to search in."""
        narrow = (self.status, self.priority, self.category, self.assignee, self.team)
        return any(narrow) or self.requester not in ("", "me")

    def without(self, field: str) -> "TicketFilter":
        """The same, but for that field."""
        return replace(self, **{field: ""})

    @property
    def words_alone(self) -> "TicketFilter":
        """The same words in all tickets."""
        return TicketFilter(q=self.q)

    @property
    def address(self) -> str:
        """The same filter as a query string, empty parts left out."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return urlencode({name: value for name, value in fields.items() if value or name == "status"})


def _is_person(word: str) -> bool:
    return word in ("me", "none") or is_number(word)
