"""One person's page, first tab: staff see who it is, administrators put name, department and address right."""

from flask import Blueprint, request

from informejo import db, policy
from informejo.accounts import actions, address_actions, person_actions, queries
from informejo.accounts.asked_again import require_proof
from informejo.accounts.inputs import Handover
from informejo.accounts.models import User
from informejo.accounts.people_inputs import AddressChange, PersonChange
from informejo.admin.person_page import changed, person_page, read, receiver, receivers
from informejo.inputs import Invalid
from informejo.meanwhile import ChangedMeanwhile, drawn_with, question, shown_in
from informejo.teams.queries import teams_of
from informejo.tickets.batch_actions import hand_over
from informejo.web import actor

TAKEN = "Somebody has this address already. Two accounts of one person can be merged."

bp = Blueprint("user", __name__)


@bp.get("/users/<int:id>")
def user(id: int):
    """Who somebody is, and how many tickets they have."""
    return _page(policy.find_user(actor(), id))


@bp.post("/users/<int:id>/person")
def edit_person(id: int):
    """Another name or department."""
    user = policy.find_user(actor(), id)
    try:
        new = PersonChange.read(request.form)
        event = person_actions.edit_person(actor(), user, **new.model_dump(), was=shown_in(request.form))
    except Invalid as invalid:
        return _page(user, invalid), 422
    except ChangedMeanwhile as other:
        db.session.rollback()
        asked = {other.name: question(f"“{other.value}”" if other.value else "nothing")}
        return _page(user, Invalid(asked, dict(request.form)), {other.name: other.value}), 409
    return changed(user, event)


@bp.post("/users/<int:id>/address")
def change_address(id: int):
    """Another address: mails go there from now on, and it is what they sign in with."""
    user = policy.find_user(actor(), id)
    policy.require(actor(), "user.change", user)
    require_proof()
    try:
        event = address_actions.change_address(actor(), user, AddressChange.read(request.form).email)
    except Invalid as invalid:
        return _page(user, invalid), 422
    except actions.Taken:
        return _page(user, Invalid({"email": TAKEN}, dict(request.form))), 422
    return changed(user, event)


@bp.post("/users/<int:id>/handover")
def give_tickets(id: int):
    """Give what is assigned to somebody to another, to a team, or back to the queue."""
    user = policy.find_user(actor(), id)
    return changed(user, hand_over(actor(), user, receiver(read(Handover).to)))


def _page(user: User, invalid: Invalid | None = None, was: dict | None = None) -> str:
    own = {"name": user.name, "department": user.department, "email": user.email}
    return person_page(
        user,
        "",
        tickets=queries.tickets_of(actor(), user),
        teams=teams_of(user) if user.is_staff else [],
        merged_into=queries.user_by_id(user.merged_into_id) if user.merged_into_id else None,
        receivers=receivers(user),
        typed=own | (invalid.typed if invalid else {}),
        was=drawn_with({"name": user.name, "department": user.department}, request.form) | (was or {}),
        problems=invalid.problems if invalid else {},
    )
