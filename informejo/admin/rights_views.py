"""One person's page, second tab: role, activity, and who takes their tickets over; and how to take that back."""

from flask import Blueprint, abort, request

from informejo import db, policy
from informejo.accounts import queries, rights_actions, undo_actions
from informejo.accounts.asked_again import require_proof
from informejo.accounts.inputs import ActivityChange, RoleChange
from informejo.accounts.models import Role, User
from informejo.accounts.undo_queries import last_batch_of, may_undo
from informejo.admin.person_page import changed, find_for, person_page, read, receiver, receivers
from informejo.meanwhile import ChangedMeanwhile, question, shown_in
from informejo.tickets.batch_queries import leaves
from informejo.web import actor

bp = Blueprint("rights", __name__)


@bp.get("/users/<int:id>/rights")
def rights(id: int):
    """What somebody is to the desk, and what an administrator can change of that."""
    user = policy.find_user(actor(), id)
    policy.require(actor(), "user.invite")
    return _page(user, user.role)


@bp.post("/users/<int:id>/role")
def set_role(id: int):
    """Make somebody requester, agent or administrator."""
    user, asked = find_for(id, "user.change"), read(RoleChange)
    require_proof()
    known, was = request.form.get("known") == "yes", _shown()
    try:
        event = rights_actions.set_role(actor(), user, asked.value, receiver(asked.to), known=known, was=was)
    except ChangedMeanwhile as other:
        db.session.rollback()
        return _page(user, asked.value, {"role": question(other.value.word)}), 409
    return changed(user, event, "rights")


@bp.post("/users/<int:id>/activity")
def set_activity(id: int):
    """Shut somebody out, or let them in again."""
    user, asked = find_for(id, "user.change"), read(ActivityChange)
    require_proof()
    event = rights_actions.set_active(actor(), user, asked.value == "active", receiver(asked.to))
    return changed(user, event, "rights")


@bp.post("/users/<int:id>/undo")
def undo(id: int):
    """Take back that tickets went from somebody, with all that nobody has changed since, and that they left by it."""
    user = policy.find_user(actor(), id)
    batch = last_batch_of(user)
    if batch is None or not may_undo(actor(), batch):
        policy.require(actor(), "user.change", user)
    if batch is None or request.form.get("event", str(batch.id)) != str(batch.id):
        abort(422, undo_actions.TOO_LATE)
    if leaves(batch):
        require_proof()
    event = undo_actions.undo_batch(actor(), batch)
    return changed(user, event, "rights" if leaves(batch) else "")


def _page(user: User, role: Role, problems: dict[str, str] | None = None) -> str:
    """With that role chosen, in place of the one they have."""
    return person_page(
        user,
        "rights",
        tickets=queries.tickets_of(actor(), user),
        receivers=receivers(user),
        roles=[one for one in Role if one != Role.GUEST or user.role == Role.GUEST],
        chosen=role,
        given=queries.password_link_of(user),
        problems=problems or {},
    )


def _shown() -> Role | None:
    """Which role the form showed as theirs; None of one that does not say so, as where a program sends it."""
    said = shown_in(request.form).get("value")
    return Role(said) if said in tuple(Role) else None
