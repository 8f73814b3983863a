"""The command with which a mail server hands one mail over: `bin/flask receive-mail`."""

import sys

import click
from flask import Flask

from informejo.intake import inbound
from informejo.settings.saved import setting

LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again


def init_app(app: Flask):
    """Register the command."""
    app.cli.add_command(receive_mail)


@click.command("receive-mail")
@click.option("--mailbox", default="standard input", show_default=True, help="What pages call the way it came.")
def receive_mail(mailbox: str):
    """Keep one mail, read from standard input. The exit code is 0 once it is kept, and 75 to be tried again."""
    try:
        head, size = _read(setting("MAIL_LARGEST"))
        if size > len(head):
            inbound.refuse(head, size, mailbox)
        elif size:
            inbound.store(head, mailbox)
    except Exception as error:  # with any other end the mail server would give it up, whatever has gone wrong here
        said = str(getattr(error, "orig", error))
        click.echo(f"The mail was not kept: {said or type(error).__name__}", err=True)
        sys.exit(LATER)


def _read(most: int) -> tuple[bytes, int]:
    """At most so many bytes, and how many there were in all: a mail server does not like its pipe to be closed."""
    stream = sys.stdin.buffer
    head = stream.read(most + 1)
    size = len(head)
    while chunk := stream.read(1_000_000):
        size += len(chunk)
    return (head, size) if size <= most else (head[:most], size)
