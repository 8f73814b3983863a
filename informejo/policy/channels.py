"""The channels of live updates: what a page may listen to."""

import re

from sqlalchemy import Select, bindparam
from werkzeug.exceptions import NotFound

from informejo.accounts.models import Role, User
from informejo.built_once import Anyone, built_once
from informejo.glance import glance
from informejo.live.wire import LISTS, OWN, Channel
from informejo.policy.look_ups import Unseen, unseen
from informejo.policy.rules import audience, may
from informejo.policy.sight import visible_tickets
from informejo.tickets.models import Ticket

_NUMBER = re.compile(r"[1-9][0-9]{0,10}", re.ASCII)  # one topic has one spelling
_BY_LINK = Anyone(Role.USER, active=True, only=bindparam("number"))


def channels(actor: User, topics: list[str], form: str) -> tuple[tuple[Channel, ...], list[Unseen]]:
    """The channels behind the topics a browser names, and of these the tickets that are not there for this person.

    Raises NotFound for any other topic that is unknown or not for them.
    """
    who, found, missing = audience(actor).value, {}, []
    for topic in dict.fromkeys(topics):
        if (number := ticket_of(topic)) is None:
            found |= dict.fromkeys(Channel(one, who, form) for one in _topics(actor, topic))
        elif _is_visible(actor, number):
            found[Channel(topic, who, form)] = None
        else:
            missing.append(unseen(actor, number))
    return tuple(found), missing


def ticket_of(topic: str) -> int | None:
    """The number of the ticket that a topic names, None when it names none."""
    kind, _, number = topic.partition(":")
    return int(number) if kind == "ticket" and _NUMBER.fullmatch(number) else None


def _topics(actor: User, topic: str) -> tuple[str, ...]:
    """Whoever shares a list is told on a topic of their own what is not for all who share it."""
    if topic in LISTS and may(actor, "desk.see"):
        return (f"{topic}:{actor.id}",) if actor.narrowed else (topic, f"{OWN}{actor.id}")
    if topic == "me" and actor.only is None:
        return (f"{OWN}{actor.id}",)
    raise NotFound("There is nothing to listen to under that name.")


def _is_visible(actor: User, number: int) -> bool:
    if actor.only not in (None, number):
        return False
    whose = _visible_id(actor if actor.only is None else _BY_LINK)  # not one statement for each link
    return bool(glance(whose, me=actor.id, number=number))


@built_once
def _visible_id(actor) -> Select:
    return visible_tickets(actor).where(Ticket.id == bindparam("number")).with_only_columns(Ticket.id)
