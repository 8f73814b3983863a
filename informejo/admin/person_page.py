"""One person's page: three tabs, of which agents see the first, and what it says after a change."""

from flask import abort, current_app, request

from informejo import cookies, db, policy
from informejo.accounts import queries
from informejo.accounts.models import User
from informejo.accounts.undo_queries import last_batch_of, may_undo
from informejo.events.models import Event
from informejo.events.sentences import done_to
from informejo.inputs import Input, Invalid
from informejo.mail.queries import can_be_sent
from informejo.teams.models import Team
from informejo.teams.queries import choices, team_by_id
from informejo.text import is_id
from informejo.tickets.change_actions import NOT_AT_THE_DESK
from informejo.web import actor, go_to, page

CHANGED, UNCHANGED = "user-changed", "user-unchanged"  # notices: only the first tells of what was done last
TABS = {"": "Who it is", "rights": "Role and activity", "sign-in": "Sign-in"}


def person_page(user: User, tab: str, **context) -> str:
    """The page of that person, open at that tab."""
    context.setdefault("problems", {})
    batch = last_batch_of(user) if actor().is_staff else None
    undoable = batch if batch and may_undo(actor(), batch) else None
    last = queries.last_change_of(user, actor()) if cookies.notice() == CHANGED else None
    return page(
        f"admin/user_{(tab or 'who').replace('-', '_')}.html",
        title=user.name,
        user=user,
        here=address(user, tab),
        tabs=[(address(user, name), word) for name, word in TABS.items()],
        may_change=policy.may(actor(), "user.change", user) and not user.is_gone,
        undoable=undoable,
        sentences=_sentences(user, last) if cookies.notice() else {},
        undo={"address": f"{address(user)}/undo", "event": last.id} if last and last is undoable else None,
        **context,
    )


def find_for(id: int, rule: str) -> User:
    """The person with that id, to whom the actor may do that. Raises NotFound, Forbidden."""
    user = policy.find_user(actor(), id)
    policy.require(actor(), rule, user)
    return user


def address(user: User, tab: str = "") -> str:
    """The address of that tab."""
    return f"/users/{user.id}" + (f"/{tab}" if tab else "")


def changed(user: User, event: Event | None, tab: str = ""):
    """Keep what that event says, and say so at that tab; of what was so already, that it was."""
    return done(user, tab, CHANGED if event else UNCHANGED)


def done(user: User, tab: str, notice: str):
    """Keep what was done, and say so at that tab."""
    db.commit()
    return go_to(address(user, tab), notice)


def read(input: type[Input]):
    """What a form without free text says. Aborts with 400 when it means nothing."""
    try:
        return input.read(request.form)
    except Invalid:
        abort(400)


def receiver(to: str) -> User | Team | None:
    """Whom the form names to take tickets over: a person, a team, or nobody. Aborts with 422 for anybody else."""
    kind, _, id = to.rpartition(":")
    if kind == "team" and is_id(id):
        return team_by_id(int(id)) or abort(422, "There is no such team any more.")
    chosen = next((person for person in queries.staff_members() if str(person.id) == to), None)
    return chosen if chosen or not to else abort(422, NOT_AT_THE_DESK)


def receivers(user: User) -> list[tuple[str, str]]:
    """Who could take over the tickets of this person, as a form names them, and in words."""
    staff, teams = choices()
    people = [(str(person.id), person.name) for person in staff if person.id != user.id]
    return people + [(f"team:{team.id}", f"Team {team.name}") for team in teams]


def _sentences(user: User, last: Event | None) -> dict[str, str]:
    """What this page says after a change, with the name in it; the log knows what it was."""
    said = {CHANGED: done_to(last)} if last else {}
    return said | {
        "password-offered": f"{_word(user)} {_how()} {user.email}.",
        "invited": f"{user.name} has an account now. {_word(user)} {_how()} {user.email}.",
        "known-address": f"There is an account with this address already: {user.name}. Nothing was changed.",
        "sessions-ended-of": f"{user.name} is signed out everywhere.",
        "factors-reset": f"{user.name} has no second factor any more, and is signed out everywhere.",
    }


def _word(user: User) -> str:
    return "An invitation" if user.password_hash is None else "A link to choose a password"


def _how() -> str:
    if current_app.config["MAIL_CATCH"]:
        return "is caught, since no mail leaves this desk. It is for"
    return "will be mailed to" if can_be_sent() else "waits, since no mail server is set up. It is for"
