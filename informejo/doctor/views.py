"""The page *Health*, for administrators: what the doctor found, and a few figures."""

from pathlib import Path

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound

from informejo import policy
from informejo.backup import manifest
from informejo.doctor import examination, machine_checks, queries
from informejo.doctor.models import Finding, State
from informejo.live.hub import hub
from informejo.offload import offload
from informejo.readers import following
from informejo.readers.queries import kept_event, kept_events, unseen_among
from informejo.version import VERSION
from informejo.web import actor, go_to, page

ORDER = [check.name for check in examination.CHECKS]
WORST_FIRST = list(reversed(State))

bp = Blueprint("health", __name__)


@bp.get("/health")
def health():
    """What was found last, the worst first. It only reads: the background work or the button examines."""
    policy.require(actor(), "desk.examine")
    findings = sorted((found for found in queries.findings() if found.name in ORDER), key=_rank)
    backup = offload(manifest.newest, Path(current_app.config["BACKUP_DIR"]))
    return page(
        "doctor/health.html",
        title="Health",
        findings=findings,
        kept_events=kept_events(),
        unseen=unseen_among(actor(), kept_events()),
        lead=_lead(findings),
        checked_at=max((finding.checked_at for finding in findings), default=None),
        streams=len(hub),
        version=VERSION,
        started=current_app.extensions["started"],
        backup=backup and backup.at,
    )


@bp.post("/health")
def examine():
    """Have everything examined now, and show it."""
    policy.require(actor(), "desk.examine")
    examination.examine(machine_checks.own_process())
    return go_to("/health", "examined")


@bp.post("/health/readers/<reader>/<int:event_id>")
def try_again(reader: str, event_id: int):
    """Have a reader deal with an event that it kept."""
    policy.require(actor(), "desk.examine")
    known = current_app.extensions["readers"].get(reader)
    if known is None or kept_event(reader, event_id) is None:
        raise NotFound("It has been dealt with already, or there is no such event.")
    done = following.try_again(known, event_id)
    return go_to("/health", "event-dealt-with" if done else "event-still-kept")


def _rank(finding: Finding) -> tuple[int, int]:
    return WORST_FIRST.index(finding.state), ORDER.index(finding.name)


def _lead(findings: list[Finding]) -> str:
    if not findings:
        return "Nothing has been checked yet."
    tally = {state: sum(finding.state == state for finding in findings) for state in WORST_FIRST}
    ill = [state.tally(number) for state, number in tally.items() if number and state != State.WELL]
    return f"{', '.join(ill)}, {tally[State.WELL]} well." if ill else "Everything is well."
