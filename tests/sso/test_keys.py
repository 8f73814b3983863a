"""Whose signature convinces, and how often a provider is asked for what it says of itself; without a network."""

import base64
import hashlib
import json
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from informejo import clock
from informejo.sso import discovery, flow, tokens
from informejo.sso.asking import Trouble
from informejo.sso.claims import told
from informejo.sso.flow import Secrets, names_itself, new_secrets, way_out, way_there, word_of
from informejo.sso.tokens import Untrue
from tests.sso.test_claims import PROVIDER

RSA, EC = RSAKey.generate_key(2048, {"kid": "r"}), ECKey.generate_key("P-256", {"kid": "e"})
ELLIPTIC = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
HOME = PROVIDER.issuer


@pytest.fixture
def shown(monkeypatch):
    """The keys that the provider shows."""
    shown = [RSA, EC]
    monkeypatch.setattr(discovery, "keys", lambda provider, id: KeySet(shown))
    return shown


def signed(key=RSA, alg: str = "RS256", kid: str | None = "r", **claims) -> str:
    now = int(clock.now().timestamp())
    said = {"iss": HOME, "aud": PROVIDER.client_id, "iat": now, "exp": now + 60, "nonce": "n", "sub": "x"} | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"alg": alg} | ({"kid": kid} if kid else {}), said, key, algorithms=[alg])


def holds(token: str) -> bool:
    try:
        return tokens.check(PROVIDER, token, nonce="n")["sub"] is not None
    except Untrue:
        return False


@pytest.mark.hardening("L-17")
def test_every_signature_by_a_private_key_convinces_and_no_other(shown):
    for alg in tokens.ALGORITHMS:
        key = ECKey.generate_key(ELLIPTIC[alg], {"kid": "k"}) if alg in ELLIPTIC else RSA
        shown[:] = [key]
        assert holds(signed(key, alg, key.kid)), alg
        assert not holds(signed(key, alg, "another")), alg
    shown[:] = [OctKey.generate_key(256, {"kid": "o"})]
    assert not holds(signed(shown[0], "HS256", "o"))


@pytest.mark.hardening("L-17")
def test_without_an_id_the_one_key_that_fits_is_taken(shown):
    assert holds(signed(kid=None))
    assert holds(signed(EC, "ES256", None))
    assert not holds(signed(EC, "ES256", "r"))
    shown.append(RSAKey.generate_key(2048, {"kid": "r2"}))
    assert holds(signed())
    assert not holds(signed(kid=None))


@pytest.mark.hardening("L-17")
def test_clocks_may_differ_by_a_minute_and_no_more(shown):
    with clock.at(clock.now().replace(microsecond=0) + timedelta(days=1)):
        now = int(clock.now().timestamp())
        for differ, held in ((59, True), (61, False)):
            assert holds(signed(exp=now - differ)) is held
            assert holds(signed(iat=now + differ)) is held


def test_a_name_of_somebody_is_of_a_length_that_is_allowed(shown):
    assert holds(signed(sub="x" * 255))
    for sub in ("x" * (255 + 1), "", "a\n", 7, None):
        assert not holds(signed(sub=sub)), sub


def test_the_id_of_a_key_is_a_text_or_there_is_none():
    for head, id in (({"kid": "r"}, "r"), ({"kid": 7}, None), ({}, None), ([], None), ("kid", None)):
        written = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
        assert tokens._key_id(f"{written}.x.y") == id, head


SIGNED_OUT = {"nonce": None, "jti": "once", "sid": "there", "events": {tokens.LOGOUT: {}}}
ENDS_NOTHING = [
    *({name: None} for name in ("iss", "aud", "iat", "exp", "jti", "events")),
    *({"events": events} for events in ("x", [tokens.LOGOUT], {}, {tokens.LOGOUT: "yes"})),
    *(
        {"iss": "https://else.example"},
        {"aud": "else"},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"sub": 7},
        {"sid": "a\n"},
    ),
    *({"jti": 7}, {"jti": ""}, {"sub": "x" * 256}, {"sid": 0}),
]


@pytest.mark.hardening("L-17")
def test_a_logout_token_says_whom_in_every_point_or_nobody(shown):
    with clock.at(clock.now().replace(microsecond=0) + timedelta(days=1)):
        now = int(clock.now().timestamp())
        assert tokens.check_logout(PROVIDER, signed(**SIGNED_OUT)) == ("x", "there", "once")
        assert tokens.check_logout(PROVIDER, signed(**SIGNED_OUT | {"sub": None, "iat": now - 600})) == (
            "",
            "there",
            "once",
        )
        assert tokens.check_logout(PROVIDER, signed(**SIGNED_OUT | {"sid": None})) == ("x", "", "once")
        for lie in (*ENDS_NOTHING, {"iat": now - 601}, {"exp": now - 61}, {"iat": now + 61}):
            with pytest.raises(Untrue):
                tokens.check_logout(PROVIDER, signed(**SIGNED_OUT | lie))


def said_of(check, token: str, **known) -> str:
    with pytest.raises(Untrue) as untrue:
        check(PROVIDER, token, **known)
    return str(untrue.value)


def test_what_is_wrong_with_a_token_is_said(shown):
    """It stands in the log, for whoever looks why nobody comes in."""
    tokens_of_sign_ins = {
        "x" * 65_537: "there is no token",
        "x" * 65_536: "it cannot be read",
        signed(aud="else"): "invalid_claim",
        signed(exp=1): "expired_token",
        signed(sub=""): "it names nobody",
    }
    for token, said in tokens_of_sign_ins.items():
        assert said_of(tokens.check, token, nonce="n") == said
    for lie, said in (
        ({"events": [tokens.LOGOUT]}, "it tells of no sign-out"),
        ({"iat": None}, "missing_claim"),
        ({"nonce": "n"}, "it is a token of another kind"),
        ({"jti": "x" * 256}, "it has no id"),
        ({"iat": 1_600_000_000}, "it is too old"),
    ):
        assert said_of(tokens.check_logout, signed(**SIGNED_OUT | lie)) == said


class Asked:
    """A provider that says `told` at each address, counts who asks, and whose clock stands at `now`."""

    def __init__(self, monkeypatch):
        places = {
            f"{name}_endpoint": f"{HOME}/{name}" for name in ("authorization", "token", "userinfo", "end_session")
        }
        self.itself, self.now, self.asked = places | {"issuer": HOME, "jwks_uri": f"{HOME}/keys"}, 10_000.0, []
        self.keys = [RSA.as_dict(private=False)]
        monkeypatch.setattr(discovery, "ask", self.ask)
        monkeypatch.setattr(discovery, "time", SimpleNamespace(monotonic=lambda: self.now))
        discovery.forget()

    def ask(self, address: str, token: str = "") -> dict:
        self.asked.append(address.removeprefix(HOME))
        if self.itself is None:
            raise Trouble("it cannot be reached")
        return {"keys": self.keys} if address.endswith("/keys") else self.itself

    def often(self) -> int:
        count, self.asked = len(self.asked), []
        return count


@pytest.fixture
def asked(monkeypatch):
    yield Asked(monkeypatch)
    discovery.forget()


def test_what_a_provider_says_of_itself_is_kept_for_an_hour_and_longer_while_it_is_down(asked):
    first = discovery.endpoints(PROVIDER)
    assert asked.asked == ["/.well-known/openid-configuration"]
    assert first == (f"{HOME}/authorization", f"{HOME}/token", f"{HOME}/keys", f"{HOME}/userinfo",
                     f"{HOME}/end_session", False, True)  # fmt: skip
    asked.now += 3_600 - 1
    assert (discovery.endpoints(PROVIDER), asked.often()) == (first, 1)
    asked.now += 1
    asked.itself |= {"token_endpoint": f"{HOME}/new", "authorization_response_iss_parameter_supported": True}
    assert (discovery.endpoints(PROVIDER).token, discovery.endpoints(PROVIDER).names_itself) == (f"{HOME}/new", True)
    assert asked.often() == 1
    asked.now, asked.itself = asked.now + 3_600, None
    assert discovery.endpoints(PROVIDER).token == f"{HOME}/new"
    discovery.forget()
    with pytest.raises(Trouble):
        discovery.endpoints(PROVIDER)


def test_what_it_does_not_have_is_empty_and_how_it_takes_the_secret_is_its_own_choice(asked):
    for name in ("userinfo_endpoint", "end_session_endpoint"):
        del asked.itself[name]
    for methods, basic in ((["client_secret_post"], False), (["client_secret_basic"], True), ("post", True)):
        asked.itself |= {
            "token_endpoint_auth_methods_supported": methods,
            "authorization_response_iss_parameter_supported": "true",
        }
        discovery.forget()
        found = discovery.endpoints(PROVIDER)
        assert (found.userinfo, found.end_session, found.names_itself, found.takes_basic) == ("", "", False, basic)


def test_keys_are_asked_for_once_an_hour_and_for_an_unknown_one_once_a_minute(asked):
    assert [key.kid for key in discovery.keys(PROVIDER, "r")] == ["r"]
    assert asked.often() == 2
    asked.now += 60
    for id in ("r", None, "invented"):
        discovery.keys(PROVIDER, id)
    assert asked.often() == 0
    asked.now, asked.keys = asked.now + 1, [EC.as_dict(private=False)]
    assert [key.kid for key in discovery.keys(PROVIDER, None)] == ["r"]
    assert [key.kid for key in discovery.keys(PROVIDER, "e")] == ["e"]
    assert asked.often() == 1
    asked.now += 3_600 - 1
    discovery.keys(PROVIDER, "e")
    assert asked.often() == 0
    asked.now += 1
    discovery.keys(PROVIDER, None)
    assert "/keys" in asked.asked


def test_only_public_keys_for_signatures_are_taken_and_not_without_end(asked):
    public = RSA.as_dict(private=False)
    for wrong in (RSA.as_dict(private=True), public | {"use": "enc"}, OctKey.generate_key(256).as_dict(),
                  public | {"n": 7}, {"kty": "RSA"}, {}, "RSA"):  # fmt: skip
        asked.keys = [wrong]
        with pytest.raises(Trouble, match="no key"):
            discovery.keys(PROVIDER, None)
        asked.keys = [wrong, public | {"use": "sig", "kid": "fine"}]
        assert [key.kid for key in discovery.keys(PROVIDER, None)] == ["fine"]
        discovery.forget()
    asked.keys = [public | {"kid": str(number)} for number in range(51)]
    assert len(list(discovery.keys(PROVIDER, None))) == 50


def test_the_way_out_takes_the_token_along_as_long_as_it_is_not_too_long():
    back = "https://help.example.org/sign-in"
    for token, hint in (("a.b.c", True), ("x" * 3_000, True), ("x" * (3_000 + 1), False), ("", False)):
        address = way_out(PROVIDER, f"{HOME}/end?a=b", token, back)
        assert address.startswith(f"{HOME}/end?a=b&post_logout_redirect_uri=https%3A%2F%2Fhelp.example.org%2Fsign-in")
        assert "client_id=org.desk" in address
        assert ("&id_token_hint=" in address) is hint
        assert (token in address) or not hint


def test_a_word_of_an_error_is_one_or_is_not_said():
    words = {"access_denied": "access_denied", "x" * 40: "x" * 40, "x" * 41: "error", "<b>": "error", "Denied": "error",
             "": "error", None: "error", 7: "error", "a\n": "error"}  # fmt: skip
    assert {said: word_of(said) for said in words} == words


def test_the_way_there_asks_for_what_was_made_for_it_and_again_for_who_they_are(asked):
    made, back = Secrets("n" * 43, "v" * 64), "https://help.example.org/sso/desk/callback"
    ways = [way_there(PROVIDER, made, state="s", back=back, again=again) for again in (False, True)]
    first, again = (dict(parse_qsl(urlsplit(way).query)) for way in ways)
    assert all(way.startswith(f"{HOME}/authorization?") for way in ways)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(made.verifier.encode()).digest()).decode().rstrip("=")
    assert first == {
        "response_type": "code",
        "client_id": "org.desk",
        "redirect_uri": back,
        "scope": PROVIDER.scopes,
        "state": "s",
        "nonce": made.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert again == first | {"prompt": "login", "max_age": "0"}
    assert names_itself(PROVIDER) is False
    one, other = new_secrets(), new_secrets()
    assert (len(one.nonce), len(one.verifier)) == (43, 64)
    assert not {*one} & {*other}


@pytest.mark.hardening("S-40")
def test_what_is_signed_says_since_when_where_and_with_how_many_factors(asked, monkeypatch):
    del asked.itself["userinfo_endpoint"]
    provider = PROVIDER._replace(mfa=frozenset(["otp", "gold"]))
    cases = [
        ({}, (None, "", False)),
        ({"auth_time": 7, "sid": "there", "amr": ["pwd", "otp"]}, (7, "there", True)),
        ({"sid": 7, "amr": ["pwd"], "acr": "gold"}, (None, "", True)),
        ({"sid": "a\n", "amr": ["Otp"], "acr": "silver"}, (None, "", False)),
        ({"amr": [["otp"], 7, None], "acr": ["gold"]}, (None, "", False)),
    ]
    for claims, said in cases:
        token = signed(**claims)
        monkeypatch.setattr(flow, "_redeem", lambda *_, token=token: {"access_token": "a", "id_token": token})
        back = flow.returned(provider, Secrets("n", "v"), code="c", back="https://help.example.org/")
        assert (back.told.subject, back.id_token, *back[2:]) == ("x", token, *said), claims


def test_who_showed_there_who_they_are_since_they_began_here_did_so_just_now_and_clocks_may_differ_by_a_minute():
    begun = clock.now().replace(microsecond=0)
    back = flow.Returned(told(PROVIDER, {"sub": "x"}), "a.b.c", None, "", False)
    for seconds, fresh in ((7, True), (0, True), (-59, True), (-60, False), (-3_600, False)):
        assert back._replace(since=begun.timestamp() + seconds).is_fresh(begun) is fresh, seconds
    assert not back.is_fresh(begun), "where it is not said, nobody knows"
