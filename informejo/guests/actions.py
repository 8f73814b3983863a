"""Opening a ticket for somebody who is not signed in, and mailing them a way back to it."""

from collections.abc import Sequence

from informejo.accounts.actions import guest_who_wrote
from informejo.guests.link_actions import offer_link
from informejo.guests.link_queries import own_ticket
from informejo.tickets.actions import open_ticket
from informejo.tickets.files import Kept
from informejo.tickets.models import Ticket


def submit_ticket(*, name: str, email: str, files: Sequence[Kept] = (), **said) -> Ticket | None:
    """Open a ticket for whoever has that address: a new guest, if nobody has. `said` is as for `open_ticket`.

    Anybody can type any address, so an account that is there keeps its name, and the staff see that nobody has shown
    yet whose ticket it is. None for an account that was shut out: nothing is opened for it.
    """
    person = guest_who_wrote(email, name)
    if not person.active:
        return None
    return open_ticket(person, files=files, unverified=True, draft="submit-ticket", **said)


def ask_for_link(email: str, number: int | None):
    """Have a new link mailed to that address, if that ticket, or without a number any, is of whoever has it."""
    found = own_ticket(email, number)
    if found is None:
        return
    found.user.only = found.ticket.id  # whoever reads the mailbox asks for it, and not whoever has the account
    try:
        offer_link(found.user, found.ticket)
    finally:
        found.user.only = None
