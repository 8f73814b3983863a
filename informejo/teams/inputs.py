"""What may be sent about teams."""

from typing import Literal

from informejo import limits
from informejo.inputs import Input, line
from informejo.tickets.inputs import KnownCategory


class NewTeam(Input):
    """A new team. It sees all tickets until somebody says otherwise: to make one takes nothing from anybody."""

    name: line(limits.NAME, "a name")


class TeamChange(NewTeam):
    """How a team is called, what its members see, and which categories it gets."""

    sees: Literal["all", "own"]
    categories: list[KnownCategory] = []
