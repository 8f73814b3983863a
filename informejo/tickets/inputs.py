"""What may be sent about tickets; the same for pages and programs."""

import sys
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator
from werkzeug.exceptions import UnprocessableEntity

from informejo import limits
from informejo.accounts.inputs import Email, name_of
from informejo.drafts.inputs import DraftKey
from informejo.events import log
from informejo.inputs import CHOOSE, Input, Invalid, line, problem, prose
from informejo.live import bookmark
from informejo.own_counts import count_own
from informejo.settings.queries import offered_categories
from informejo.text import is_number
from informejo.tickets import list_queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.words import Category, Priority, Status

_nothing = BeforeValidator(lambda value: value or None)
# Once-only: drawn with the form, the same when it is sent twice.
Key = Annotated[Annotated[str, Field(max_length=limits.KEY)] | None, _nothing]
Title = line(limits.TITLE, "a title")
Description = prose(limits.DESCRIPTION, "what happens,")
Body = prose(limits.COMMENT, "a message")


def _is_offered(category: Category) -> Category:
    if category not in {value for value, _ in offered_categories()}:  # an old page, or no page of ours
        raise problem(f"{category.word} is not offered any more. {CHOOSE}")
    return category


def _known(key: str) -> Category:
    if key not in Category:
        raise problem(CHOOSE)
    return Category(key)


KnownCategory = Annotated[str, AfterValidator(_known)]
OfferedCategory = Annotated[KnownCategory, AfterValidator(_is_offered)]


class NewTicket(Input):
    """A new ticket; the requester fields are for staff who open it for somebody else."""

    title: Title
    description: Description
    category: OfferedCategory = Category.OTHER
    priority: Priority = Priority.MEDIUM
    requester_email: Annotated[Email | None, _nothing] = None
    requester_name: Annotated[name_of("a name") | None, _nothing] = None
    follows: str = ""  # the number of an earlier ticket; one that cannot be found is no reason to refuse this one
    key: Key = None
    continues: DraftKey = ""  # of the draft that the form began with

    @field_validator("requester_name")
    @classmethod
    def has_an_address(cls, name: str | None, fields) -> str | None:
        if name and not fields.data.get("requester_email"):
            raise problem("Write their e-mail address too, or this ticket would be yours.")
        return name


class NewComment(Input):
    """A reply or a note. Without words it needs files."""

    body: Annotated[prose(limits.COMMENT._replace(least=0), "a message"), Field(default="")]
    internal: bool = False
    key: Key = None
    continues: DraftKey = ""
    files: bool = False  # set by the door, from the files that came along
    to: str | None = None  # whom the form said that a reply goes to, by id; None of forms that say nothing
    to_note: str | None = None

    @model_validator(mode="after")
    def says_something(self):
        if not self.body.strip() and not self.files:
            raise problem("Write a message, or attach a file.")
        return self


class TicketText(Input):
    """Title and description, edited; `version` is the one the form was drawn from."""

    title: Title
    description: Description
    version: int


class CommentText(Input):
    """A message, edited."""

    body: Body
    version: int


class Change(Input):
    """A new value of one field, and what it was when the form was drawn (empty: not told)."""

    value: str
    was: str | None = None


class StatusChange(Change):
    """A new status."""

    value: Status
    was: Annotated[Status | None, _nothing] = None


class PriorityChange(Change):
    """A new priority."""

    value: Priority
    was: Annotated[Priority | None, _nothing] = None


class CategoryChange(Change):
    """A new category."""

    value: KnownCategory
    was: Annotated[KnownCategory | None, _nothing] = None


class Confidentiality(Input):
    """Whether a ticket is confidential."""

    value: Literal["yes", "no"]


def read_change(asked: type[Input], fields: Mapping[str, str]) -> Input:
    """What a form says of one field. Raises UnprocessableEntity with what is wrong with it."""
    try:
        return asked.read(fields)
    except Invalid as invalid:
        raise UnprocessableEntity(" ".join(invalid.problems.values())) from invalid


NEVER = sys.maxsize  # as an event's id, later than all


def list_from(fields: Mapping[str, str]) -> tuple[int, set[int]]:
    """Up to which event an open list was drawn, and the tickets it shows. What cannot be read counts as not given."""
    since = bookmark.read(fields.get("since", ""), log.epoch())
    shown = fields.get("shown", "").split(",")[: list_queries.PAGE]
    numbers = {int(number) for number in shown if is_number(number)}
    return since.id if since else NEVER, numbers


def asked(fields: Mapping[str, str], **defaults) -> TicketFilter:
    """The filter that an address asks for. Searching reads every ticket, so it is counted: raises TooManyRequests."""
    filter = TicketFilter.read(fields, **defaults)
    if filter.q:
        count_own("search")
    return filter
