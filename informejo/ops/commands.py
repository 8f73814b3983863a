"""The command `prune`, after `bin/flask`; informejo-daily.service runs it each night."""

from pathlib import Path

import click
from flask import Flask, current_app

from informejo.ops import prune


def init_app(app: Flask):
    """Register the command."""
    app.cli.add_command(prune_old)


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say how much would be removed.")
def prune_old(dry_run: bool):
    """Remove what has had its time. The server may be running."""
    try:
        for what, number in prune.prune(Path(current_app.config["UPLOAD_DIR"]).absolute(), dry_run):
            click.echo(f"{number} {what}{' would be removed' if dry_run else ' removed'}")
    except prune.PruneRefused as refused:
        raise click.ClickException(str(refused)) from None
