"""The cookies of this desk: who is signed in, what is on its way, which tickets a link opens, what is said once."""

import re
from collections.abc import Mapping

from flask import Response, current_app, request

HALF_SECONDS = 600  # in which a sign-in that was begun has to be finished
MOST_LINKS = 20  # to tickets, in one browser
NOTICE_SECONDS = 60  # a page that comes later has nothing to do with what was done
_LINK_NAME = re.compile(r"(?:__Host-)?informejo-[1-9][0-9]*", re.ASCII)


def cookie() -> str:
    """The value of the browser's sign-in cookie, empty when it has none."""
    return request.cookies.get(cookie_name(), "")


def with_cookie(response: Response, token: str) -> Response:
    """The answer, and with it a new value for the browser's sign-in cookie."""
    lasts = current_app.config["SESSION_DAYS"] * 86_400
    response.set_cookie(cookie_name(), token, max_age=lasts, secure=is_https(), httponly=True, samesite="Lax")
    return response


def half_cookie() -> str:
    """The value of the cookie of a sign-in that is not finished, empty when there is none."""
    return request.cookies.get(_half_name(), "")


def with_half(response: Response, token: str) -> Response:
    """The answer, and with it a new value for the cookie of a sign-in that is not finished."""
    response.set_cookie(_half_name(), token, max_age=HALF_SECONDS, secure=is_https(), httponly=True, samesite="Lax")
    return response


def without_half(response: Response) -> Response:
    """The answer, and with it that the sign-in is finished, or given up."""
    if half_cookie():
        response.delete_cookie(_half_name(), secure=is_https(), httponly=True, samesite="Lax")
    return response


def link_cookie(number: int, cookies: Mapping[str, str] | None = None) -> str:
    """The value of the cookie that holds this browser's link to that ticket, empty when it has none."""
    return (request.cookies if cookies is None else cookies).get(_link_name(number), "")


def has_link_cookies() -> bool:
    """Whether this browser holds a link to any ticket."""
    return any(map(_LINK_NAME.fullmatch, request.cookies))


def link_cookies() -> list[str]:
    """The values of all of them; what says that there are more than we hand out is none of ours."""
    return [value for name, value in request.cookies.items() if _LINK_NAME.fullmatch(name)][-MOST_LINKS:]


def with_link_cookie(response: Response, number: int, token: str, days: int) -> Response:
    """The answer, and with it the link to that ticket; of very many the oldest go, or requests would grow too large."""
    held = [name for name in request.cookies if _LINK_NAME.fullmatch(name) and name != _link_name(number)]
    for name in held[: max(0, len(held) - MOST_LINKS + 1)]:  # browsers send the oldest first (RFC 6265, 5.4)
        response.delete_cookie(name, secure=is_https(), httponly=True, samesite="Lax")
    kept = {"max_age": days * 86_400, "secure": is_https(), "httponly": True, "samesite": "Lax"}
    response.set_cookie(_link_name(number), token, **kept)
    return response


def without_link_cookie(response: Response, number: int) -> Response:
    """The answer, and with it that this browser gives up its link to that ticket."""
    response.delete_cookie(_link_name(number), secure=is_https(), httponly=True, samesite="Lax")
    return response


def sso_cookie() -> str:
    """What tells the browser in which somebody began to sign in from all others, empty when it has none yet."""
    return request.cookies.get(_sso_name(), "")


def with_sso_cookie(response: Response, token: str, seconds: int) -> Response:
    """The answer, and with it that value, for as long as a sign-in that was begun may take."""
    response.set_cookie(_sso_name(), token, max_age=seconds, secure=is_https(), httponly=True, samesite="Lax")
    return response


def notice() -> str:
    """The name of what the next page is to say, if anything."""
    return request.cookies.get(_notice_name(), "")


def with_notice(response: Response, notice: str) -> Response:
    """The answer, and with it the name of what the next page says."""
    response.set_cookie(
        _notice_name(), notice, max_age=NOTICE_SECONDS, secure=is_https(), httponly=True, samesite="Lax"
    )
    return response


def without_notice(response: Response) -> Response:
    """The answer, and with it that what was to be said has been said."""
    response.delete_cookie(_notice_name(), secure=is_https(), httponly=True, samesite="Lax")
    return response


def cookie_name() -> str:
    """With `__Host-` browsers take the cookie from this very host over https only (RFC 6265bis, 4.1.3.2)."""
    return "__Host-informejo" if is_https() else "informejo"


def _half_name() -> str:
    return f"{cookie_name()}-half"


def _link_name(number: int) -> str:
    return f"{cookie_name()}-{number}"


def _notice_name() -> str:
    return f"{cookie_name()}-notice"


def _sso_name() -> str:
    return f"{cookie_name()}-sso"


def is_https() -> bool:
    """Whether people reach this desk by https; then its cookies go over nothing else."""
    return current_app.config["PUBLIC_URL"].startswith("https:")
