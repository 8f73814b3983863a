"""The way of a browser to a provider. It leads over a page of ours, for all browsers that there are.

A form may lead here alone, says the content security policy, and Chromium says so of redirects behind it too.
"""

import secrets
from datetime import timedelta

from flask import current_app, make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from informejo import cookies, db
from informejo.accounts.half_actions import keep_half
from informejo.accounts.half_queries import key_in
from informejo.accounts.models import User
from informejo.sso import discovery, flow, providers
from informejo.sso.asking import Trouble
from informejo.sso.providers import Provider
from informejo.sso.refusals import because_of
from informejo.web import page

LASTS = timedelta(minutes=15)  # to find one's password and second factor there


def provider_named(name: str) -> Provider:
    """The provider of that name. Raises NotFound."""
    found = next((provider for provider in providers.of(current_app.config) if provider.name == name), None)
    if found is None:
        raise NotFound
    return found


def begin(provider: Provider, way: str, facts: dict, user: User | None = None, again: bool = False) -> Response:
    """The page that leads to the provider; `facts` are there when they come back. Raises NotSignedIn."""
    db.session.rollback()  # the provider may take its time: nothing is held meanwhile
    try:
        discovery.endpoints(provider)
    except Trouble as trouble:
        raise because_of(provider, trouble) from trouble
    made, browser = flow.new_secrets(), cookies.sso_cookie() or secrets.token_urlsafe(32)
    kept = {"provider": provider.name, "secrets": list(made), **facts}
    state = secrets.token_urlsafe(32)
    keep_half(key_in(browser, state), way, user, kept, LASTS)
    db.commit()
    address = flow.way_there(provider, made, state=state, back=back(provider), again=again)
    answer = make_response(going_page(provider, address, "Going on to {word}", "You sign in there, and come back."))
    return cookies.with_sso_cookie(answer, browser, int(LASTS.total_seconds()))


def back(provider: Provider) -> str:
    """Where the provider sends people back to: by the setting, never by the Host that a browser claims."""
    return f"{here()}/sso/{provider.name}/callback"


def here() -> str:
    """The address of this desk."""
    return current_app.config["PUBLIC_URL"].rstrip("/")


def farewell(name: str, id_token: str) -> Response | None:
    """The page that leads on to sign out at the provider too; None where there is none of that name, or it is down."""
    provider = next((one for one in providers.of(current_app.config) if one.name == name), None)
    if provider is None:
        return None
    try:
        leave = discovery.endpoints(provider).end_session
    except Trouble:
        return None
    if not leave:
        return None
    address = flow.way_out(provider, leave, id_token, f"{here()}/sign-in")
    return make_response(going_page(provider, address, "You are signed out", "{word} is asked to sign you out too."))


def going_page(provider: Provider, address: str, headline: str, sentence: str) -> str:
    """A page that goes on by itself, with a link for browsers that do not."""
    words = {"headline": headline.format(word=provider.word), "sentence": sentence.format(word=provider.word)}
    return page("sso/going.html", title=words["headline"], word=provider.word, address=address, **words)
