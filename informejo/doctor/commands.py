"""The doctor's commands: `bin/flask doctor`, and `bin/flask places` for what Health names by a setting."""

import json
import shlex
import string
import sys
import textwrap

import click
from flask import Flask, current_app

from informejo.doctor import examination, machine_checks
from informejo.doctor.checks import Patient
from informejo.doctor.models import Finding, State

PATIENCE = 30  # seconds that a check may take while somebody waits at a terminal
WIDTH = 100


def init_app(app: Flask):
    """Register the commands."""
    app.cli.add_command(examine)
    app.cli.add_command(places)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
@click.option("--long", is_flag=True, help="Hold a stream for 70 s, over the time-outs of proxies.")
def examine(as_json: bool, long: bool):
    """Say what is wrong, since when, and what to do. The exit code is 1 if something is broken."""
    patient = Patient(dict(current_app.config), None, [])
    database = patient.database
    servers = machine_checks.servers_on(database) if database and database.exists() else []
    findings = examination.examine(servers[0] if servers else None, PATIENCE, long)
    named = _places(patient)
    click.echo(_as_json(findings, named) if as_json else _as_text(findings, named))
    sys.exit(1 if any(finding.state == State.BROKEN for finding in findings) else 0)


@click.command("places")
def places():
    """Print where everything is, for a shell. Health names no place: eval "$(bin/flask places)" before its commands."""
    for name, place in _places(Patient(dict(current_app.config), None, [])).items():
        click.echo(f"{name}={shlex.quote(place)}")


def _places(patient: Patient) -> dict[str, str]:
    named = {name: str(place) for name, place in patient.places.items()}
    return named | {"DATABASE_FILE": str(patient.database), "PUBLIC_URL": patient.settings["PUBLIC_URL"].rstrip("/")}


def _as_json(findings: list[Finding], places: dict[str, str]) -> str:
    return json.dumps([_plain(finding, places) for finding in findings], indent=2, ensure_ascii=False)


def _plain(finding: Finding, places: dict[str, str]) -> dict[str, str]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "sentence": finding.sentence,
        "remedy": _placed(finding.remedy, places),
        "since": finding.since.isoformat(timespec="seconds"),
        "checked_at": finding.checked_at.isoformat(timespec="seconds"),
    }


def _as_text(findings: list[Finding], places: dict[str, str]) -> str:
    lines = [line for finding in findings for line in _lines(finding, places)]
    tally = ", ".join(state.tally(sum(f.state == state for f in findings)) for state in reversed(State))
    return "\n".join([*lines, "", f"{tally}."])


def _lines(finding: Finding, places: dict[str, str]) -> list[str]:
    since = "" if finding.state == State.WELL else f" Since {finding.since:%d %b %Y, %H:%M} UTC."
    begin, indent = f"{finding.state.word:<15}  {finding.name:<19}  ", " " * 38
    text = textwrap.fill(finding.sentence + since, WIDTH, initial_indent=begin, subsequent_indent=indent)
    return [text, f"{indent}> {_placed(finding.remedy, places)}"] if finding.remedy else [text]


def _placed(text: str, places: dict[str, str]) -> str:
    """The text with every place by its name, so that a command can be copied as it stands."""
    return string.Template(text).safe_substitute(places)
