"""The operator's commands: the first administrator, by link or by hand."""

import pytest

from informejo.accounts import queries
from informejo.accounts.models import Role
from informejo.accounts.passwords import verify
from tests.world import PASSWORD

NIA = ("create-admin", "--email", "Nia@Example.org", "--name", "Nia Okoye")


@pytest.fixture
def run(app):
    """`run(command, ...)` is a command on the operator's keyboard; `typed` comes from standard input."""
    return lambda *words, typed="": app.test_cli_runner().invoke(args=words, input=typed)


def test_an_administrator_is_made_with_a_password_from_standard_input(run):
    result = run(*NIA, typed=f"{PASSWORD}\n")
    nia = queries.user_by_email("nia@example.org")
    assert (result.exit_code, result.output) == (0, "Nia Okoye can sign in with nia@example.org.\n")
    assert nia.role == Role.ADMIN
    assert verify(nia.password_hash, PASSWORD)


def test_the_password_is_neither_trimmed_nor_shown(run):
    assert PASSWORD not in run(*NIA, typed=f"  {PASSWORD} \r\n").output
    assert verify(queries.user_by_email("nia@example.org").password_hash, f"  {PASSWORD} ")


@pytest.mark.parametrize(
    ("words", "typed", "sentence"),
    [
        (NIA, "short", "A password needs at least 15 characters; this has 5."),
        (NIA, "", "A password needs at least 15 characters; this has 0."),
        (("create-admin", "--email", "nia", "--name", "Nia"), PASSWORD, "Write a whole e-mail address"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_made(run, words, typed, sentence):
    result = run(*words, typed=typed)
    assert result.exit_code == 1
    assert sentence in result.output
    assert not queries.has_admin()


def test_an_address_is_given_once(run, world):
    result = run("create-admin", "--email", "ren@example.org", "--name", "Ren", typed=PASSWORD)
    assert (result.exit_code, result.output) == (1, "Error: Somebody has the address ren@example.org already.\n")
    assert world.ren.role == Role.USER


def test_an_empty_desk_is_welcomed_with_a_link_that_works(run, visit):
    link = run("welcome").output.split()[-1]
    assert link.startswith("http://localhost:3003/setup/")
    assert visit().get(link.removeprefix("http://localhost:3003")).status_code == 200


@pytest.mark.hardening("H-48")
def test_a_desk_that_is_set_up_is_not_welcomed_again(run, world):
    assert (run("welcome").exit_code, run("welcome").output) == (0, "")
