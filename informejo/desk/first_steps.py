"""The first steps of a desk: what an administrator does before the first day, each ticked by what is there."""

from typing import NamedTuple

from flask import current_app
from sqlalchemy import func, select

from informejo import db, policy
from informejo.accounts.models import STAFF, User
from informejo.backup.manifest import newest
from informejo.doctor.models import State
from informejo.doctor.queries import findings
from informejo.settings.queries import FIRST_STEPS, setting
from informejo.tickets.queries import any_ticket

SHARED, DISMISSED = "shared", "dismissed"  # what somebody has to say, since nothing shows it
WORDS = (SHARED, DISMISSED)


class Step(NamedTuple):
    """One of them: its name, and whether it is done."""

    name: str
    done: bool


def steps_for(actor: User) -> list[Step]:
    """All of them in order; none for whoever is no administrator, when all are done, and once they were put away."""
    said = str(setting(FIRST_STEPS) or "").split()
    if not policy.may(actor, "settings.change") or DISMISSED in said:
        return []
    steps = [
        Step("colleague", _counts(User.role.in_(STAFF), User.active) > 1),
        Step("address", SHARED in said or _counts(User.role.not_in(STAFF)) > 0),
        Step("ticket", any_ticket()),
        Step("mail", _mail_is_well()),
        Step("backup", not current_app.config["BACKUP_HOURS"] or newest(current_app.config["BACKUP_DIR"]) is not None),
    ]
    return [] if all(step.done for step in steps) else steps


def _counts(*conditions) -> int:
    """How many of these people there are, as far as it matters here."""
    return db.session.scalar(select(func.count()).select_from(select(User.id).where(*conditions).limit(2).subquery()))


def _mail_is_well() -> bool:
    if not setting("SMTP_HOST") or current_app.config["MAIL_CATCH"]:
        return False
    return all(found.state == State.WELL for found in findings() if found.name == "mail out")
