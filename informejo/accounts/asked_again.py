"""Asked again: what is sensitive wants to know anew who sits at the keyboard, if that was shown too long ago.

`require_proof()` is the first line of such a view. Whoever has to answer first finds their form again after it.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from flask import Response, current_app, g, make_response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden

from informejo import clock, drawn
from informejo.accounts.gate import IN_THE_PLACE_OF_ALL
from informejo.accounts.models import User
from informejo.accounts.queries import lacks_password
from informejo.accounts.waiting import waiting
from informejo.error_pages import PASSWORDS
from informejo.factors.passkey_queries import are_possible
from informejo.factors.queries import factors_of
from informejo.mail.queries import can_be_sent
from informejo.web import local, page, wants_fragment

FIELD = "field-"  # begins the names of the hidden fields that carry a form through the question
ADDRESS = "to"  # the hidden field that says where that form goes
FILES = "files"  # the one that says that there were files with it, which no hidden field carries


class Elsewhere(NamedTuple):
    """Somewhere else where somebody can show who they are: a button's words, and the address it posts to."""

    words: str
    address: str


class Ways(NamedTuple):
    """How somebody can show who they are."""

    password: bool
    code: bool  # of an app
    passkey: bool
    mail: bool  # of a link, with which they choose the password that they lack
    elsewhere: list[Elsewhere]


class NotProved(Exception):
    """Who sits at the keyboard was shown too long ago."""


# Who else can ask: each names the ways it has for a person. Single sign-on adds itself.
ELSEWHERE: list[Callable[[User], list[Elsewhere]]] = []


def init_app(app):
    """Answer whoever has to show first who they are."""
    app.register_error_handler(NotProved, _ask)


def require_proof():
    """Go on only if who is asking has shown who they are in the last PROOF_MINUTES; else they are asked.

    Raises NotProved, which is answered with the question; Forbidden for those who came by a link to one ticket.
    """
    if g.session.ticket_id is not None:
        raise Forbidden("A link to one ticket cannot do this. Sign in first.")
    if not is_proved():
        raise NotProved


def is_proved() -> bool:
    """Whether who is asking has shown so lately who they are."""
    lasts = timedelta(minutes=current_app.config["PROOF_MINUTES"])
    return g.session.proved_at is not None and g.session.proved_at > clock.now() - lasts


def ways_of(user: User) -> Ways:
    """How this person can show who they are."""
    factors = factors_of(user)
    elsewhere = [way for ways in ELSEWHERE for way in ways(user)]
    return Ways(
        password=user.password_hash is not None,
        code=factors.app,
        passkey=bool(factors.passkeys) and are_possible(),
        mail=lacks_password(user) and can_be_sent(),
        elsewhere=elsewhere,
    )


def question(to: str, fields: dict[str, list[str]], problems: dict[str, str] | None = None) -> str:
    """The page "Is it you?", which carries the form that goes `to` a page of ours."""
    context = {"ways": ways_of(g.actor), "carried": _carried(to, fields), "lost": FILES in fields}
    context |= {"waits": waiting(to, MultiDict(fields)), "problems": problems or {}}
    return page("accounts/prove.html", title="Is it you?", **context)


def again(to: str, fields: dict[str, list[str]], heading: str = "It is you", codes: Sequence[str] = ()) -> str:
    """The page after it: the same form once more, for its owner to send; `codes` are recovery codes that are new."""
    pairs = [(name, text) for name, text in _pairs(fields) if name != FILES]
    shown = {"heading": heading, "address": to, "fields": pairs, "lost": FILES in fields, "codes": codes}
    shown["waits"] = waiting(to, MultiDict(pairs))
    return page("accounts/proved.html", title=heading, **shown)


def carried() -> tuple[str, dict[str, list[str]]]:
    """The form that came through the question: where it goes, and its fields."""
    lists = request.form.lists()
    fields = {name.removeprefix(FIELD): texts for name, texts in lists if name.startswith(FIELD)}
    return local(request.form.get(ADDRESS)), {name: texts for name, texts in fields.items() if name not in PASSWORDS}


def _ask(_error: NotProved) -> Response:
    left_out = {*PASSWORDS, "credential", drawn.FIELD}
    fields = {name: texts for name, texts in request.form.lists() if name not in left_out}
    if any(file.filename for file in request.files.values()):
        fields[FILES] = ["lost"]
    answer = make_response(question(request.full_path.rstrip("?"), fields), 403)
    answer.headers.update(IN_THE_PLACE_OF_ALL if wants_fragment() else {})
    return answer


def _carried(to: str, fields: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(ADDRESS, to), *((FIELD + name, text) for name, text in _pairs(fields))]


def _pairs(fields: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in fields.items() for text in texts]
