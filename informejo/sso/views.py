"""Signing in at a provider: there, and back."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Blueprint, current_app, g, request
from werkzeug.wrappers import Response

from informejo import cookies, db, rates, security
from informejo.accounts import asked_again
from informejo.accounts.coming_in import come_in
from informejo.accounts.gate import carry, passing_through
from informejo.accounts.half_actions import finish_half, keep_half
from informejo.accounts.half_queries import key_in
from informejo.accounts.models import HalfSignIn
from informejo.accounts.session_actions import prove
from informejo.audit import accesses
from informejo.sso import actions, flow, queries
from informejo.sso.asking import Trouble
from informejo.sso.flow import Returned, Secrets
from informejo.sso.going import LASTS, back, begin, provider_named
from informejo.sso.logout_queries import was_signed_out
from informejo.sso.own import LINK, reads_mail_of
from informejo.sso.providers import Provider
from informejo.sso.refusals import NotSignedIn, ask_again, because_of
from informejo.sso.tokens import Untrue
from informejo.web import anybody, go_to, local, look_up, while_signed_in

bp = Blueprint("sso", __name__)


@bp.post("/sso/<provider>/sign-in")
@anybody
def begin_sign_in(provider: str):
    """On to the provider; what goes through the sign-in page waits here until they come back."""
    return begin(provider_named(provider), "sso", {"hidden": passing_through()})


@bp.get("/sso/<provider>/callback")
@anybody
def come_back(provider: str):
    """Back from the provider. The state, good once and in the browser that began, is what may change something here."""
    there = provider_named(provider)
    half = finish_half(key_in(cookies.sso_cookie(), request.args.get("state", "")), *_COMING_BACK)
    db.commit()  # and from here on nothing is held: the provider may take its time
    if half is None:
        refused = request.args.get("error") == "access_denied"  # which some say without the state
        raise NotSignedIn("denied" if refused else "stale", there.word, way_back=_way_back())
    carry(half.facts.get("hidden", {}))
    try:
        returned = _returned(there, half)
        look_up(None)  # who is signed in here may have changed meanwhile
        return _COMING_BACK[half.way](there, half, returned)
    except NotSignedIn as refused:
        db.session.rollback()
        db.commit_if_possible(partial(_note, there, refused))
        return _refused(half, refused)


def _returned(provider: Provider, half: HalfSignIn) -> Returned:
    """Whom the provider says this is. Raises NotSignedIn."""
    given, way_back = request.args, _way_back()
    try:
        _require_same(provider, half)
        if "code" not in given:
            error = flow.word_of(given.get("error"))
            raise NotSignedIn("denied" if error == "access_denied" else "failed", provider.word, error, way_back)
        made = Secrets(*half.facts["secrets"])
        return flow.returned(provider, made, code=given["code"], back=back(provider))
    except Trouble as trouble:
        raise because_of(provider, trouble) from trouble
    except Untrue as untrue:
        current_app.logger.warning("single sign-on by %s: %s", provider.name, untrue)
        raise NotSignedIn("untrue", provider.word, str(untrue), way_back) from untrue


def _require_same(provider: Provider, half: HalfSignIn):
    """Raise NotSignedIn where another answers than was asked (RFC 9207)."""
    named = request.args.get("iss")
    silent = named is None and flow.names_itself(provider)
    if half.facts["provider"] != provider.name or silent or named not in (None, provider.issuer):
        raise NotSignedIn("mixed", provider.word, way_back=_way_back())


def _sign_in(provider: Provider, half: HalfSignIn, returned: Returned) -> Response:
    hidden, told = half.facts["hidden"], returned.told
    if told.confirmed and reads_mail_of(told.email):
        told = told._replace(believed=True)
    try:
        user, kept = actions.arrive(told, partial(queries.role_map, provider))
    except actions.Refused as refused:
        if refused.why == "linkable":
            return _sign_in_first(returned, hidden)
        raise NotSignedIn(refused.why, provider.word) from refused
    # Asked while nobody else writes, or one of both would miss the other.
    if was_signed_out(provider, told.subject, returned.sid, begun=_begun(half)):
        raise NotSignedIn("stale", provider.word)
    return come_in(
        user,
        local(hidden.get("next")),
        way=provider.word,
        proved=returned.is_fresh(_begun(half)),
        notice="sso-role-kept" if kept else "",
        hidden=hidden,
        provider=provider.name,
        id_token=returned.id_token,
        sid=returned.sid,
        factor="provider" if returned.has_second else "",
    )


def _sign_in_first(returned: Returned, hidden: dict[str, str]) -> Response:
    """Somebody has that address here: whoever also knows the way in so far is they, and links it then."""
    facts = {"told": returned.told._asdict(), "hidden": hidden}
    keep_half(key_in(cookies.sso_cookie(), "link"), "sso-link", None, facts, LASTS)
    db.commit()
    return go_to(f"/sign-in?other&next={LINK}", "sso-link-first")


def _link(provider: Provider, half: HalfSignIn, returned: Returned) -> Response:
    if g.actor is None or g.actor.id != half.user_id:
        raise NotSignedIn("somebody-else", provider.word)
    while_signed_in()
    try:
        new = actions.link(g.actor, returned.told)
    except actions.Refused as refused:
        raise NotSignedIn(refused.why, provider.word, way_back=_way_back()) from refused
    db.commit()
    return go_to("/profile/security", "sso-linked" if new else "sso-linked-already")


def _prove(provider: Provider, half: HalfSignIn, returned: Returned) -> str:
    """Whoever had to show once more who they are, did so at the provider."""
    known = queries.identity(returned.told.issuer, returned.told.subject)
    if g.actor is None or known is None or not g.actor.id == half.user_id == known.user_id:
        raise NotSignedIn("somebody-else", provider.word)
    if not returned.is_fresh(_begun(half)):
        raise NotSignedIn("untold" if returned.since is None else "long-ago", provider.word, way_back=_way_back())
    prove(g.session)
    db.commit()
    return asked_again.again(half.facts["to"], half.facts["fields"])


def _begun(half: HalfSignIn) -> datetime:
    return half.expires_at - LASTS


def _refused(half: HalfSignIn, refused: NotSignedIn) -> tuple[str, int]:
    """The form that waited for it is asked about once more. Raises NotSignedIn of all that is no proof."""
    look_up(None)
    if half.way != "sso-proof" or g.actor is None or g.actor.id != half.user_id:
        raise refused
    return ask_again(half.facts["to"], half.facts["fields"], refused)


def _note(provider: Provider, refused: NotSignedIn) -> bool:
    room = "refusal written down", security.address()
    if rates.has_room(*room) and rates.has_room("refusals written down"):
        accesses.note("sso-refused", user=g.actor, said=f"{provider.word}: {refused.headline}. {refused.description}")
    return True


def _way_back() -> tuple[str, str] | None:
    return ("/profile/security", "Back to Security") if g.actor else None


_COMING_BACK: dict[str, Callable[[Provider, HalfSignIn, Returned], Response | str]] = {
    "sso": _sign_in,
    "sso-linking": _link,
    "sso-proof": _prove,
}
