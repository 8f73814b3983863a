"""The `flask` commands of an operator: `create-admin`, `welcome`, `demo`, each after `flask --app app`."""

import sys

import click
from flask import Flask, current_app

from informejo import db, demo
from informejo.accounts import actions
from informejo.accounts.inputs import NewAdmin
from informejo.inputs import Invalid


def init_app(app: Flask):
    """Register the commands."""
    app.cli.add_command(create_admin)
    app.cli.add_command(welcome)
    app.cli.add_command(fill_demo)


@click.command("create-admin")
@click.option("--email", required=True, help="Address the administrator signs in with.")
@click.option("--name", required=True, help="Name the others see.")
def create_admin(email: str, name: str):
    """Make an administrator. The password is asked for, or read from standard input; it never stands in a command."""
    password = _password()
    try:
        new = NewAdmin.read({"email": email, "name": name, "password": password, "again": password})
        user = actions.create_admin(**new.model_dump(exclude={"again"}))
    except Invalid as invalid:
        raise click.ClickException(" ".join(invalid.problems.values())) from None
    except actions.Taken:
        raise click.ClickException(f"Somebody has the address {email} already.") from None
    db.commit()
    click.echo(f"{user.name} can sign in with {user.email}.")


@click.command("welcome")
def welcome():
    """Print a new link that makes the first administrator, and end the old ones; nothing once there is one."""
    token = actions.renew_setup()
    db.commit()
    if token:
        click.echo("Nobody looks after this desk yet. Open this link once to make the first administrator:")
        click.echo(f"{current_app.config['PUBLIC_URL'].rstrip('/')}/setup/{token}")


@click.command("demo")
def fill_demo():
    """Fill the empty database with invented people and tickets, and print who can sign in."""
    try:
        logins = demo.fill()
    except demo.DemoRefused as refused:
        raise click.ClickException(str(refused)) from None
    db.commit()
    for login in logins:
        click.echo(f"{login.role:<14} {login.email:<26} {login.name}")
    click.echo(f"They all sign in with the password: {demo.PASSWORD}")


def _password() -> str:
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\r\n")
