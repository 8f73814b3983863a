"""What guests may send: a ticket with whose it is, an access code, and for which ticket they want a new link."""

from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from informejo.accounts.inputs import Email, Name
from informejo.inputs import Input, problem
from informejo.text import is_number
from informejo.tickets.inputs import Description, Key, OfferedCategory, Title
from informejo.tickets.words import Category, Priority


class GuestTicket(Input):
    """A ticket of somebody who is not signed in."""

    name: Name
    email: Email
    title: Title
    description: Description
    category: OfferedCategory = Category.OTHER
    priority: Priority = Priority.MEDIUM
    key: Key = None


class TypedCode(Input):
    """An access code and the address it was mailed to. Only that it does not fit is ever said of a code."""

    email: Email
    code: Annotated[str, Field(max_length=1_000)] = ""

    @field_validator("code")
    @classmethod
    def is_there(cls, code: str) -> str:
        if not code.strip():
            raise problem("Write the access code from the mail.")
        return code


def _plain_number(typed):
    return str(typed or "").strip().lstrip("#").strip()


class LinkWish(Input):
    """A ticket for which somebody wants a new link: its number, or nothing for their newest."""

    email: Email
    number: Annotated[str, BeforeValidator(_plain_number)] = ""

    @field_validator("number")
    @classmethod
    def is_a_number(cls, number: str) -> str:
        if number and not is_number(number):
            raise problem("Write the number of the ticket, such as 42, or leave this empty for your newest one.")
        return number
