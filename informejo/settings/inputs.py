"""What may be set in the page, and how each setting is asked for."""

import base64
from typing import Literal, NamedTuple

from pydantic import field_validator
from werkzeug.datastructures import FileStorage

from informejo import limits
from informejo.inputs import Input, Invalid, line, problem, prose, whole
from informejo.limits import Length
from informejo.settings.colours import PATTERN
from informejo.tickets.media_types import HEAD, media_type

PICTURES = ("image/png", "image/jpeg", "image/webp")
MOST_BYTES = 64 * 1024  # of a logo: it goes with every page
_TEXT = Length(0, 1_000)
SWITCH = [("on", "Yes"), ("off", "No")]


class Field(NamedTuple):
    """How one setting is asked for; with `choices` as a list, of which one is chosen."""

    name: str
    label: str
    hint: str = ""
    kind: str = "text"
    choices: list[tuple[str, str]] | None = None
    is_optional: bool = False


GROUPS = {
    "The desk": (
        Field("DESK_NAME", "Name", "In titles, on every page and in mails."),
        Field("ACCENT", "Accent colour", "As #0b6a62. Empty: the one it came with.", is_optional=True),
        Field("GREETING", "Greeting on the front page", kind="prose"),
        Field("SUBMIT_HINT", "Words above the form for a new ticket", kind="prose"),
    ),
    "Who comes in": (
        Field("REGISTRATION", "People may register themselves", choices=SWITCH),
        Field("REGISTRATION_CONFIRM", "Whoever does, proves their address by a mail first", choices=SWITCH),
        Field("GUEST_TICKETS", "People may open tickets without an account", choices=SWITCH),
        Field("LINK_DAYS", "Days for which a mailed link opens its ticket", kind="number"),
        Field(
            "SECOND_FACTOR",
            "Who has to have a second factor",
            "From their next click on: whoever signed in without one signs in once more. Show yours first.",
            choices=[("", "Nobody has to"), ("admins", "Administrators"), ("staff", "Agents and administrators")],
        ),
    ),
}


class Settings(Input):
    """All of them, each within its bounds."""

    DESK_NAME: line(Length(2, 60), "a name")
    ACCENT: str = ""
    GREETING: prose(_TEXT, "a greeting") = ""
    SUBMIT_HINT: prose(_TEXT, "a hint") = ""
    REGISTRATION: bool
    REGISTRATION_CONFIRM: bool
    GUEST_TICKETS: bool
    LINK_DAYS: whole(1, 365, "days")
    SECOND_FACTOR: Literal["", "admins", "staff"] = ""

    @field_validator("ACCENT")
    @classmethod
    def colour(cls, text: str) -> str:
        text = text.strip().lower()
        if text and not PATTERN.fullmatch(text):
            raise problem("Write a colour as # and six digits, such as #0b6a62.")
        return text


class Form(NamedTuple):
    """The settings that one page changes: in which groups it asks for them, and what they can be."""

    groups: dict[str, tuple[Field, ...]]
    input: type[Input]

    @property
    def fields(self) -> dict[str, Field]:
        return {field.name: field for group in self.groups.values() for field in group}


DESK_FORM = Form(GROUPS, Settings)


class CategoryName(Input):
    """What a category is called, in any script."""

    word: line(limits.CATEGORY, "a name")


def picture(file: FileStorage | None) -> dict[str, str]:
    """The logo that was sent, as it is saved. What it is, its first bytes say. Raises Invalid."""
    content = file.read(MOST_BYTES + 1) if file else b""
    kind = media_type(content[:HEAD])
    if kind not in PICTURES:
        raise Invalid({"LOGO": "Choose a picture: PNG, JPEG or WebP."}, {})
    if len(content) > MOST_BYTES:
        raise Invalid({"LOGO": f"This picture is too large: at most {MOST_BYTES // 1024} KB fit here."}, {})
    return {"type": kind, "content": base64.b64encode(content).decode()}


def shown(value) -> str:
    """A value as a form shows it, and sends it back."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
