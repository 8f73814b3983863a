"""Inviting people: one form for one or many, whose answer says of each what became of it."""

from typing import NamedTuple

from flask import Blueprint, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts import invite_actions
from informejo.accounts.asked_again import require_proof
from informejo.accounts.models import Role, User
from informejo.accounts.people_inputs import Invitation
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.teams.models import Team
from informejo.teams.queries import choices, find_team
from informejo.text import is_id
from informejo.web import actor, go_to, page

ROLES = (Role.USER, Role.AGENT, Role.ADMIN)
GONE = "A team that you chose is not there any more. Choose again."
NOT_IN_A_TEAM = "Only agents and administrators are in teams. Choose no team, or another role."

bp = Blueprint("inviting", __name__)


class Outcome(NamedTuple):
    """What became of one of those who were to be invited."""

    user: User
    is_new: bool
    link: str


@bp.get("/users/new")
def new_people():
    """The form that invites."""
    policy.require(actor(), "user.invite")
    return _form(MultiDict())


@bp.post("/users")
def create_people():
    """Invite them. Whoever is known already stays as they are."""
    policy.require(actor(), "user.invite")
    require_proof()
    try:
        asked = Invitation.read(request.form)
        teams = _teams(asked)
        outcomes = [_invite(asked, person, teams) for person in asked.people]
        db.commit()
    except Invalid as invalid:
        return _form(request.form, invalid.problems), 422
    except NotFound:  # before it was chosen, or while this waited for its turn
        db.session.rollback()
        return _form(request.form, {"team": GONE}), 422
    if len(outcomes) == 1 and not outcomes[0].link:
        [(user, is_new, _)] = outcomes
        return go_to(f"/users/{user.id}", "invited" if is_new else "known-address")
    return page("admin/invited.html", title="Invited", outcomes=outcomes, way=asked.way, stream="")


def _invite(asked: Invitation, person, teams: list[Team]) -> Outcome:
    fields = {"email": person.email, "name": person.name, "role": asked.role, "department": asked.department}
    try:
        user = invite_actions.invite(actor(), teams=teams, **fields)
    except invite_actions.Known as known:
        return Outcome(known.user, False, "")
    token = invite_actions.send_invitation(actor(), user, asked.way)
    return Outcome(user, True, token and f"{current_app.config['PUBLIC_URL'].rstrip('/')}/choose-password/{token}")


def _teams(asked: Invitation) -> list[Team]:
    chosen = [int(id) for id in request.form.getlist("team") if is_id(id)]
    if chosen and asked.role == Role.USER:
        raise Invalid({"team": NOT_IN_A_TEAM}, dict(request.form))
    return [find_team(actor(), id) for id in chosen]


def _form(typed: MultiDict, problems: dict[str, str] | None = None) -> str:
    return page(
        "admin/invite.html",
        title="Invite people",
        typed=typed,
        problems=problems or {},
        roles=[(role.value, role.word) for role in ROLES],
        teams=choices().teams,
        chosen=typed.getlist("team"),
        can_be_sent=can_be_sent(),
    )
