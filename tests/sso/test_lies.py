"""A provider that lies, or somebody in between: nobody is signed in, and everybody gets a page that says why."""

import time

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select, update

from informejo import clock, db
from informejo.accounts.models import HalfSignIn, User
from informejo.audit.models import Access
from informejo.sso import asking, discovery, providers
from tests.sso.way import Way

LIES = {
    "for another desk": {"aud": "another"},
    "for another desk, which this one has asked for": {"aud": "another", "azp": "desk"},
    "for nobody": {"aud": None},
    "for several, and asked for by another": {"aud": ["desk", "another"], "azp": "another"},
    "for several, and nobody says who asked": {"aud": ["desk", "another"]},
    "asked for by another": {"azp": "another"},
    "by another issuer": {"iss": "https://elsewhere.example"},
    "by nobody": {"iss": None},
    "of an hour ago": {"iat": 1_600_000_000, "exp": 1_600_003_600},
    "of tomorrow": {"iat": 4_000_000_000, "exp": 4_000_000_060},
    "without an end": {"exp": None},
    "with words for an end": {"exp": "tomorrow"},
    "of another sign-in": {"nonce": "another"},
    "of no sign-in": {"nonce": None},
    "about nobody": {"sub": None},
    "about a number": {"sub": 7},
    "about a very long name": {"sub": "x" * 300},
    "about what nobody can read": {"sub": "nia\u0000"},
    "in more words than any": {"more": "x" * 66_000},
    "with another access token": {"at_hash": "bm90IHRoZSBoYXNo"},
}


def nobody_came_in(browser) -> bool:
    db.session.rollback()
    accounts = db.session.scalar(select(func.count(User.id)).where(User.email == "nia@example.org"))
    return accounts == 0 and browser.get("/profile").status_code == 303


def is_refused(browser, answer, status: int = 403) -> bool:
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    return nobody_came_in(browser)


@pytest.fixture
def browser(desk, world, visit):
    return visit()


def test_the_liar_is_believed_when_it_tells_the_truth(browser, liar):
    answer = Way(browser).end(liar)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Nia Okafor" in browser.get("/profile").text
    fields = dict(liar.asked)["/token"]
    assert fields["redirect_uri"] == "http://localhost/sso/liar/callback"
    assert len(fields["code_verifier"]) >= 43


@pytest.mark.hardening("L-17")
@pytest.mark.parametrize("lie", LIES)
def test_a_token_holds_in_every_point_or_not_at_all(browser, liar, lie):
    liar.claims = LIES[lie]
    assert is_refused(browser, Way(browser).end(liar))
    noted = db.session.scalars(select(Access)).all()
    assert [access.kind for access in noted] == ["sso-refused"]
    assert noted[0].said.startswith("Liar: Liar could not be believed.")


@pytest.mark.hardening("L-17")
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_algorithm_that_needs_no_private_key_is_none(browser, liar, algorithm):
    liar.header = {"alg": algorithm, "kid": "a"}
    assert is_refused(browser, Way(browser).end(liar))


@pytest.mark.hardening("L-17")
@pytest.mark.parametrize("kid", ["a", "b", None])
def test_a_foreign_key_signs_nobody_in(browser, liar, kid):
    liar.signing = liar.foreign
    liar.header = {"alg": "RS256"} | ({"kid": kid} if kid else {})
    assert is_refused(browser, Way(browser).end(liar))


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "é.é.é", "e30.e30.", "x" * 70_000, 7, None, {"a": 1}])
def test_what_is_no_token_is_refused(browser, liar, token):
    liar.lies["/token"] = {"access_token": "a", "token_type": "Bearer", "id_token": token}
    assert is_refused(browser, Way(browser).end(liar))


def test_a_new_key_is_found_and_unknown_ones_are_not_asked_for_again_and_again(browser, liar, monkeypatch):
    Way(browser).end(liar)
    browser.post("/sign-out")
    liar.signing = new = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
    liar.shown, liar.header = [liar.key, new], {"alg": "RS256", "kid": "new"}
    assert Way(browser).end(liar).status_code == 403, "the keys were read a moment ago"
    monkeypatch.setattr(discovery, "KEYS_EVERY", 0)
    assert Way(browser).end(liar).status_code == 303
    browser.post("/sign-out")
    monkeypatch.setattr(discovery, "KEYS_EVERY", 60)
    liar.header, liar.asked = {"alg": "RS256", "kid": "invented"}, []
    assert [Way(browser).end(liar).status_code for _ in range(3)] == [403] * 3
    assert [path for path, _ in liar.asked].count("/keys") == 0


@pytest.mark.hardening("L-17")
def test_what_was_used_or_is_another_browsers_is_over(browser, liar, visit):
    way = Way(browser)
    assert way.end(liar).status_code == 303
    browser.post("/sign-out")
    assert is_over(way.end(liar))
    other = Way(visit())
    thief = visit()
    assert is_over(thief.get("/sso/liar/callback", query_string={"code": "a", "state": other.asked["state"]}))
    for state in ("", "x", "é\0", "x" * 3_000):
        assert is_over(browser.get("/sso/liar/callback", query_string={"code": "a", "state": state}))


def test_who_takes_too_long_begins_anew(browser, liar):
    way = Way(browser)
    db.session.execute(update(HalfSignIn).values(expires_at=clock.now()))
    db.commit()
    assert is_over(way.end(liar))
    Way(browser)
    assert db.session.scalar(select(func.count(HalfSignIn.token_hash))) == 1, "what is over is thrown away"


@pytest.mark.hardening("L-17")
def test_what_was_not_signed_adds_to_the_token_and_never_goes_before_it(browser, liar, desk):
    liar.lies["/userinfo"] = {"sub": "another", "name": "Somebody Else"}
    assert is_refused(browser, Way(browser).end(liar))
    liar.lies["/userinfo"] = {"sub": "nia", "name": "Somebody Else", "email": "mia@example.org", "roles": ["helpdesk"]}
    desk.config["SSO_LIAR_ROLE_MAP"] = "helpdesk=agent"
    assert Way(browser).end(liar).status_code == 303
    nia = db.session.scalar(select(User).where(User.email == "nia@example.org"))
    assert (nia.name, nia.role) == ("Nia Okafor", "agent")


def test_a_provider_without_userinfo_is_asked_for_none_and_gets_the_secret_as_it_likes(browser, liar):
    itself = liar.well_known_openid_configuration()
    liar.lies["/.well-known/openid-configuration"] = itself | {
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "userinfo_endpoint": None,
    }
    liar.lies["/userinfo"] = {"sub": "another"}
    assert Way(browser).end(liar).status_code == 303
    assert dict(liar.asked)["/token"]["client_secret"] == "a secret"
    browser.post("/sign-out")
    discovery.forget()
    liar.lies = {"/token": liar.token() | {"access_token": 7}, "/userinfo": {"sub": "another"}}
    way = Way(browser)
    liar.nonce = way.asked["nonce"]
    liar.lies["/token"]["id_token"] = liar.id_token()
    assert way.back(code="a-code", state=way.asked["state"]).status_code == 303
    assert "client_secret" not in dict(liar.asked)["/token"]


def is_over(answer) -> bool:
    return answer.status_code == 410 and "This sign-in is over" in answer.text


@pytest.mark.hardening("L-17")
def test_another_provider_cannot_answer(browser, liar, real):
    way = Way(browser, "real")
    way.provider = "liar"
    assert "was not the right answer" in way.end(liar).text
    assert nobody_came_in(browser)
    assert "/token" not in [path for path, _ in liar.asked]
    for named in (real, f"{liar.issuer}/", "", "x"):  # RFC 9207
        assert "was not the right answer" in Way(browser).end(liar, iss=named).text
    assert nobody_came_in(browser)
    assert Way(browser).end(liar, iss=liar.issuer).status_code == 303


def test_a_provider_that_names_itself_in_answers_has_to(browser, liar):
    liar.lies["/.well-known/openid-configuration"] = liar.well_known_openid_configuration() | {
        "authorization_response_iss_parameter_supported": True
    }
    assert "was not the right answer" in Way(browser).end(liar).text
    assert Way(browser).end(liar, iss=liar.issuer).status_code == 303


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>", "", None])
def test_whoever_is_not_let_in_there_gets_a_page(browser, liar, error):
    way = Way(browser)
    answer = way.back(state=way.asked["state"], **({} if error is None else {"error": error}))
    assert is_refused(browser, answer)
    assert "<script>" not in answer.text
    assert ("was not allowed" in answer.text) == (error == "access_denied")


def test_a_refused_code_is_said(browser, liar):
    body = b'{"error": "invalid_grant", "error_description": "the secret is s3cret"}'
    liar.lies["/token"] = lambda: (400, {"Content-Type": "application/json"}, body)
    answer = Way(browser).end(liar)
    assert is_refused(browser, answer, 502)
    assert "invalid_grant" in answer.text
    assert "s3cret" not in answer.text


def rubbish(*, status: int = 200, body: bytes = b"<html>", **headers):
    return lambda: (status, {"Content-Type": "text/html", **headers}, body)


RUBBISH = {
    "html": rubbish(),
    "an error": rubbish(status=500),
    "a list": rubbish(body=b"[]"),
    "deep": rubbish(body=b"[" * 100_000),
    "huge": rubbish(body=b"{" + b" " * 300_000 + b"}"),
    "packed": rubbish(**{"Content-Encoding": "gzip"}),
    "cut off": rubbish(**{"Content-Length": "9"}),
}


@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("lie", RUBBISH)
def test_rubbish_becomes_a_page(browser, liar, path, lie):
    way = Way(browser)
    liar.lies[path] = RUBBISH[lie]
    answer = way.end(liar)
    assert is_refused(browser, answer, answer.status_code)
    assert answer.status_code in (502, 503)


def test_what_anybody_can_have_refused_without_end_is_written_down_as_far_as_somebody_reads_it(browser, liar):
    for _ in range(25):
        way = Way(browser)
        assert way.back(error="access_denied", state=way.asked["state"]).status_code == 403
    assert db.session.query(Access).filter_by(kind="sso-refused").count() == 20


@pytest.mark.parametrize("token", ["a\nb", "€", "\ud800"])
def test_an_access_token_that_nothing_can_be_asked_with_becomes_a_page(browser, liar, token):
    way = Way(browser)
    liar.nonce = way.asked["nonce"]
    liar.lies["/token"] = {"access_token": token, "token_type": "Bearer", "id_token": liar.id_token()}
    assert is_refused(browser, way.end(liar), 502)


@pytest.mark.hardening("H-14")
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"])
def test_nobody_sends_the_desk_on_to_another_address(browser, liar, path):
    liar.lies[path] = rubbish(status=302, Location=f"{liar.issuer}/inside")
    way = Way(browser)
    answer = way.end(liar) if way.page.status_code == 200 else way.page
    assert is_refused(browser, answer, 502)
    assert "/inside" not in [path for path, _ in liar.asked]


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"issuer": "{issuer}/"},
        {"token_endpoint": None},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "https://user:secret@inside.example/"},
        {"userinfo_endpoint": "http://["},
        {"userinfo_endpoint": "https://idp.example.org:99999/"},
        {"end_session_endpoint": "https://idp.example.org/\ud800"},
    ],
)
@pytest.mark.hardening("H-14", "L-17")
def test_a_provider_is_whom_the_setting_names_and_asks_for_no_odd_places(browser, liar, said):
    said = {name: value and value.format(issuer=liar.issuer) for name, value in said.items()}
    liar.lies["/.well-known/openid-configuration"] = liar.well_known_openid_configuration() | said
    assert is_refused(browser, Way(browser).page, 502)


@pytest.mark.hardening("H-14")
def test_a_provider_elsewhere_leads_to_nothing_on_this_machine(desk):
    far = providers.read(desk.config | {"SSO_REAL_ISSUER": "https://idp.example"})[0]
    assert not providers.is_safe("http://localhost:9/keys", beside=far.issuer)
    with pytest.raises(asking.Trouble, match="no address that may be asked"):
        discovery._address(far, {"jwks_uri": "http://localhost:9/keys"}, "jwks_uri")


def test_a_provider_that_is_down_or_slow_is_said_so(browser, liar, desk, monkeypatch):
    monkeypatch.setattr(asking, "STEP_SECONDS", 0.2)
    liar.lies["/.well-known/openid-configuration"] = lambda: time.sleep(0.5) or rubbish()()
    slow = Way(browser).page
    assert is_refused(browser, slow, 503)
    assert "does not answer in time" in slow.text
    desk.config["SSO_LIAR_ISSUER"] = "http://localhost:9"
    gone = Way(browser).page
    assert is_refused(browser, gone, 503)
    assert "cannot be reached" in gone.text


def test_an_answer_that_never_ends_is_given_up(browser, liar, monkeypatch):
    monkeypatch.setattr(asking, "ALL_SECONDS", -1)
    answer = Way(browser).page
    assert is_refused(browser, answer, 502)
    assert "takes too long" in answer.text


def test_a_provider_that_nobody_set_up_is_not_there(browser):
    for path in ("/sso/none/sign-in", "/sso/none/callback", "/sso/REAL/callback"):
        assert browser.open(path, method="GET" if "callback" in path else "POST").status_code == 404
