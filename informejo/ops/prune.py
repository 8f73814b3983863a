"""Throwing away what has had its time, a little at once, so that a server at work is never kept waiting."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Select, func, select, text

from informejo import clock, db
from informejo.accounts import prune_actions as accounts
from informejo.audit import prune_actions as audit
from informejo.backup.exclusive import Taken, exclusive
from informejo.drafts import prune_actions as drafts
from informejo.events import prune_actions as events
from informejo.mail import prune_actions as mail
from informejo.tickets import files, prune_actions as tickets

BATCH = 100  # rows in one transaction
PAUSE = 0.02  # seconds between two, in which the server may write
STRAY_AGE = timedelta(days=1)  # a younger file may still be waiting for its row


class Kind(NamedTuple):
    """What is thrown away: its words, the rows that are due, and an action that removes at most so many of them."""

    what: str
    due: Callable[[], Select]
    remove: Callable[[int], int]


KINDS = (
    Kind("ended sign-ins", accounts.old_sessions, accounts.forget_sessions),
    Kind("void set-up links", accounts.void_setup_tokens, accounts.forget_setup_tokens),
    Kind("void links to choose a password", accounts.old_password_tokens, accounts.forget_password_tokens),
    Kind("void links to confirm an address", accounts.old_address_tokens, accounts.forget_address_tokens),
    Kind("sign-ins that were not finished", accounts.old_halves, accounts.forget_halves),
    Kind("used tokens of single sign-on", accounts.old_used_tokens, accounts.forget_used_tokens),
    Kind("counted tries", accounts.old_counts, accounts.forget_counts),
    Kind("forgotten drafts", drafts.old_drafts, drafts.forget_old_drafts),
    Kind("tickets past their time in the bin", tickets.lost_tickets, tickets.purge_lost_tickets),
    Kind("mails caught long ago", mail.old_caught_mails, mail.forget_caught_mails),
    Kind("old events of no ticket", events.old_events, events.forget_old_events),
    Kind("sign-ins and refusals of the audit", audit.old_accesses, audit.forget_old_accesses),
)


class PruneRefused(Exception):
    """Nothing was removed; the message is a sentence."""


def prune(uploads: Path, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Remove, or with `dry_run` only count, each kind in its turn; yields its words and the number.

    It may be interrupted at any time and run again. `uploads` is where the attached files lie. Raises PruneRefused.
    """
    try:
        with exclusive(uploads):
            for kind in KINDS:
                yield kind.what, _count(kind) if dry_run else _remove(kind)
            before = clock.now() - STRAY_AGE
            yield "files without a row", len(files.strays(before)) if dry_run else files.remove_strays(before)
            if not dry_run:
                _checkpoint()
    except Taken as taken:
        raise PruneRefused(str(taken)) from None


def _remove(kind: Kind) -> int:
    due = _count(kind)
    while kind.remove(BATCH):
        db.commit()
        time.sleep(PAUSE)
    db.session.rollback()
    return due - _count(kind)


def _count(kind: Kind) -> int:
    return db.session.scalar(select(func.count()).select_from(kind.due().subquery()))


def _checkpoint():
    """Move what the write-ahead log holds into the database, as far as that disturbs nobody."""
    if db.dialect() == "sqlite":
        db.session.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))
