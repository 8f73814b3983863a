"""The commands of an operator: `create-admin`, `welcome`, `reset-password`, `demo`, `greet`, each after `bin/flask`."""

import sys
from itertools import groupby, islice

import click
from flask import Flask, current_app
from werkzeug.exceptions import UnprocessableEntity

from informejo import db, demo
from informejo.accounts import actions
from informejo.accounts.inputs import NewAdmin
from informejo.accounts.password_actions import make_own_link
from informejo.accounts.queries import user_by_email
from informejo.inputs import Invalid

FEW = 4


def init_app(app: Flask):
    """Register the commands."""
    app.cli.add_command(create_admin)
    app.cli.add_command(welcome)
    app.cli.add_command(reset_password)
    app.cli.add_command(fill_demo)
    app.cli.add_command(greet)
    app.cli.add_command(is_demo)


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
    if link := _setup_link():
        click.echo("Nobody looks after this desk yet. Open this link once to make the first administrator:")
        click.echo(link)


@click.command("reset-password")
@click.argument("address")
def reset_password(address: str):
    """Print a link with which the person with that ADDRESS chooses another password. It works once, for a day."""
    user = user_by_email(address.strip())
    if user is None:
        raise click.ClickException(f"Nobody here has the address {address}.")
    try:
        token = make_own_link(user, mailed=False)
    except UnprocessableEntity as refused:
        raise click.ClickException(refused.description) from None
    db.commit()
    click.echo(f"With this link {user.name} chooses a password, once, within a day. Whoever has it is {user.name}.")
    click.echo(f"{_address()}/choose-password/{token}")


@click.command("demo")
def fill_demo():
    """Fill the empty database with invented people and tickets, and print who can sign in."""
    try:
        _name(_filled())
    except demo.DemoRefused as refused:
        raise click.ClickException(str(refused)) from None


@click.command("is-demo", hidden=True)
def is_demo():
    """End with 0 where the people of this desk are the demonstration's, else with 1."""
    sys.exit(0 if demo.logins() else 1)


@click.command("greet")
@click.option("--demo", "with_demo", is_flag=True, help="Fill the database with the demonstration, if it is empty.")
def greet(with_demo: bool):
    """Print what a start ends with: what became of the demonstration, where to go, and who can sign in."""
    logins, said = _demonstration() if with_demo else ([], "")
    if said:
        click.echo(said)
    click.echo(f"\nOpen {_address()}\n")
    _name(_few(logins), len(logins))
    if link := _setup_link():
        click.echo(f"Nobody looks after this desk yet. This link makes the first administrator, once:\n{link}")


def _demonstration() -> tuple[list[demo.Login], str]:
    """Who can sign in to the demonstration, and a sentence where it was not made just now. It mixes with no desk."""
    if demo.is_possible():
        click.echo("Inventing three weeks of tickets ...", err=True)
        return _filled(), ""
    logins = demo.logins()
    return logins, demo.THERE if logins else demo.NOT_MIXED


def _filled() -> list[demo.Login]:
    logins = demo.fill()
    db.commit()
    return logins


def _few(logins: list[demo.Login]) -> list[demo.Login]:
    """Some of each role: what a start says must fit on the smallest terminal."""
    return [login for _, alike in groupby(logins, lambda login: login.role) for login in islice(alike, FEW)]


def _name(logins: list[demo.Login], all: int = 0):
    for login in logins:
        click.echo(f"{login.role:<14} {login.email:<26} {login.name}")
    if all > len(logins):
        click.echo(f"and {all - len(logins)} more, on the page People")
    if logins:
        click.echo(f"They all sign in with the password: {demo.PASSWORD}")


def _setup_link() -> str:
    token = actions.renew_setup()
    db.commit()
    return f"{_address()}/setup/{token}" if token else ""


def _address() -> str:
    return current_app.config["PUBLIC_URL"].rstrip("/")


def _password() -> str:
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\r\n")
