"""What may be sent about people."""

from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, field_validator

from informejo import limits
from informejo.accounts.models import THEMES, Role
from informejo.accounts.passwords import weakness
from informejo.addresses import is_address, one_spelling
from informejo.inputs import Input, Invalid, line, problem
from informejo.offload import offload
from informejo.text import has_at

_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "CrOS", "Linux")


def _address(text: str) -> str:
    if not is_address(text):
        raise problem("Write a whole e-mail address, such as ren@example.org.")
    if len(one := one_spelling(text)) > limits.EMAIL.most:
        raise problem("This is too long for an e-mail address, as mail servers write its domain.")
    return one


def _no_address(name: str) -> str:
    if has_at(name):
        raise problem("Write a name without an @: an address is no name, since it could be somebody else’s.")
    return name


def name_of(what: str):
    """The type of what somebody is called; `what` names it in the sentence, as in "your name"."""
    return Annotated[line(limits.NAME, what), AfterValidator(_no_address)]


Email = Annotated[line(limits.EMAIL, "your e-mail address"), AfterValidator(_address)]
Name = name_of("your name")
Department = line(limits.DEPARTMENT, "a department")


class SignIn(Input):
    """Address and password; the address is only made comparable, so that every wrong one is answered the same way."""

    email: line(limits.EMAIL, "your e-mail address")
    password: str

    @field_validator("email")
    @classmethod
    def comparable(cls, email: str) -> str:
        return one_spelling(email)


class Forgotten(Input):
    """Whose password is forgotten."""

    email: Email


class Erasure(Input):
    """That somebody wants their account deleted, and knows what that means."""

    sure: str = ""

    @field_validator("sure")
    @classmethod
    def said(cls, sure: str) -> str:
        if sure != "yes":
            raise problem("Say that you know it cannot be undone.")
        return sure

    @classmethod
    def read(cls, fields):
        """As ever; what is not ticked is not sent."""
        return super().read({"sure": ""} | dict(fields.items()))


class NewAddress(Input):
    """Another address for oneself."""

    email: Email


class NewPassword(Input):
    """A password somebody has chosen, and the same once more."""

    password: str
    again: str

    @classmethod
    def read(cls, fields, *own_words: str):
        """As ever, and the password may be neither easy to guess nor mistyped. `own_words`: its owner's name."""
        wrong = _wrong_password(fields, *own_words)
        try:
            new = super().read(fields)
        except Invalid as invalid:
            raise Invalid(invalid.problems | wrong, invalid.typed) from None
        if wrong:
            raise Invalid(wrong, dict(fields))
        return new


class Newcomer(Input):
    """Somebody who registers, and chooses a password later, with a link that is mailed to them."""

    name: Name
    email: Email
    department: Department = ""


class NewAccount(Newcomer, NewPassword):
    """Somebody who registers and is in at once."""


class NewAdmin(NewPassword):
    """The first administrator."""

    name: Name
    email: Email


class PasswordChange(NewPassword):
    """A new password, and the one so far."""

    current: str


class Profile(Input):
    """What people decide about themselves."""

    name: Name
    department: Department = ""
    theme: Literal[THEMES] = "system"
    shortcuts: Literal["on", "off"] = "on"
    time_zone: str = ""

    @field_validator("time_zone")
    @classmethod
    def known(cls, zone: str) -> str:
        if zone and zone not in time_zones():
            raise problem("Choose one of the time zones in the list.")
        return zone


class Handover(Input):
    """Who takes the tickets over: the id of somebody of the staff, or nothing for the queue."""

    to: str = ""


class RoleChange(Handover):
    """A new role."""

    value: Role


class ActivityChange(Handover):
    """Whether somebody may come in."""

    value: Literal["active", "inactive"]


@cache
def time_zones() -> list[str]:
    """All places of the time zone database, by name; its old abbreviations are left out."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


def browser(user_agent: str) -> str:
    """A browser's description of itself in words people know: "Firefox on Linux"."""
    name = next((word for mark, word in _BROWSERS.items() if mark in user_agent), "Some program")
    system = next((word for word in _SYSTEMS if word in user_agent), "")
    return f"{name} on {system.replace(' X', '')}" if system else name


def _wrong_password(fields, *own_words: str) -> dict[str, str]:
    password, typed = fields.get("password", ""), (fields.get(name, "") for name in ("email", "name"))
    if sentence := offload(weakness, password, *own_words, *(word[: limits.EMAIL.most] for word in typed)):
        return {"password": sentence}
    return {} if fields.get("again") == password else {"again": "This is not the same as above."}
