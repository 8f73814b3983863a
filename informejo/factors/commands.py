"""The command of an operator when nobody is left who could reset a second factor on a page."""

import click

from informejo import db
from informejo.accounts.queries import user_by_email
from informejo.accounts.ways_in_queries import left_without_factors
from informejo.factors import actions


@click.command("reset-second-factor")
@click.argument("address")
def reset_second_factor(address: str):
    """Take all second factors from the person with that e-mail address, and end their sign-ins."""
    user = user_by_email(address)
    if user is None:
        raise click.ClickException(f"Nobody has the address {address}.")
    actions.reset_factors_by_command(user)
    db.commit()
    if left := left_without_factors(user):
        click.echo(f"{user.name} signs in with {left} alone until there is a new second factor.")
    else:
        click.echo(f"{user.name} has no way in now. A link to choose a password: bin/flask reset-password {user.email}")
