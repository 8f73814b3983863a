"""The answer to whoever must sign in first, or is somebody else than the page was drawn for. Typed text is not lost."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlencode

from flask import Response, g, jsonify, make_response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Unauthorized
from werkzeug.utils import redirect

from informejo import cookies, db, drawn, security
from informejo.accounts.models import User
from informejo.accounts.sign_ins import why_ended
from informejo.accounts.waiting import SHOWN, waiting
from informejo.drafts.inputs import NewDraft, kept_fields
from informejo.error_pages import CARRIED_ON, PASSWORDS
from informejo.factors.passkey_queries import are_possible
from informejo.inputs import Invalid
from informejo.sso import own
from informejo.uploads import MOST_FIELDS
from informejo.web import draw_for, held_link, local, page, wants_fragment

KEPT = "kept-"  # begins the names of the hidden fields that carry somebody's text through the sign-in page
# Those that go with it: where to, which draft, whose, files that are lost; of a form that is no draft, where it goes
# and its fields in one.
CARRIED = ("next", "draft", "for", "files", "to", "form")
IN_THE_PLACE_OF_ALL = {  # whatever part of its answer the form itself would have taken
    "HX-Retarget": "body",
    "HX-Reselect": "body",
    "HX-Reswap": "outerHTML show:top showTarget:#main",
}
NOWHERE = {"Content-Type": "text/plain; charset=utf-8", "HX-Reswap": "none"}


def init_app(app):
    """Answer whoever is refused because of who they are."""
    app.register_error_handler(Unauthorized, _sign_in_first)
    app.register_error_handler(drawn.SomebodyElse, _ask_first)


def sign_in_page(problems: dict[str, str], hidden: dict[str, str]) -> str:
    """The sign-in form; `hidden` is what goes through it."""
    typed = {"email": request.form.get("email", "")}
    shown = {"typed": typed, "problems": problems, "hidden": hidden, "passkeys": are_possible()}
    shown["ended"] = why_ended(cookies.cookie())
    return page("accounts/sign_in.html", title="Sign in", **shown, **own.ways_in())


def link_ended_page(hidden: Mapping[str, str]) -> str:
    """For whoever comes with a link that opens its ticket no more; `hidden` is text that they were sending."""
    return page("guests/ended.html", title="This link has ended", typed={}, problems={}, hidden=hidden)


def draft_name(fields: Mapping[str, str]) -> str | None:
    """The form whose draft this could be."""
    try:
        return NewDraft.read(fields).draft
    except Invalid:
        return None


def carried_fields(hidden: Mapping[str, str]) -> dict[str, str]:
    """The text that came through the sign-in page."""
    return kept_fields({name.removeprefix(KEPT): text for name, text in hidden.items() if name.startswith(KEPT)})


def carried_form(hidden: Mapping[str, str]) -> tuple[str, MultiDict[str, str]]:
    """The form that came through the sign-in page and is no draft: where it goes, and its fields, empty without one."""
    try:
        pairs = parse_qsl(hidden.get("form", ""), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:  # none of ours
        pairs = []
    return local(hidden.get("to")), MultiDict(pairs)


def passing_through() -> dict[str, str]:
    """The hidden fields of a form of the sign-in: they go with whoever signs in, or into the same form again."""
    return carry({name: text for name, text in request.form.items() if name in CARRIED or name.startswith(KEPT)})


def carry(hidden: dict[str, str]) -> dict[str, str]:
    """The same; should it come to nothing, the page that says why leads back to the sign-in page with them."""
    request.environ[CARRIED_ON] = hidden
    return hidden


def ask_whose(user: User, hidden: Mapping[str, str], codes: Sequence[str] = ()) -> Response:
    """Another than the one who was writing has signed in: the text becomes nobody's draft without being asked.

    `codes` are recovery codes that are new, and shown this once.
    """
    draw_for(user)  # their cookie comes with the next request
    address, fields = carried_form(hidden)
    if not fields:
        address, fields = "/drafts", MultiDict(carried_fields(hidden) | {"draft": hidden.get("draft", "")})
    return make_response(_somebody_else_page(user, fields, address, hidden, codes), 409)


def _sign_in_first(_error: Unauthorized):
    """People get the sign-in page, and from there back to where they were; scripts and programs a plain 401."""
    db.session.rollback()
    draw_for(None)
    came_by_link = held_link()
    if request.method not in security.SAFE:
        return _come_again() if came_by_link else _sign_in_again()
    accepted = request.accept_mimetypes
    for_people = request.headers.get("Sec-Fetch-Dest", "document") == "document" and (
        not accepted or accepted.accept_html
    )
    if wants_fragment() or request.path.startswith("/live") or not for_people:
        return "Sign in first.", 401, NOWHERE
    if came_by_link:
        return link_ended_page({}), 401
    return redirect("/sign-in?" + urlencode({"next": request.full_path.rstrip("?")}), 303)


def _sign_in_again():
    """The session ended while somebody was typing: the text waits in the sign-in page and becomes a draft."""
    hidden = _carried()
    # Where htmx sent no text, or is only saving a draft, this page must not push aside the one somebody is writing in.
    takes_over = "draft" in hidden and request.path != "/drafts"
    return sign_in_page({}, hidden), 401, IN_THE_PLACE_OF_ALL if takes_over else {}


def _come_again():
    """The same of whoever came by a link that has ended meanwhile: a code or another link leads back to the text."""
    hidden = _carried()
    takes_over = "draft" in hidden and request.path != "/drafts"
    return link_ended_page(hidden), 401, IN_THE_PLACE_OF_ALL if takes_over else {}


def _ask_first(error: drawn.SomebodyElse):
    """Somebody else has signed in since the page was drawn: whose shall it be? Scripts are told in a sentence."""
    headers = {"Signed-In-As": quote(g.actor.name)}
    if request.path.startswith("/live"):
        return jsonify(status=409, error=error.description), 409, headers
    fields = _typed()
    speaks = bool(SHOWN.keys() & fields.keys()) and request.path != "/drafts"
    if request.method in security.SAFE or (wants_fragment() and not speaks):
        return error.description, 409, headers | NOWHERE
    return _somebody_else_page(g.actor, fields, request.path, _carried()), 409, headers | IN_THE_PLACE_OF_ALL


def _somebody_else_page(
    user: User, fields: MultiDict[str, str], address: str, hidden: Mapping[str, str], codes: Sequence[str] = ()
) -> str:
    return page(
        "accounts/somebody_else.html",
        title=f"You are now signed in as {user.name}",
        fields=fields,
        shown={name: word for name, word in SHOWN.items() if name in fields},
        address=address,
        waits=waiting(address, fields),
        hidden=hidden,
        secret=bool(PASSWORDS.keys() & request.form.keys()) and address == request.path,
        files=[file.filename for file in request.files.getlist("files") if file.filename],
        passkeys=are_possible(),
        codes=codes,
        **own.ways_in(),
    )


def _typed() -> MultiDict[str, str]:
    """Every field that was sent, but passwords and whom the form was drawn for."""
    sent = request.form.items(multi=True)
    left_out = {*PASSWORDS, drawn.FIELD, "credential"}
    return MultiDict([(name, text) for name, text in sent if name not in left_out and text])


def _carried() -> dict[str, str]:
    """The hidden fields that carry what was sent through the sign-in page."""
    hidden, named = {"next": _came_from()}, drawn.said() - {""}
    if any(file.filename for file in request.files.values()):
        hidden["files"] = "lost"
    what = _draft() or _form()
    return hidden | what | ({"for": min(named)} if what and named else {})


def _draft() -> dict[str, str]:
    fields, draft = kept_fields(request.form), draft_name(request.form)
    return {"draft": draft} | {KEPT + name: text for name, text in fields.items()} if fields and draft else {}


def _form() -> dict[str, str]:
    """What a form of a page wanted, in two fields. A fragment's page is still there, with everything in it."""
    fields = _typed()
    if wants_fragment() or not fields or request.path.startswith("/drafts"):
        return {}
    return {"to": request.full_path.rstrip("?"), "form": urlencode([*fields.items(multi=True)])}


def _came_from() -> str:
    address = request.headers.get("HX-Current-URL") or request.referrer or ""
    host, slash, path = address.partition("://")[2].partition("/")
    return local(slash + path) if host == request.host else "/"
