"""A provider that signs somebody out has it heard here at once, and nobody else can say so in its place."""

import time

import pytest

from informejo import rates
from informejo.sso.tokens import LOGOUT
from tests.factors.conftest import MIA
from tests.live.sse import Listener
from tests.sso.way import Way

ADDRESS = "/sso/liar/back-channel-logout"
SAID = {"nonce": None, "name": None, "email": None, "jti": "once", "events": {LOGOUT: {}}, "sid": "there-1"}
LIES = {
    "for another desk": {"aud": "another"},
    "by another issuer": {"iss": "https://elsewhere.example"},
    "long over": {"iat": 1_600_000_000, "exp": 1_600_003_600},
    "of an hour ago, and good for a year": {"iat": int(time.time()) - 3600, "exp": int(time.time()) + 31_536_000},
    "of tomorrow": {"iat": int(time.time()) + 86_400, "exp": int(time.time()) + 90_000},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "without an id": {"jti": None},
    "with a number for an id": {"jti": 7},
    "with a very long id": {"jti": "x" * 300},
    "longer than any": {"more": "x" * 66_000},
    "a token of a sign-in": {"nonce": "n", "events": None},
    "with a nonce": {"nonce": "n"},
    "of no event": {"events": None},
    "of another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "of an event that is none": {"events": {LOGOUT: "yes"}},
    "about nobody": {"sub": None, "sid": None},
    "about a number": {"sub": 7, "sid": None},
    "about a very long name": {"sid": "x" * 300},
}


@pytest.fixture
def tell(desk, liar):
    """`tell(claims, header)`: the liar says that somebody is signed out; how the desk answers."""

    def tell(claims=(), header=(), **fields):
        liar.claims, before = SAID | dict(claims), liar.header
        liar.header = liar.header | dict(header)
        token = liar.id_token()
        liar.claims, liar.header = {}, before
        return desk.test_client().post(ADDRESS, data={"logout_token": token} | fields)

    return tell


@pytest.fixture
def came(liar, visit, world):
    """`came(subject, sid)`: a browser in which somebody has come from the liar, and the stream of its page."""

    def came(subject="nia", sid="there-1"):
        browser, email = visit(), f"{subject}@example.org" if subject == "nia" else f"{subject}@elsewhere.example"
        liar.claims = {"sid": sid, "sub": subject, "email": email}
        assert Way(browser).end(liar).location == "/"
        liar.claims = {}
        return browser, Listener(browser, "/live?on=me")

    return came


def are_in(*came) -> list[bool]:
    found = []
    for browser, stream in came:
        found.append(browser.get("/profile").status_code == 200)
        assert stream.is_open == found[-1]
    return found


@pytest.mark.hardening("H-33", "L-11", "S-46")
def test_what_was_signed_out_there_ends_here_at_once_with_its_streams(came, tell):
    here, there, other = came(), came(sid="there-2"), came("oda", sid="there-3")
    assert are_in(here, there, other) == [True, True, True]
    assert (tell().status_code, are_in(here, there, other)) == (200, [False, True, True])
    assert tell({"jti": "two", "sid": None}).status_code == 200  # all of that person
    assert are_in(there, other) == [False, True]
    assert tell({"jti": "three"}).status_code == 200  # there is nothing left to end
    assert tell({"jti": "four", "sub": None, "sid": "there-3"}, {"typ": "logout+jwt"}).status_code == 200
    assert are_in(other) == [False]


@pytest.mark.hardening("L-17")
@pytest.mark.parametrize("lie", LIES)
def test_a_logout_token_holds_in_every_point_or_ends_nothing(came, tell, lie):
    here = came()
    answer = tell(LIES[lie])
    assert (answer.status_code, answer.json["error"], are_in(here)) == (400, "invalid_request", [True])


@pytest.mark.hardening("L-17")
def test_nobody_else_can_say_so_and_nobody_twice(came, tell, liar):
    here = came()
    assert tell(header={"alg": "none"}).status_code == 400
    assert tell(header={"alg": "HS256"}).status_code == 400
    assert tell(header={"typ": "at+jwt"}).status_code == 400
    liar.signing = liar.foreign
    assert tell().status_code == 400
    liar.signing = liar.key
    assert [tell(logout_token=token).status_code for token in ("", "a.b.c")] == [400, 400]
    assert are_in(here) == [True]
    assert tell().status_code == 200
    again = came(sid="there-5")
    assert (tell({"sid": None}).status_code, are_in(again)) == (400, [True])


@pytest.mark.hardening("H-35")
def test_words_that_do_not_hold_are_looked_at_thirty_times(came, tell):
    here, limit = came(), rates.RATES["sign-out that was refused"].limit.amount
    assert {tell(logout_token="a.b.c").status_code for _ in range(limit)} == {400}
    assert (tell().status_code, are_in(here)) == (429, [True])


@pytest.fixture
def mia(desk, world, liar, visit):
    """Mia's claims; she has linked her account there."""
    liar.claims = theirs = {"sub": "mia", "email": "mia@example.org"}
    assert Way(visit(world.mia), deed="link").end(liar).location == "/profile/security"
    return theirs


@pytest.mark.hardening("H-33")
def test_whoever_is_still_on_the_way_does_not_come_in_any_more(desk, mia, tell, liar, visit):
    desk.config["SECOND_FACTOR"] = "staff"
    liar.claims = mia | {"sid": "there-2"}
    half, way = visit(), Way(visit())
    assert Way(half).end(liar).location == "/sign-in/second"
    assert tell({"jti": "one", "sub": "mia", "sid": "there-1"}).status_code == 200
    assert half.get("/sign-in/second").status_code == 200
    assert tell({"jti": "two", "sub": "mia", "sid": "there-2"}).status_code == 200
    assert half.get("/sign-in/second").location == "/sign-in"
    liar.claims = mia | {"sid": "there-2"}
    assert way.end(liar).status_code == 410


@pytest.mark.hardening("H-33")
@pytest.mark.parametrize(
    ("told", "came", "stays_out"),
    [
        ({"sub": "mia", "sid": None}, {}, True),
        ({"sub": "mia", "sid": None}, {"sid": "there-2"}, True),
        ({"sub": "mia", "sid": "there-1"}, {}, True),
        ({"sub": "mia", "sid": "there-1"}, {"sid": "there-2"}, False),
        ({"sub": None, "sid": "there-1"}, {}, False),
        ({"sub": "ren", "sid": None}, {"sid": "there-2"}, False),
    ],
)
def test_whoever_was_on_the_way_when_theirs_ended_begins_anew_and_then_comes_in(
    desk, mia, tell, liar, visit, told, came, stays_out
):
    """Also where the provider names no sign-in: then what ends for one of somebody's ends for each that has no name."""
    liar.claims = mia | came
    way = Way(visit())
    assert tell(told).status_code == 200
    liar.claims = mia | came
    assert (way.end(liar).status_code == 410) is stays_out
    liar.claims = mia | came
    assert Way(visit()).end(liar).location == "/"


SECOND = [  # what the setting says, what the provider says, and whether ours is asked all the same
    ("", {"amr": ["pwd", "mfa"]}, True),
    ("mfa otp", {"amr": ["pwd", "mfa"]}, False),
    ("mfa otp", {"amr": ["pwd"]}, True),
    ("mfa otp", {}, True),
    ("gold", {"acr": "gold"}, False),
]


@pytest.mark.hardening("S-40")
def test_a_second_factor_there_counts_here_where_the_setting_says_so(desk, mia, liar, visit):
    desk.config["SECOND_FACTOR"] = "staff"
    liar.lies["/userinfo"] = {"sub": "mia", "amr": ["mfa"], "acr": "gold"}  # which nobody has signed
    for word, claims, is_asked in SECOND:
        desk.config["SSO_LIAR_MFA"], liar.claims, browser = word, mia | claims, visit()
        assert Way(browser).end(liar).location == ("/sign-in/second" if is_asked else "/"), (word, claims)
        assert (browser.get("/queue").status_code == 303) == is_asked
    assert visit().post("/sign-in", data=MIA).location == "/sign-in/second", "a password alone is none"
