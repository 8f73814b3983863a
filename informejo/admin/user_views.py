"""One person's page: staff see who it is, administrators change role, sign-in and password link."""

from flask import Blueprint, abort, current_app, request

from informejo import db, policy, security
from informejo.accounts import actions, password_actions, queries
from informejo.accounts.inputs import ActivityChange, Handover, RoleChange
from informejo.accounts.models import Role, User
from informejo.events.sentences import done_to
from informejo.inputs import Input, Invalid
from informejo.mail.queries import can_be_sent, last_password_mail
from informejo.tickets.batch_actions import hand_over
from informejo.tickets.change_actions import NOT_AT_THE_DESK
from informejo.web import actor, go_to, page

bp = Blueprint("user", __name__)


@bp.get("/users/<int:id>")
def user(id: int):
    """Who somebody is, how many tickets they have, and, for administrators, their rights."""
    return _user_page(policy.find_user(actor(), id))


@bp.post("/users/<int:id>/role")
def set_role(id: int):
    """Make somebody requester, agent or administrator."""
    user, asked = policy.find_user(actor(), id), _read(RoleChange)
    actions.set_role(actor(), user, asked.value, _receiver(asked))
    return _changed(user)


@bp.post("/users/<int:id>/activity")
def set_activity(id: int):
    """Shut somebody out, or let them in again."""
    user, asked = policy.find_user(actor(), id), _read(ActivityChange)
    actions.set_active(actor(), user, asked.value == "active", _receiver(asked))
    return _changed(user)


@bp.post("/users/<int:id>/handover")
def give_tickets(id: int):
    """Give what is still assigned to somebody to another, or back to the queue."""
    user = policy.find_user(actor(), id)
    hand_over(actor(), user, _receiver(_read(Handover)))
    return _changed(user, "handed-over")


@bp.post("/users/<int:id>/password-link")
def make_password_link(id: int):
    """A new one-time link to choose a password: it is in this answer, and nowhere else ever again."""
    user = policy.find_user(actor(), id)
    token = password_actions.make_password_link(actor(), user)
    db.commit()
    return _user_page(user, f"{current_app.config['PUBLIC_URL'].rstrip('/')}/choose-password/{token}")


@bp.post("/users/<int:id>/password-mail")
def mail_password_link(id: int):
    """Have a one-time link to choose a password mailed to somebody."""
    user = policy.find_user(actor(), id)
    password_actions.offer_password(actor(), user)
    return _changed(user, "password-offered")


def _user_page(user: User, link: str = "") -> str:
    no_stream = {"stream": ""} if link else {}  # a page that draws itself anew would lose the link, which is shown once
    return page(
        "admin/user.html",
        title=user.name,
        user=user,
        tickets=queries.tickets_of(actor(), user),
        receivers=[person for person in queries.staff_members() if person != user],
        roles=[role for role in Role if role != Role.GUEST],
        link=link,
        given=queries.password_link_of(user),
        mailed=last_password_mail(user),
        can_be_sent=can_be_sent(),
        sentences=_sentences(user) if security.notice() else {},
        **no_stream,
    )


def _sentences(user: User) -> dict[str, str]:
    """What this page says after a change, with the name in it; the log knows what it was."""
    last = queries.last_change_of(user, actor())
    said = {"user-changed": done_to(last)} if last else {}
    word = "An invitation" if user.role == Role.GUEST else "A link to choose a password"
    how = "will be mailed to" if can_be_sent() else "waits, since no mail server is set up. It is for"
    if current_app.config["MAIL_CATCH"]:
        how = "is caught, since no mail leaves this desk. It is for"
    return said | {
        "handed-over": f"The tickets of {user.name} are handed over.",
        "password-offered": f"{word} {how} {user.email}.",
    }


def _read(input: type[Input]):
    try:
        return input.read(request.form)
    except Invalid:
        abort(400)


def _receiver(asked: Handover) -> User | None:
    """Whom the form names to take the tickets over. Aborts with 422 when they are not at the desk."""
    if not asked.to:
        return None
    chosen = next((person for person in queries.staff_members() if str(person.id) == asked.to), None)
    return chosen or abort(422, NOT_AT_THE_DESK)


def _changed(user: User, notice: str = "user-changed"):
    db.commit()
    return go_to(f"/users/{user.id}", notice)
