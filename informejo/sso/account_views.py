"""One's accounts at providers: linking another, proving with one who one is, and doing without."""

from flask import Blueprint, current_app, g
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from informejo import cookies, db
from informejo.accounts import asked_again
from informejo.accounts.asked_again import Elsewhere, require_proof
from informejo.accounts.half_actions import finish_half
from informejo.accounts.half_queries import key_in
from informejo.accounts.models import User
from informejo.accounts.queries import has_just_changed
from informejo.sso import actions, providers, queries
from informejo.sso.claims import Told
from informejo.sso.going import begin, provider_named
from informejo.sso.own import LINK, fits, waiting
from informejo.sso.refusals import NotSignedIn, ask_again
from informejo.web import actor, go_to, page

HERE = "/profile/security"

bp = Blueprint("sso_accounts", __name__)


@bp.post("/sso/<provider>/link")
def begin_link(provider: str):
    """On to the provider, to link the account there with one's own here."""
    there = provider_named(provider)
    require_proof()
    return begin(there, "sso-linking", {}, actor(), again=True)


@bp.post("/sso/<provider>/proof")
def begin_proof(provider: str):
    """On to the provider, to show once more who one is; the form that waits for that comes back too."""
    there = provider_named(provider)
    to, fields = asked_again.carried()
    try:
        return begin(there, "sso-proof", {"to": to, "fields": fields}, actor(), again=True)
    except NotSignedIn as refused:
        return ask_again(to, fields, refused)


@bp.get(LINK)
def link():
    """What came from a provider a moment ago, for whoever has signed in here as they did so far."""
    return _link_page(waiting())


@bp.post(LINK)
def create_link():
    """Link it."""
    require_proof()
    told = waiting()
    if not fits(told, actor()):
        return _sent_twice("sso-linked")
    finish_half(key_in(cookies.sso_cookie(), "link"), "sso-link")
    try:
        actions.link(actor(), told)
    except actions.Refused as refused:
        raise NotSignedIn(refused.why, told.word) from refused
    db.commit()
    return go_to(HERE, "sso-linked")


@bp.post("/profile/identities/<int:id>/removal")
def remove(id: int):
    """Do without an account at a provider."""
    require_proof()
    try:
        actions.unlink(actor(), id, g.session)
    except NotFound:
        return _sent_twice("sso-unlinked")
    except actions.Refused as refused:
        raise NotSignedIn(refused.why, "This", way_back=(HERE, "Back to Security")) from refused
    db.commit()
    return go_to(HERE, "sso-unlinked")


def _sent_twice(notice: str) -> Response:
    """On to where it led, if that was done just now: the form has come twice. Raises NotFound."""
    if not has_just_changed(actor(), "identity"):
        raise NotFound
    return go_to(HERE, notice)


def elsewhere(user: User) -> list[Elsewhere]:
    """The providers at which this person can show who they are."""
    linked = {identity.issuer for identity in queries.identities_of(user)}
    found = [provider for provider in providers.of(current_app.config) if provider.issuer in linked]
    return [Elsewhere(f"Sign in with {provider.word} again", f"/sso/{provider.name}/proof") for provider in found]


def _link_page(told: Told | None):
    told = told if fits(told, actor()) else None
    return page("sso/link.html", title=f"Link {told.word}?" if told else "There is nothing to link", told=told)
