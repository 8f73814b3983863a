"""What administrators may send about others."""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator

from informejo import limits
from informejo.accounts.inputs import Department, Email, Name
from informejo.accounts.models import Role
from informejo.inputs import Input, Invalid, problem, prose
from informejo.text import has_at

MOST_AT_ONCE = 50  # people invited with one form: each of them gets a mail
_LINE = re.compile(r"(?P<name>[^<>]*)<(?P<in>[^<>]+)>|(?P<plain>\S+)")  # no blanks apart: each would be tried anew


class Somebody(Input):
    """An address, and a name where one was written beside it."""

    email: Email
    name: Name


class Invited(NamedTuple):
    """Who is to be invited."""

    email: str
    name: str


def _each(text: str) -> tuple[Invited, ...]:
    lines = [line.strip(" ,;") for line in text.splitlines()]
    people: dict[str, Invited] = {}
    for one in map(_read, filter(None, lines)):
        people.setdefault(one.email, one)  # who stands there twice is called as they are first
    if len(people) > MOST_AT_ONCE:
        raise problem(f"These are {len(people)} people; at most {MOST_AT_ONCE} can be invited at once.")
    return tuple(people.values())


def _read(line: str) -> Invited:
    found = _LINE.fullmatch(line)
    address = found and (found["in"] or found["plain"]).strip()
    try:
        one = Somebody.read({"email": address, "name": _named(found["name"] or "", address)} if found else {})
    except Invalid:
        raise problem(f"“{line}” is no address. Write one a line: Mia Lund <mia@example.org>") from None
    return Invited(one.email, one.name)


def _named(name: str, address: str) -> str:
    """Whoever is not named is called by the first part of the address, until they say more themselves.

    So are those beside whose address a mail program wrote an address in the place of a name.
    """
    own, _, host = address.partition("@")
    given, called = " ".join(name.split()).strip(' "'), " ".join(re.split(r"[._]+", own)).title()
    if given and not has_at(given):
        return given
    return (called if len(called) >= limits.NAME.least else f"{own} at {host}")[: limits.NAME.most].strip()


class Invitation(Input):
    """Whom to invite, one a line, as what, and how they learn of it."""

    people: Annotated[prose(limits.INVITED, "at least one address"), AfterValidator(_each)]
    role: Literal[Role.USER, Role.AGENT, Role.ADMIN]
    department: Department = ""
    way: Literal["mail", "link"] = "mail"


class PersonChange(Input):
    """What an administrator says of who somebody is."""

    name: Name
    department: Department = ""


class AddressChange(Input):
    """Another address."""

    email: Email


class Typed(Input):
    """What somebody types to show that they mean it."""

    typed: str = ""
