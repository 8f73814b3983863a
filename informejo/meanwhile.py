"""Two people at one form: what one left alone stays as the other made it, and what both changed is asked about."""

from collections.abc import Mapping

WAS = "was-"  # begins the hidden field that says what the field of that name was drawn with


class ChangedMeanwhile(Exception):
    """Somebody else has changed this since it was shown; `value` is what holds now."""

    def __init__(self, name: str, value):
        super().__init__(name)
        self.name, self.value = name, value


def shown_in(form: Mapping[str, str]) -> dict[str, str]:
    """What each field of the form was drawn with; nothing of one that does not say so, as where a program sends it."""
    said = {name.removeprefix(WAS): text for name, text in form.items() if name.startswith(WAS)}
    return {name: text.replace("\r\n", "\n") for name, text in said.items()}  # browsers end lines in their own way


def merged(now: Mapping, was: Mapping, new: Mapping) -> dict:
    """What each field of `new` shall be: as it is `now` where it `was` shown like that. Raises ChangedMeanwhile.

    What `was` does not name is as it was shown. Of a set each member is a field of its own, and so never asked about.
    """
    return {name: _merged(name, now[name], was.get(name, now[name]), value) for name, value in new.items()}


def drawn_with(holds: Mapping[str, str], form: Mapping[str, str]) -> dict[str, str]:
    """What a form says that it was drawn with: what holds, or if it came back what it said before."""
    shown = shown_in(form)
    return {name: shown.get(name, text) for name, text in holds.items()}


def question(told: str) -> str:
    """What stands beside such a field; `told` is what holds now, in words."""
    return f"Somebody changed this meanwhile to {told}. Save again to put yours there."


def _merged(name: str, now, was, new):
    if isinstance(new, frozenset):
        return (now | (new - was)) - (was - new)
    if new == was:
        return now
    if now not in (was, new):
        raise ChangedMeanwhile(name, now)
    return new
