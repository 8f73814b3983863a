"""The operator's commands: the first administrator, by link or by hand."""

import pytest

from informejo import demo
from informejo.accounts import queries
from informejo.accounts.models import Role
from informejo.accounts.passwords import verify
from informejo.config import from_environment
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


def test_a_start_ends_with_where_to_go_and_the_link_of_a_desk_that_nobody_looks_after(app, run, visit):
    app.config["PUBLIC_URL"] = "http://localhost:3404"
    said = run("greet").output.split()
    assert said[:2] == ["Open", "http://localhost:3404"]
    assert visit().get(said[-1].removeprefix("http://localhost:3404")).status_code == 200


def test_a_start_of_a_desk_that_is_set_up_says_where_to_go_and_no_more(run, world):
    assert run("greet").output == "\nOpen http://localhost:3003\n\n"


def test_the_demonstration_a_second_time_is_there_already_and_names_its_people(run):
    first, second = run("greet", "--demo"), run("greet", "--demo")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert second.output == f"{demo.THERE}\n{first.stdout}"
    assert "Inventing" in first.stderr
    assert "ines@meridian.example" in first.output.partition("Open http://localhost:3003")[2]
    assert demo.PASSWORD in first.output.splitlines()[-1]
    assert len(first.output.splitlines()) < 20  # of the 24 of the smallest terminal
    assert [role in first.output for role in ("Administrator", "Agent", "Requester")] == [True] * 3
    assert "and 10 more, on the page People" in first.output
    assert run("demo").exit_code == 1


def test_the_demonstration_does_not_mix_with_real_people(run, world):
    result = run("greet", "--demo")
    assert (result.exit_code, "does not mix with them" in result.output) == (0, True)
    assert "meridian" not in result.output
    assert queries.user_by_email("ines@meridian.example") is None
    assert run("demo").exit_code == 1


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://localhost:3003"),
        ({"PORT": "3404"}, "http://localhost:3404"),
        ({"PORT": "3404", "HOST": "0.0.0.0"}, "http://localhost:3404"),
        ({"HOST": "192.0.2.7"}, "http://192.0.2.7:3003"),
        ({"HOST": "::1", "PORT": "80"}, "http://[::1]:80"),
        ({"PORT": "3404", "PUBLIC_URL": "https://help.example.org"}, "https://help.example.org"),
        ({"PORT": "3404", "PUBLIC_URL": ""}, "http://localhost:3404"),
    ],
)
def test_links_lead_to_where_the_desk_listens_unless_it_is_reached_otherwise(environ, address):
    assert from_environment(environ)["PUBLIC_URL"] == address


@pytest.mark.parametrize(("name", "value"), [("ACCENT", "teal"), ("SECOND_FACTOR", "everybody"), ("LINK_DAYS", "0")])
def test_what_a_setting_cannot_be_is_said_at_the_start(name, value):
    with pytest.raises(ValueError, match=f"^{name} cannot be"):
        from_environment({name: value})
    assert from_environment({name: ""})[name] == from_environment({})[name]


def test_whoever_runs_the_desk_prints_a_link_to_choose_another_password(run, world, visit):
    said = run("reset-password", "Ren@Example.org").output
    assert "Ren Ito chooses a password, once, within a day" in said
    address = said.split()[-1].removeprefix("http://localhost:3003")
    new = {"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
    assert visit().post(address, data=new).location == "/"
    assert visit().get(address).status_code == 410


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nobody@example.org", "Nobody here has the address nobody@example.org."),
        ("dan@example.org", "Dan Wolf is deactivated; reactivate them first. No link was made."),
    ],
)
def test_no_link_is_printed_where_nobody_could_use_it(run, world, address, sentence):
    result = run("reset-password", address)
    assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")
