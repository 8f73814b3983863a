"""The commands `backup` and `restore`, each after `bin/flask`."""

from pathlib import Path

import click
from alembic.script import ScriptDirectory
from flask import Flask, current_app

from informejo import db
from informejo.backup import making, manifest, restoring
from informejo.backup.manifest import Backup
from informejo.config import ROOT
from informejo.text import are, file_count, file_size
from informejo.tickets import storage
from informejo.tickets.files import AWAY

FOLDER = click.Path(path_type=Path)


def init_app(app: Flask):
    """Register the commands."""
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@click.option("--to", "into", type=FOLDER, help="Folder for the backup, instead of BACKUP_DIR.")
@click.option("--verify", "folder", type=FOLDER, help="Only verify the backup in this folder again.")
def backup(into: Path | None, folder: Path | None):
    """Back up database and files into a new folder and verify it. The server may be running."""
    try:
        if folder:
            return click.echo(f"Sound: {_said(manifest.verify(folder))}")
        kept = current_app.config["BACKUPS_KEPT"]
        made = making.make(_database(), _uploads(), into or _backups(), kept, others=_backups())
    except (making.BackupFailed, manifest.Damaged) as failed:
        raise click.ClickException(str(failed)) from None
    click.echo(f"Backed up and verified: {_said(made)}")
    _warn(made)
    return None


@click.command("restore")
@click.argument("folder", type=FOLDER)
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(folder: Path, yes: bool):
    """Bring back the backup in FOLDER. The server must be stopped; what is there now is put aside, not removed."""
    migrations = ScriptDirectory(str(ROOT / "migrations"))
    known = {script.revision for script in migrations.walk_revisions()}
    try:
        found = restoring.check(folder, _database(), known)
        click.echo(f"Sound: {_said(found)}")
        if found.files and storage.is_bare(_uploads()):
            click.echo(f"{_uploads()} is empty: if it is the place of another disk, mount that first.", err=True)
        if not yes:
            click.confirm("Put this in place of the desk as it is now?", abort=True)
        result = restoring.restore(found, _database(), _uploads())
    except restoring.RestoreRefused as refused:
        raise click.ClickException(str(refused)) from None
    _report(found, result)
    if found.schema != migrations.get_current_head():
        click.echo("The backup is of an older version. Before starting the server: bin/flask db upgrade")


def _warn(made: Backup):
    """Say what is lost. It is no failure: all that there is was saved, and the doctor stays ill until it is mended."""
    absent, named = set(made.manifest["absent"]), len(made.files) + len(made.manifest["missing"])
    lost = len(absent.intersection((*made.manifest["missing"], *made.manifest["damaged"])))
    kept = len(absent) - lost
    if absent and storage.is_bare(_uploads()):
        click.echo(f"{_uploads()}: {AWAY}", err=True)
        click.echo(f"This backup has {kept:,} of {file_count(named)}, from those before.", err=True)
        return
    if absent:
        told = f"{len(absent):,} of {file_count(named)} {are(len(absent))} not in {_uploads()} any more, or not whole."
        click.echo(told, err=True)
    if kept:
        bring_back = "To have them again: bin/flask files --bring-back"
        click.echo(f"This backup has {kept:,} of them from those before. {bring_back}", err=True)
    if lost:
        click.echo(f"{file_count(lost)} {are(lost)} lost, no backup has more: bin/flask files", err=True)


def _report(backup: Backup, result: restoring.Restored):
    click.echo(f"Back: the desk as of {_last(backup.manifest['last_event'])}.")
    if result.database:
        click.echo(f"Put aside: the desk as of {_last(result.last_event)}, in {result.database} and {result.files}.")
    click.echo("What happened after that backup is not in the desk now. Everybody has to sign in again.")


def _last(event: dict | None) -> str:
    return f"event {event['id']} at {event['at']}" if event else "an unknown time"


def _said(backup: Backup) -> str:
    counts = backup.manifest["counts"]
    return (
        f"{backup.folder}: {counts['tickets']} tickets, {counts['comments']} comments, {len(backup.files)} files,"
        f" {file_size(backup.manifest['size'])}, as of {_last(backup.manifest['last_event'])}"
    )


def _database() -> Path:
    """The SQLite file. Closes this process's own connections to it, which would count as somebody's."""
    if not current_app.config["DATABASE_URL"].startswith("sqlite:///"):
        raise click.ClickException(
            "This is for SQLite files. Back up PostgreSQL with pg_dump, and UPLOAD_DIR with it: see docs/backup.md."
        )
    db.engine().dispose()
    return Path(db.engine().url.database)


def _uploads() -> Path:
    return Path(current_app.config["UPLOAD_DIR"]).absolute()


def _backups() -> Path:
    return Path(current_app.config["BACKUP_DIR"]).absolute()
