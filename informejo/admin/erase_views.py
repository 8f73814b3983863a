"""Erasing somebody: what it will do, and their address typed as a yes."""

from flask import Blueprint, request

from informejo import db
from informejo.accounts.asked_again import require_proof
from informejo.accounts.erase_actions import erase
from informejo.accounts.models import User
from informejo.accounts.people_inputs import Typed
from informejo.addresses import one_spelling
from informejo.admin.person_page import find_for
from informejo.web import actor, go_to, page

NOT_THE_ADDRESS = "This is not the address of this account. Nothing was erased."

bp = Blueprint("erasing", __name__)


@bp.get("/users/<int:id>/erasure")
def ask(id: int):
    """What erasing somebody will do."""
    return _page(find_for(id, "user.erase"))


@bp.post("/users/<int:id>/erasure")
def erase_person(id: int):
    """Take out name and address for good."""
    user = find_for(id, "user.erase")
    require_proof()
    typed = Typed.read(request.form).typed
    if one_spelling(typed.strip()) != user.email:
        return _page(user, typed, {"typed": NOT_THE_ADDRESS}), 422
    erase(actor(), user)
    db.commit()
    return go_to(f"/users/{user.id}", "erased-them")


def _page(user: User, typed: str = "", problems: dict[str, str] | None = None) -> str:
    title, typed = f"Erase {user.name}", {"typed": typed}
    return page("admin/erase.html", title=title, user=user, typed=typed, problems=problems or {})
