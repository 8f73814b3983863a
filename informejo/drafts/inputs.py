"""What a form may ask to have kept."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from informejo import limits
from informejo.inputs import Input, problem

_FORM = re.compile(r"new-ticket|ticket:\d{1,18}(:edit)?|comment:\d{1,18}", re.ASCII)
KEPT = (
    "body",
    "internal",
    "title",
    "description",
    "category",
    "priority",
    "requester_email",
    "requester_name",
    "follows",
    "version",
)


DraftKey = Annotated[str, Field(max_length=limits.KEY)]  # the once-only key of the form that a draft belongs to


class NewDraft(Input):
    """Which form it is the draft of, and which draft it began with; what it holds is read field by field."""

    draft: str
    key: DraftKey = ""
    continues: DraftKey = ""

    @field_validator("draft")
    @classmethod
    def known(cls, draft: str) -> str:
        if not _FORM.fullmatch(draft):
            raise problem("There is no such form.")
        return draft


def kept_fields(fields) -> dict[str, str]:
    """Of what was posted, what a draft keeps, also what is too long to be sent; choices alone are not worth a draft."""
    kept = {name: fields[name] for name in KEPT if fields.get(name)}
    return kept if {"body", "title", "description"} & kept.keys() else {}
