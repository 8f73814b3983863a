"""The command `bin/flask check-mail`: the mail check, for a terminal."""

import sys
import textwrap

import click
from flask import Flask, current_app

from informejo.intake import mailboxes
from informejo.mail.checking import Check, Step

WIDTH = 100


def init_app(app: Flask):
    """Register the command."""
    app.cli.add_command(check_mail)


@click.command("check-mail")
def check_mail():
    """Send a mail to the desk itself, wait for it, and tell each step. The exit code is 1 if one failed."""
    check = Check()
    try:
        check.run(_print)
    finally:
        for box in mailboxes.of(current_app.config):
            current_app.extensions["fetching"].stop(box)
    sys.exit(0 if check.is_well else 1)


def _print(step: Step):
    word = step.state.word if step.state else "not tried"
    took = f"{step.seconds:6.2f} s" if step.seconds is not None else " " * 8
    begin = f"{word:<15}  {took}  {step.what:<24}  "
    click.echo(textwrap.fill(step.words, WIDTH, initial_indent=begin, subsequent_indent=" " * 29))
