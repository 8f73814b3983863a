"""What may be asked of the ledger."""

from collections.abc import Mapping
from contextlib import suppress

from werkzeug.exceptions import NotFound

from informejo.inputs import Input
from informejo.mail.words import InState
from informejo.text import is_number


class MovedTo(Input):
    """The ticket that a mail belongs to, by its number, with or without its `#`."""

    number: str = ""

    @classmethod
    def number_from(cls, fields: Mapping[str, str]) -> int:
        """Raises NotFound when it is none."""
        number = cls.read(fields).number.strip().removeprefix("#")
        if not is_number(number):
            raise NotFound("Give the number of a ticket, such as 42.")
        return int(number)


def state_from(fields: Mapping[str, str]) -> InState | None:
    """The state that a list is asked for; None for all, and for one that there is not."""
    with suppress(ValueError):
        return InState(fields.get("state", ""))
    return None
