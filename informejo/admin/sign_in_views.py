"""One person's page, third tab: how they come in, where they are signed in, and their second factors."""

from flask import Blueprint, current_app

from informejo import db, policy
from informejo.accounts import password_actions, queries, session_actions, sign_ins
from informejo.accounts.asked_again import require_proof
from informejo.accounts.models import User
from informejo.accounts.person_queries import identities_of, last_sign_in_of
from informejo.accounts.ways_in_queries import left_without_factors
from informejo.admin.person_page import done, find_for, person_page
from informejo.factors.actions import reset_factors
from informejo.factors.queries import factors_of
from informejo.mail.queries import can_be_sent, last_password_mail
from informejo.web import actor

bp = Blueprint("sign_ins", __name__)


@bp.get("/users/<int:id>/sign-in")
def sign_in(id: int):
    """How somebody comes in."""
    user = policy.find_user(actor(), id)
    policy.require(actor(), "user.invite")
    return _page(user)


@bp.post("/users/<int:id>/password-link")
def make_password_link(id: int):
    """A new one-time link to choose a password: it is in this answer, and nowhere else ever again."""
    user = _find(id)
    token = password_actions.make_password_link(actor(), user)
    db.commit()
    return _page(user, f"{current_app.config['PUBLIC_URL'].rstrip('/')}/choose-password/{token}")


@bp.post("/users/<int:id>/password-mail")
def mail_password_link(id: int):
    """Have a one-time link to choose a password mailed to somebody."""
    user = _find(id)
    password_actions.offer_password(actor(), user)
    return done(user, "sign-in", "password-offered")


@bp.post("/users/<int:id>/sessions")
def end_sessions(id: int):
    """Sign somebody out everywhere, links to tickets included."""
    user = _find(id)
    session_actions.end_sessions(actor(), user)
    return done(user, "sign-in", "sessions-ended-of")


@bp.post("/users/<int:id>/factors")
def remove_factors(id: int):
    """Take away the second factors of somebody who lost them."""
    user = _find(id)
    reset_factors(actor(), user)
    return done(user, "sign-in", "factors-reset")


def _find(id: int) -> User:
    user = find_for(id, "user.change")
    require_proof()
    return user


def _page(user: User, link: str = "") -> str:
    no_stream = {"stream": ""} if link else {}  # a page that draws itself anew would lose the link, which is shown once
    return person_page(
        user,
        "sign-in",
        link=link,
        given=queries.password_link_of(user),
        mailed=last_password_mail(user),
        can_be_sent=can_be_sent(),
        sessions=sign_ins.sessions_of(user),
        last=last_sign_in_of(user),
        identities=identities_of(user),
        factors=factors_of(user),
        left=left_without_factors(user),
        **no_stream,
    )
