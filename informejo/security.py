"""What every request and answer has to keep to: where a change may come from, who asks, headers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import Forbidden
from werkzeug.middleware.proxy_fix import ProxyFix

from informejo import logs
from informejo.accounts.queries import known_browser
from informejo.cookies import cookie, is_https

SAFE = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")  # what Sec-Fetch-Site says of a request that comes from here, or from nowhere else
KEPT_BY_BROWSERS = ("/assets/", "/static/")  # nothing personal, so they may be cached
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Of pages whose address is a secret. With `no-referrer` browsers would say `Origin: null` of their forms (Fetch, 3.1),
# which over http, where there is no Sec-Fetch-Site, looks like another site's.
ORIGIN_ALONE = "strict-origin"
EVEN_SECONDS = 0.15  # more than it takes to look somebody up, hash a code and write a few rows
_NO_ADDRESS = IPv4Address(0)


def init_app(app: Flask):
    """Check requests before anything else looks at them, and finish every answer."""
    hops = app.config["TRUSTED_PROXIES"]
    if hops:
        # Only address and scheme: the proxy passes on the Host itself.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)
    app.before_request(_refuse_other_sites)
    app.after_request(finish)


def may_read(site: str | None) -> bool:
    """Whether a request that only reads may come from there, by its Sec-Fetch-Site; who sends none may."""
    return site is None or site in OURS


def is_for_programs() -> bool:
    """Whether this request goes where other machines send what they have signed: see `web.for_programs`."""
    return getattr(current_app.view_functions.get(request.endpoint), "for_programs", False)


def finish(response: Response) -> Response:
    """The answer, and with it the headers that every answer of its kind has."""
    if logs.holds_secret():
        response.headers.setdefault("Referrer-Policy", ORIGIN_ALONE)
    said = {name for name, _ in response.headers}
    response.headers.extend([(name, value) for name, value in HEADERS.items() if name not in said])
    if is_https():
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if not request.path.startswith(KEPT_BY_BROWSERS):
        response.headers["Cache-Control"] = "no-store"
        response.vary.update(("Cookie", "HX-Request"))
    return response


def address() -> str:
    """Whom rates are counted for when nobody is signed in; an IPv6 subscriber has a whole /64 of addresses."""
    peer = _peer()
    return str(peer if peer.version == 4 else ip_network((int(peer), 64), strict=False))


def visitor() -> str:
    """The same, but a browser in which somebody was signed in before is one by itself: nobody beside it uses it up."""
    known = known_browser(cookie())
    return f"browser {known}" if known else address()


def peer() -> str:
    """The network address that this request came from, for the log; empty where a proxy names none."""
    return str(_peer()) if _peer() != _NO_ADDRESS else ""


@contextmanager
def in_even_time() -> Iterator[None]:
    """Let what is done inside take EVEN_SECONDS, so that how long it took does not tell what was found.

    Nothing may be left to commit at its end: nobody else can write while somebody waits in a transaction.
    """
    ends = time.monotonic() + EVEN_SECONDS
    try:
        yield
    finally:
        time.sleep(max(0, ends - time.monotonic()))


def _peer() -> IPv4Address | IPv6Address:
    try:
        peer = ip_address(request.remote_addr or "")
    except ValueError:  # a proxy that names no address: all who come through it are one
        return _NO_ADDRESS
    return getattr(peer, "ipv4_mapped", None) or peer  # what a socket for both kinds makes of IPv4


def _refuse_other_sites():
    """Forms carry no token: browsers say themselves which site a request comes from, and that cannot be forged there.

    Sec-Fetch-Site where it is sent (https, localhost), Origin elsewhere; who sends neither changes nothing.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if is_for_programs():
        return
    if request.method in SAFE:
        # A link on another site may lead here; nothing else there may read, embed or listen.
        following_a_link = request.headers.get("Sec-Fetch-Mode") == "navigate" and not request.path.startswith("/live")
        allowed = may_read(site) or following_a_link
    else:
        allowed = site in OURS if site else _from_here(request.headers.get("Origin"))
    if not allowed:
        raise Forbidden("This came from another site, so nothing was done. Open the page here and try again.")


def _from_here(origin: str | None) -> bool:
    ours = request.host, urlsplit(current_app.config["PUBLIC_URL"]).netloc
    host = (origin or "").partition("://")[2]
    return bool(host) and host in ours  # no host at all is no match, whatever PUBLIC_URL lacks
