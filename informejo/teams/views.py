"""The pages of teams: staff see which there are and who is in them, administrators change them."""

from flask import Blueprint, abort, request

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.queries import staff_members
from informejo.inputs import Invalid
from informejo.meanwhile import ChangedMeanwhile, drawn_with, question, shown_in
from informejo.teams import actions, queries
from informejo.teams.actions import NOT_AT_THE_DESK, NameTaken
from informejo.teams.inputs import NewTeam, TeamChange
from informejo.teams.models import Team
from informejo.tickets.words import Category
from informejo.web import actor, go_to, page

bp = Blueprint("teams", __name__)
TAKEN = {"name": "There is a team of that name already. Choose another name."}


@bp.get("/teams")
def teams():
    """All teams, by name."""
    policy.require(actor(), "team.list")
    return _list_page({}, {})


@bp.post("/teams")
def create():
    """Make a team."""
    policy.require(actor(), "team.change")
    try:
        team = actions.create_team(actor(), **NewTeam.read(request.form).model_dump())
        db.commit()
    except Invalid as invalid:
        return _list_page(invalid.typed, invalid.problems), 422
    except NameTaken:
        return _list_page(request.form, TAKEN), 422
    return go_to(f"/teams/{team.id}", "team-created")


@bp.get("/teams/<int:id>")
def team(id: int):
    """One team: who is in it, what they see, and what it gets."""
    team = queries.find_team(actor(), id)
    return _page(team, _said(team), {})


@bp.post("/teams/<int:id>")
def change(id: int):
    """Change name, categories and what its members see."""
    team = queries.find_team(actor(), id)
    policy.require(actor(), "team.change")
    typed = {**request.form, "categories": request.form.getlist("categories")}
    try:
        new = TeamChange.read(typed)
        asked = {"name": new.name, "sees_all": new.sees == "all", "categories": new.categories}
        actions.change_team(actor(), team, **asked, was=_was())
        db.commit()
    except Invalid as invalid:
        return _page(team, typed, invalid.problems), 422
    except NameTaken:
        return _page(team, typed, TAKEN), 422
    except ChangedMeanwhile as changed:  # its name: of what can only be or not be two who change it agree
        db.session.rollback()
        return _page(team, typed, {"name": question(f"“{changed.value}”")}, {"name": changed.value}), 409
    return go_to(f"/teams/{id}", "team-changed")


@bp.post("/teams/<int:id>/members")
def add_member(id: int):
    """Take somebody of the staff into the team."""
    team = queries.find_team(actor(), id)
    policy.require(actor(), "team.change")  # before the answer tells which ids are of the staff
    actions.add_member(actor(), team, _colleague(request.form.get("user", "")))
    db.commit()
    return go_to(f"/teams/{id}", "team-changed")


@bp.post("/teams/<int:id>/members/<int:user_id>/removal")
def remove_member(id: int, user_id: int):
    """Take somebody out of the team."""
    team = queries.find_team(actor(), id)
    actions.remove_member(actor(), team, policy.find_user(actor(), user_id))
    db.commit()
    return go_to(f"/teams/{id}", "team-changed")


@bp.post("/teams/<int:id>/deletion")
def delete(id: int):
    """Make an end of the team."""
    actions.delete_team(actor(), queries.find_team(actor(), id))
    db.commit()
    return go_to("/teams", "team-deleted")


def _list_page(typed, problems: dict[str, str]) -> str:
    return page("teams/teams.html", title="Teams", teams=queries.teams_for(actor()), typed=typed, problems=problems)


def _page(team: Team, typed, problems: dict[str, str], was: dict | None = None) -> str:
    members, holds = queries.members_of(team), _said(team)
    return page(
        "teams/team.html",
        title=team.name,
        team=team,
        members=members,
        others=[person for person in staff_members() if person not in members],
        categories=list(Category),
        elsewhere=queries.categories_elsewhere(team),
        unsolved=queries.unsolved_of(actor(), team),
        was=drawn_with(holds | {"categories": " ".join(holds["categories"])}, request.form) | (was or {}),
        typed=typed,
        problems=problems,
    )


def _said(team: Team) -> dict:
    """What the form says of the team as it is."""
    sees = "all" if team.sees_all else "own"
    return {"name": team.name, "sees": sees, "categories": queries.categories_of(team)}


def _was() -> dict:
    """What the form was drawn with, as the team has it; nothing of one that does not say so, as a program's."""
    shown = shown_in(request.form)
    categories = frozenset(shown.get("categories", "").split())
    said = {"name": shown.get("name"), "sees_all": shown.get("sees") == "all", "categories": categories}
    return said if shown else {}


def _colleague(word: str) -> User:
    found = next((person for person in staff_members() if str(person.id) == word), None)
    return found or abort(422, NOT_AT_THE_DESK)
