"""Merging two accounts: who the other is, what it will do, and a yes."""

from flask import Blueprint, abort, request

from informejo import db, limits, policy
from informejo.accounts.asked_again import require_proof
from informejo.accounts.merge_actions import merge
from informejo.accounts.merge_queries import hanging_on, what_stands_against
from informejo.accounts.people_queries import PeopleFilter, people_for
from informejo.admin.person_page import find_for
from informejo.own_counts import count_own
from informejo.text import clean_line
from informejo.web import actor, go_to, page

MOST = 10  # people that a search for the other one shows

bp = Blueprint("merging", __name__)


@bp.get("/users/<int:id>/merge")
def choose(id: int):
    """Whom to merge somebody into; and once that is said, what it will do."""
    user = find_for(id, "user.merge")
    other = request.args.get("into", type=int)
    into = policy.find_user(actor(), other) if other else None
    sought = clean_line(request.args.get("q", ""))[: limits.SEARCH.most]
    if sought:
        count_own("search")
    found = people_for(actor(), PeopleFilter(sought, active=True), MOST + 1) if sought else []
    return page(
        "admin/merge.html",
        title=f"Merge {user.name}",
        user=user,
        into=into,
        against=what_stands_against(user, into) if into else "",
        hanging=hanging_on(actor(), user) if into else [],
        sought=sought,
        found=[person for person in found if person != user][:MOST],
    )


@bp.post("/users/<int:id>/merge")
def merge_people(id: int):
    """Make one account of two."""
    user = find_for(id, "user.merge")
    require_proof()
    into = policy.find_user(actor(), request.form.get("into", type=int) or abort(400))
    merge(actor(), user, into)
    db.commit()
    return go_to(f"/users/{into.id}", "merged")
