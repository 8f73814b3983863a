"""Whether a message goes to those whom its form named: if not, its author is asked first, and nothing is lost."""

from informejo.accounts.queries import user_by_id
from informejo.inputs import Invalid
from informejo.live import drawings
from informejo.mail.queries import watching
from informejo.mail.reply_queries import Addressees, Mailed
from informejo.tickets.inputs import NewComment
from informejo.tickets.models import Ticket
from informejo.tickets.queries import sent_before
from informejo.web import actor, standing, wants_fragment


class Readdressed(Invalid):
    """Somebody else would get it than the form said. Sent again with the form that comes back, it is sent."""

    status = 409


def check(ticket: Ticket, new: NewComment):
    """Raise Readdressed when other people would get this message of the staff than its form said."""
    drawn = new.to_note if new.internal else new.to
    if drawn is None or not actor().is_staff:
        return
    now = drawings.addressed_by(actor(), ticket, standing())
    changed = now.difference(new.internal, drawn)
    if changed and sent_before(actor(), new.key).comment is None:  # what was sent is not asked about
        raise Readdressed({"to": _question(ticket, new, now, *changed)}, {})


def _question(ticket: Ticket, new: NewComment, now: Addressees, came: set[int], went: set[int]) -> str:
    who = now.note if new.internal else (now.requester, *now.colleagues)
    news = []
    if came:
        news.append(f"{_listed([_with_reason(ticket, one) for one in who if one.id in came])} would get this too")
    if went:
        news.append(f"{_listed([_name(id) for id in sorted(went)])} would get it no more")
    goes = f"It goes to {_listed([one.name for one in who])} now" if who else "Nobody is mailed it now"
    files = " Choose the files again." if new.files and not wants_fragment() else ""
    asks = "Nothing is sent yet: send it again if that is right."
    return f"Since you began to write, {' and '.join(news)}. {goes}. {asks}{files}"


def _with_reason(ticket: Ticket, one: Mailed) -> str:
    if one.id == ticket.requester_id:
        return f"{one.name}, whose ticket it is,"
    if one.id == ticket.assignee_id:
        return f"{one.name}, who has the ticket,"
    watch = one.id in {person.id for person in watching(ticket).people}
    return f"{one.name}, who {'watches it' if watch else 'wants to hear of tickets nobody has'},"


def _name(id: int) -> str:
    user = user_by_id(id)
    return user.name if user else "somebody"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
