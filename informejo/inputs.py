"""The base of all inputs: one pydantic model for what may be sent, whose problems are sentences beside the field."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from informejo.limits import Length
from informejo.text import clean_line, clean_text, says_something

CHOOSE = "Choose one of the values in the list."
_BY_KIND = {"missing": "Fill this in.", "enum": CHOOSE, "int_parsing": "This must be a whole number."}


class Invalid(Exception):
    """What was sent cannot be taken. `problems` maps each field to a sentence, `typed` is everything that was sent."""

    status = 422

    def __init__(self, problems: dict[str, str], typed: dict[str, str]):
        super().__init__(problems)
        self.problems, self.typed = problems, typed


class Input(BaseModel):
    """What one form or one call may send. Fields that are not named here are ignored, whatever they are called."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def read(cls, fields) -> "Input":
        """From a form or any mapping. Raises Invalid."""
        typed = {name: fields[name] for name in fields}
        try:
            return cls.model_validate(typed)
        except ValidationError as error:
            raise Invalid({str(e["loc"][0]) if e["loc"] else "": _sentence(e) for e in error.errors()}, typed) from None


def line(length: Length, what: str):
    """The type of a one-line text within `length`; `what` names it in the sentence, as in "a title"."""
    return Annotated[str, BeforeValidator(_cleaned(clean_line)), AfterValidator(_within(length, what))]


def prose(length: Length, what: str):
    """The type of a text of several lines within `length`."""
    return Annotated[str, BeforeValidator(_cleaned(clean_text)), AfterValidator(_within(length, what))]


def whole(least: int, most: int, what: str):
    """The type of a whole number from `least` to `most`; `what` names it in the sentence, as in "days"."""

    def read(text: object) -> int:
        text = str(text)
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise problem(f"Write a number of {what}, from {least:,} to {most:,}.")
        return int(text)

    return Annotated[int, BeforeValidator(read)]


def problem(sentence: str) -> PydanticCustomError:
    """For validators to raise: the sentence stands beside the field as it is."""
    return PydanticCustomError("problem", "{sentence}", {"sentence": sentence})


def _cleaned(clean):
    return lambda value: clean(value) if isinstance(value, str) else value


def _within(length: Length, what: str):
    def check(text: str) -> str:
        count = len(text) if says_something(text) else 0
        if count > length.most:
            raise problem(f"This is {count - length.most:,} characters too long: at most {length.most:,} fit here.")
        if count == 0 and length.least:
            raise problem(f"Write {what}.")
        if count < length.least:
            raise problem(f"Write {what} of at least {length.least} characters; this has {count}.")
        return text

    return check


def _sentence(error: dict[str, Any]) -> str:
    return error["msg"] if error["type"] == "problem" else _BY_KIND.get(error["type"], "This cannot be understood.")
