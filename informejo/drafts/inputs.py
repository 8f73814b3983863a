"""What a form may ask to have kept."""

import re

from pydantic import field_validator

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


class NewDraft(Input):
    """Which form it is the draft of; what it holds is read field by field."""

    draft: str

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
