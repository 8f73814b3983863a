"""The doctor: runs every check, notes since when each is in its state, and keeps what it found."""

import logging
import secrets
import threading
import time
from collections.abc import Iterable

from flask import Flask, current_app

from informejo import clock, db
from informejo.db import commit_if_possible
from informejo.doctor import (
    actions,
    database_checks,
    disk_checks,
    file_checks,
    held_checks,
    live_checks,
    loop_checks,
    machine_checks,
    mail_checks,
    public_checks,
    queries,
    scanner_checks,
)
from informejo.doctor.checks import Answer, Check, Patient, look, reason
from informejo.doctor.models import Finding
from informejo.faults import contained
from informejo.live.hub import hub
from informejo.mail import health_queries
from informejo.mail.health_queries import Post
from informejo.offload import offload
from informejo.settings.saved import all_settings
from informejo.sso import checks as sso_checks

CHECKS = (
    Check("database", database_checks.database),
    Check("tables", database_checks.schema),
    Check("disk", disk_checks.disk),
    Check("files", file_checks.files),
    Check("backup", disk_checks.backups),
    Check("clock", machine_checks.time),
    Check("public address", public_checks.address, waits=True),
    Check("certificate", public_checks.certificate, waits=True),
    Check("stream", public_checks.stream, waits=True),
    Check("held back", held_checks.browsers, waits=True),
    Check("forwarded addresses", public_checks.forwarding, waits=True),
    Check("loop", loop_checks.gap, waits=True),
    Check("own message", live_checks.echo, waits=True),
    Check("returns", live_checks.returns, waits=True),
    Check("mail out", mail_checks.out),
    Check("mail in", mail_checks.into),
    Check("readers", mail_checks.readers),
    Check("virus scanner", scanner_checks.scanner, waits=True),
    Check("single sign-on", sso_checks.providers_answer, waits=True),
    Check("open files", machine_checks.open_files),
    Check("waiting line", machine_checks.waiting_line),
    Check("processes", machine_checks.processes),
    Check("versions", machine_checks.versions),
    Check("settings", machine_checks.settings),
)
TOKENS = 3  # the stream is tried twice, the forwarded addresses once
FIRST_AFTER, EVERY = 60, 300  # seconds after the start, and from one examination to the next
PATIENCE = 4  # seconds that a check may take beside people's requests

logger = logging.getLogger(__name__)
_turn = threading.Lock()
_last: dict[str, Finding] = {}  # for when the database itself is what is broken


def examine(server: int | None, patience: float = PATIENCE, long: bool = False) -> list[Finding]:
    """Run all checks at the same time, keep what they found, and return it in the order of CHECKS. It never raises.

    `server` is the process id of the server; `patience` is how long a check may take, in seconds.
    """
    with _turn:
        patient = Patient(_settings(), server, _tokens(), patience, long, _post())
        answers = _ask(CHECKS, patient)
        findings = _with_since(answers)
        _keep(findings)
    return findings


def watch(app: Flask):
    """Examine every few minutes, until the server stops."""
    due = time.monotonic() + FIRST_AFTER
    while not hub.closing:
        time.sleep(1)
        if time.monotonic() < due:
            continue
        with contained("doctor"), app.app_context():
            examine(machine_checks.own_process())
        due = time.monotonic() + EVERY


def _ask(checks: Iterable[Check], patient: Patient) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    threads = [threading.Thread(target=_note, args=(check, patient, answers), daemon=True) for check in checks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + (100 if patient.long else patient.patience + 1)
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    late = look("It could not be checked: it took too long.", "bin/flask doctor  # which waits longer")
    return {check.name: answers.get(check.name, late) for check in checks}


def _note(check: Check, patient: Patient, answers: dict[str, Answer]):
    try:
        # What waits for the network lets others run; everything else would hold the event loop up.
        answers[check.name] = check.ask(patient) if check.waits else offload(check.ask, patient)
    except Exception as error:
        logger.debug("check %s", check.name, exc_info=True)
        answers[check.name] = look(f"It could not be checked: {reason(error)}.", "LOG_LEVEL=DEBUG bin/flask doctor")


def _with_since(answers: dict[str, Answer]) -> list[Finding]:
    before, now = _known(), clock.now()
    return [
        Finding(
            name=name,
            state=answer.state,
            sentence=answer.sentence,
            remedy=answer.remedy,
            since=answer.since or (before[name].since if _same(before.get(name), answer) else now),
            checked_at=now,
        )
        for name, answer in answers.items()
    ]


def _same(before: Finding | None, answer: Answer) -> bool:
    return before is not None and before.state == answer.state


def _known() -> dict[str, Finding]:
    if not _is_there():
        return dict(_last)
    try:
        return {finding.name: finding for finding in queries.findings()}
    except Exception:
        db.session.rollback()
        return dict(_last)


def _tokens() -> list[str]:
    tokens = [secrets.token_urlsafe(32) for _ in range(TOKENS)]
    if not _is_there():
        return []
    try:
        commit_if_possible(lambda: actions.expect_probe(tokens) or True)
        return tokens if queries.probe_is_expected(tokens[0]) else []
    except Exception:
        db.session.rollback()
        return []


def _post() -> Post | None:
    if not _is_there():
        return None
    try:
        return health_queries.post()
    except Exception:
        db.session.rollback()
        return None


def _keep(findings: list[Finding]):
    _last.update({finding.name: finding for finding in findings})
    if not _is_there():
        return
    try:
        commit_if_possible(lambda: actions.keep_findings(findings) or True)
    except Exception:
        db.session.rollback()  # a database that cannot keep them is among them


def _settings() -> dict:
    """What holds; where there is no database to say what was saved, what the environment says."""
    return dict(all_settings() if _is_there() else current_app.config)


def _is_there() -> bool:
    """To open a database that is missing would put an empty one in its place."""
    database = Patient(dict(current_app.config), None, []).database
    return database is None or database.exists()
