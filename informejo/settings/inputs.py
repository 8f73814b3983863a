"""What may be set in the page, and how each setting is asked for."""

import base64
from typing import Literal, NamedTuple

from pydantic import Field as Bounds, field_validator
from werkzeug.datastructures import FileStorage

from informejo import limits
from informejo.inputs import Input, Invalid, line, problem, prose
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


GROUPS = {
    "The desk": (
        Field("DESK_NAME", "Name", "In titles, on every page and in mails."),
        Field("ACCENT", "Accent colour", "As #0b6a62. Empty: the one it came with."),
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
            "From their next click on: whoever signed in without one signs in once more, you too.",
            choices=[("", "Nobody has to"), ("admins", "Administrators"), ("staff", "Agents and administrators")],
        ),
    ),
    "Mail": (
        Field("MAIL_FOOTER", "Words at the end of every mail", kind="prose"),
        Field(
            "REMINDER_DAYS", "Days after which a requester is reminded that we wait for them", "0 for never.", "number"
        ),
    ),
}
FIELDS: dict[str, Field] = {field.name: field for group in GROUPS.values() for field in group}
LABELS = {name: field.label for name, field in FIELDS.items()} | {"LOGO": "Logo", "FIRST_STEPS": "First steps"}


class Settings(Input):
    """All of them, each within its bounds."""

    DESK_NAME: line(Length(2, 60), "a name")
    ACCENT: str = ""
    GREETING: prose(_TEXT, "a greeting") = ""
    SUBMIT_HINT: prose(_TEXT, "a hint") = ""
    REGISTRATION: bool
    REGISTRATION_CONFIRM: bool
    GUEST_TICKETS: bool
    LINK_DAYS: int = Bounds(ge=1, le=365)
    SECOND_FACTOR: Literal["", "admins", "staff"] = ""
    MAIL_FOOTER: prose(_TEXT, "a footer") = ""
    REMINDER_DAYS: int = Bounds(ge=0, le=365)

    @field_validator("ACCENT")
    @classmethod
    def colour(cls, text: str) -> str:
        text = text.strip().lower()
        if text and not PATTERN.fullmatch(text):
            raise problem("Write a colour as # and six digits, such as #0b6a62.")
        return text

    @field_validator("LINK_DAYS", "REMINDER_DAYS", mode="before")
    @classmethod
    def days(cls, text: str) -> int:
        if not str(text).isdecimal() or not 0 <= int(str(text)[:6]) <= 365:
            raise problem("Write a number of days, at most 365.")
        return int(text)


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
