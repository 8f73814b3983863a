"""The rules: who may do what. What is not in the table may nobody."""

from typing import NamedTuple

from werkzeug.exceptions import Forbidden, NotFound

from informejo import db
from informejo.accounts.models import Role, User
from informejo.events.models import Audience
from informejo.policy.party import is_party
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status


class Rule(NamedTuple):
    """One rule: what may be done, who may do it in words (docs/policy.md prints them), and the same as a function."""

    what: str
    who: str
    may: callable


def _anyone(actor, thing):
    return True


def _staff(actor, thing):
    return actor.is_staff and (not isinstance(thing, Ticket | Comment) or is_party(actor, thing))


def _admin(actor, thing):
    return actor.role == Role.ADMIN and _staff(actor, thing)


def _author(actor, thing):
    wrote = (thing.author_id if isinstance(thing, Comment) else thing.opened_by_id) == actor.id
    return wrote and is_party(actor, thing)


def _party_until_closed(actor, ticket):
    return is_party(actor, ticket) and (actor.is_staff or ticket.status != Status.CLOSED)


def _themselves_or_admin(actor, user):
    return actor.only is None and (actor.id == user.id or _admin(actor, user))


def _another(actor, user):
    return _admin(actor, user) and user.id != actor.id


RULES = (
    Rule("ticket.open", "everybody; guests by mail, since they cannot sign in", _anyone),
    Rule("ticket.open_for", "staff", _staff),
    Rule("ticket.see", "staff who see it, and its requester", is_party),
    Rule("ticket.comment", "staff who see it, and its requester", is_party),
    Rule("ticket.note", "staff who see it", _staff),
    Rule(
        "ticket.settle",
        "staff who see it; its requester too until it is closed (solved, or open again)",
        _party_until_closed,
    ),
    Rule("ticket.triage", "staff who see it", _staff),
    Rule("ticket.confide", "staff who see it (confidential or not, and whom it names)", _staff),
    Rule("ticket.link", "staff who see it, and its requester", is_party),
    Rule("ticket.edit", "the person who wrote it, while they see it", _author),
    Rule("ticket.delete", "administrators who see it", _admin),
    Rule("ticket.restore", "administrators who see it", _admin),
    Rule("ticket.watch", "staff who see it", _staff),
    Rule("comment.edit", "the person who wrote it, while they see it", _author),
    Rule("desk.see", "staff", _staff),
    Rule("desk.examine", "administrators", _admin),
    Rule("audit.see", "administrators", _admin),
    Rule("settings.change", "administrators", _admin),
    Rule("mail.see", "staff", _staff),
    Rule("mail.settle", "staff", _staff),
    Rule("mail.check", "administrators", _admin),
    Rule("team.list", "staff", _staff),
    Rule("team.change", "administrators", _admin),
    Rule("sso.map", "administrators (what roles at a provider make somebody here)", _admin),
    Rule("user.list", "staff", _staff),
    Rule("user.erase", "administrators, and everybody themselves", _themselves_or_admin),
    Rule("user.change", "administrators, but nobody their own role, activity or link to choose a password", _another),
    Rule("user.invite", "administrators", _admin),
    Rule("user.merge", "administrators, but nobody their own account into another", _another),
)
WITH_THE_BIN = ("ticket.delete", "ticket.restore")  # what can be done to a ticket that lies in it
_MAY = {rule.what: rule.may for rule in RULES}


def may(actor: User | None, what: str, thing=None) -> bool:
    """Whether `actor` may do `what` to `thing`. An unknown deed, a visitor and an inactive person are refused."""
    rule = _MAY.get(what)
    return bool(rule and actor and actor.active and rule(actor, thing))


def require(actor: User | None, what: str, thing=None):
    """Raise Forbidden unless `may`. Every action begins with this."""
    if not may(actor, what, thing):
        raise Forbidden("You may not do this.")


def hold(actor: User | None, what: str, thing: Ticket | Comment):
    """`require`, and again once the row is locked: since it was found it may have changed hands, or gone into the bin.

    Nobody can change it from here on until the transaction ends. Actions that write to something begin with this.
    Raises Forbidden, or NotFound when it is gone, its ticket lies in the bin, or is not theirs to see any more.
    """
    require(actor, what, thing)  # whoever may not need not wait for it either
    ticket = thing.ticket if isinstance(thing, Comment) else thing
    for row in dict.fromkeys((ticket, thing)):
        db.lock(row)
    if ticket.deleted_at is not None and what not in WITH_THE_BIN:
        raise NotFound("This ticket was deleted meanwhile.")
    if actor.active and not is_party(actor, ticket):  # what they do not see is not there: it is no deed to be refused
        raise NotFound("This ticket is not for you to see any more.")
    require(actor, what, thing)


def audience(actor: User) -> Audience:
    """As which audience this person is shown things."""
    return Audience.STAFF if actor.is_staff else Audience.REQUESTER


def sees(actor: User | None, ticket: Ticket) -> bool:
    """The same as a question: whether this person may see that ticket now."""
    return ticket.deleted_at is None and may(actor, "ticket.see", ticket)


def hears(user: User, ticket: Ticket) -> bool:
    """Whether mails about it go to them: to whoever sees it, and to its requester, whose mailbox is no account."""
    return sees(user, ticket) or (ticket.deleted_at is None and user.active and user.id == ticket.requester_id)
