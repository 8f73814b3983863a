"""The command about files, `bin/flask files`: which are lost, and what can be done about it."""

import sys
from pathlib import Path
from typing import NamedTuple

import click
from flask import Flask, current_app
from sqlalchemy import select

from informejo import db
from informejo.backup import rescue
from informejo.backup.exclusive import Taken, exclusive
from informejo.mail.models import IncomingMail
from informejo.text import are, file_count, file_size
from informejo.tickets import storage
from informejo.tickets.files import AWAY
from informejo.tickets.models import Attachment


def init_app(app: Flask):
    """Register the command."""
    app.cli.add_command(files)


class Row(NamedTuple):
    """What the desk knows of a file: where it is shown, its own name, and that on disk."""

    stored_name: str
    size: int
    name: str
    where: str


@click.command("files")
@click.option("--bring-back", is_flag=True, help="Copy lost files back from the backups in BACKUP_DIR.")
@click.option("--give-up", is_flag=True, help="Look no more for those that no backup has.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def files(bring_back: bool, give_up: bool, yes: bool):
    """Name the attached files and incoming mails that are not in UPLOAD_DIR, or not whole: then the exit code is 1."""
    rows, uploads, backups = _rows(), _folder("UPLOAD_DIR"), _folder("BACKUP_DIR")
    if rows and storage.is_bare(uploads):
        _require_place(rows, uploads, backups, bring_back or give_up, yes)
    try:
        if bring_back or give_up:
            _mend(rows, uploads, backups, give_up)
    except (Taken, OSError) as error:
        raise click.ClickException(f"Not all could be done: {error}") from None
    lost = _absent(rows, uploads)
    _tell(rows, lost, rescue.holders(lost, backups))
    sys.exit(1 if lost else 0)


def _require_place(rows: dict[str, Row], uploads: Path, backups: Path, write: bool, yes: bool):
    """Nothing is called lost, and nothing written, before somebody has looked whether a disk is only not mounted."""
    click.echo(AWAY, err=True)
    if not write:
        kept = len(rescue.holders(_absent(rows, uploads), backups))
        click.echo(f"If the disk is gone for good: the backups have {kept:,} of {file_count(len(rows))}, and"
                   " bin/flask files --bring-back puts them there.")  # fmt: skip
        sys.exit(1)
    if not yes:
        click.confirm(f"Is {uploads} the right place, and its disk mounted?", abort=True)


def _mend(rows: dict[str, Row], uploads: Path, backups: Path, give_up: bool):
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(uploads):
        number = rescue.bring_back(_absent(rows, uploads), backups, uploads)
        click.echo(f"{file_count(number)} brought back from the backups.")
        if give_up:
            left = _absent(rows, uploads)
            storage.give_up(uploads, left.keys())
            click.echo(f"{file_count(len(left))} given up: nothing looks for them any more.")


def _tell(rows: dict[str, Row], lost: dict[str, int], kept: dict[str, str]):
    for name in lost:
        row = rows[name]
        where = f"in the backup {kept[name]}" if name in kept else "in no backup"
        click.echo(f"{row.where}  {row.name}  ({file_size(row.size)}, {where})")
    if not lost:
        return click.echo(f"Nothing is missing: the desk has {file_count(len(rows))}.")
    click.echo(f"{len(lost):,} of {file_count(len(rows))} {are(len(lost))} not in UPLOAD_DIR, or not whole.")
    if kept:
        click.echo(f"The backups have {len(kept):,} of them. To bring them back: bin/flask files --bring-back")
    if len(kept) < len(lost):
        click.echo("Whoever sent the others may still have them. To look for them no more: bin/flask files --give-up")
    return None


def _absent(rows: dict[str, Row], uploads: Path) -> dict[str, int]:
    sizes = {row.stored_name: row.size for row in rows.values()}
    return {name: sizes[name] for name in storage.compare(uploads, sizes).absent}


def _rows() -> dict[str, Row]:
    attached = select(Attachment.stored_name, Attachment.size, Attachment.name, Attachment.ticket_id)
    mails = select(IncomingMail.stored_name, IncomingMail.size, IncomingMail.sender, IncomingMail.id)
    files = [(*row, f"#{id}") for *row, id in db.session.execute(attached.order_by(Attachment.id))]
    originals = [
        (stored_name, size, f"mail of {sender or 'an unknown sender'}", f"/mail/in/{id}")
        for stored_name, size, sender, id in db.session.execute(mails.order_by(IncomingMail.id))
    ]
    return {row[0]: Row(*row) for row in (*files, *originals)}


def _folder(setting: str) -> Path:
    return Path(current_app.config[setting]).absolute()
