"""Whom a page was drawn for. Its forms and scripts say so, and what somebody else's cookie would then do is not done.

This protects people from themselves, in a browser in which two of them sign in; a forged request is refused before, by
where it comes from. So a request that says nothing, of a program for instance, is taken for what its cookie says.
"""

from flask import g, request
from markupsafe import escape
from werkzeug.exceptions import Conflict, HTTPException

from informejo.accounts.models import User
from informejo.security import SAFE

FIELD = "drawn_for"  # of every form; its value is a person's id, or nothing on a page for visitors
HEADER = "Drawn-For"  # of every request a script makes
ARGUMENT = "for"  # of the address of a stream


class SomebodyElse(Conflict):
    """The page that this comes from was drawn for another person than the one who is signed in by now."""


def check(actor: User):
    """Raise SomebodyElse when the request says that it comes from a page for another person than `actor`."""
    if said() - {str(actor.id)}:
        raise SomebodyElse(f"You are now signed in as {actor.name} in this browser, so nothing was done.")


def said() -> set[str]:
    """Whom the page was drawn for that this request comes from, as the request says itself; empty if it does not."""
    named = set() if request.method in SAFE else set(request.form.getlist(FIELD))
    if HEADER in request.headers:
        named.add(request.headers[HEADER])
    return named | set(request.args.getlist(ARGUMENT) if request.path.startswith("/live") else ())


def whom() -> str | None:
    """For whom this answer is drawn: an id, nothing for a visitor; None when that could not be found out."""
    if "me" in g:
        return g.me
    try:
        return next(iter(said()), None)  # on the page that says what broke: the form in it is still theirs
    except HTTPException:  # a form that cannot be read
        return None


def sign(page: str) -> str:
    """The page with a field in each of its forms that says for whom they were drawn.

    Here and not in the templates, because most forms are in partials, which are drawn once for many people.

    Another, which is never sent, has them in its name: after Back, Chromium puts what was typed into the form that has
    the same address and the same first two names, and by then somebody else may have signed in.
    """
    person = whom()
    if person is None:
        return page
    sent = f'><input type="hidden" name="{FIELD}" value="{escape(person)}">'
    sent += f'<input hidden disabled name="{FIELD}-{escape(person)}">'
    before, *forms = page.split("<form ")
    return "".join([before, *(f"<form {_signed(form, sent)}" for form in forms)])


def _signed(form: str, sent: str) -> str:
    tag, _, content = form.partition(">")
    return f"{tag}{sent}{content}" if 'method="post"' in tag else form
