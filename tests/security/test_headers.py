"""What every answer says about itself, whatever the address, person and outcome, and what no request can claim."""

import re

import pytest

from informejo.security import HEADERS, KEPT_BY_BROWSERS, ORIGIN_ALONE
from tests.live import dom

FILLED = {
    "number": 1,
    "id": 1,
    "token": "x",
    "name": "x",
    "field": "status",
    "mark": "old",
    "kind": "css",
    "provider": "gone",
}
SECRETS = (
    *("/t/x", "/setup/x", "/choose-password/x", "/profile/address/x", "/mail/confirm/x"),
    *("/files/x", "/files/x/x", "/sso/gone/callback"),
)
STRICTER = {  # for what holds a secret in its address, and for what is a file and no page
    **{(address, "Referrer-Policy"): ORIGIN_ALONE for address in SECRETS},
    # Where there is no form, nobody knows which address was meant.
    **{(status, "Referrer-Policy"): ORIGIN_ALONE for status in (403, 405)},
    ("/audit.csv", "Content-Security-Policy"): "sandbox; default-src 'none'",
}
FRAGMENTS = ("/unread", "/desk/counts", "/queue/news", "/me.css")
CLAIMS = ["Remote-User", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-Email",
          "X-WEBAUTH-USER", "X-Forwarded-Preferred-Username", "REMOTE_USER", "X-User", "Authorization"]  # fmt: skip


@pytest.fixture
def addresses(app, world):
    """Every address of the app, filled with what is there; streams are heard with HEAD."""
    world.comment(world.ren, world.ticket())
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        values = FILLED | {"filename": "icons.svg"}
        rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
        built = {adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}) for rule in rules}
    return sorted(built)


def answers(browser, addresses):
    """How each address answers a page's question, a fragment's, and a form that fits none of them."""
    for address in addresses:
        method = "HEAD" if address.startswith("/live") else "GET"
        for headers in ({}, {"HX-Request": "true"}, {"Accept": "application/json"}):
            yield address, browser.open(address, method=method, headers=headers, buffered=True)
        yield address, browser.post(address, data={"nonsense": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})


@pytest.mark.hardening("S-21", "S-23", "S-20", "H-51", "W-08")
@pytest.mark.parametrize("who", [None, "ren", "mia", "ana"])
def test_every_answer_says_what_it_is_and_is_kept_by_nobody(world, visit, addresses, who):
    statuses = set()
    for address, answer in answers(visit(who and getattr(world, who)), addresses):
        statuses.add(answer.status_code)
        for name, value in HEADERS.items():
            stricter = {STRICTER.get((what, name)) for what in (address, answer.status_code)}
            assert answer.headers[name] in {value, *stricter}, (address, name)
        assert "charset=utf-8" in answer.content_type or answer.mimetype == "application/json", (
            address,
            answer.content_type,
        )
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        if not address.startswith(KEPT_BY_BROWSERS):
            assert answer.headers["Cache-Control"] == "no-store", address
            assert {"Cookie", "HX-Request"} <= set(answer.vary), address
    assert {200, 403, 404} <= statuses


@pytest.mark.parametrize("who", [None, "ana"])
def test_an_address_that_is_a_secret_is_told_to_nobody_by_its_page(world, visit, who):
    browser = visit(who and getattr(world, who))
    for address in (*SECRETS, "/t/x/mistyped", "/choose-passwort/x"):
        for method in ("GET", "POST"):
            headers = browser.open(address, method=method).headers
            assert headers.getlist("Referrer-Policy") == ["strict-origin"], (method, address)
    assert browser.get("/check").headers["Referrer-Policy"] == "same-origin", "by it one comes back to where one was"


@pytest.mark.hardening("S-21")
def test_nothing_on_any_page_needs_more_than_the_policy_allows(world, visit, addresses):
    """No inline script or style, no handler, nothing from elsewhere: or the policy would be loosened for it one day."""
    for address, answer in answers(visit(world.ana), addresses):
        if answer.mimetype != "text/html" or answer.status_code in (302, 303):
            continue
        for element in dom.read(answer.text.replace("<!doctype html>", "")).walk():
            assert element.tag != "script" or element.attributes.get("src"), address
            assert element.tag not in ("style", "base", "object", "embed", "iframe"), address
            assert not [name for name in element.attributes if name.startswith(("on", "style", "hx-on"))], address
            fetched = [element.attributes.get(name, "") for name in ("src", "action", "hx-get", "hx-post")]
            assert not [source for source in fetched if re.match(r"\w+:|//", source)], address


@pytest.mark.hardening("S-17")
@pytest.mark.parametrize("address", FRAGMENTS)
def test_a_fragment_asked_for_by_itself_holds_nothing_that_acts(world, visit, address):
    alone = visit(world.mia).get(address)
    assert alone.status_code == 200
    assert "<script" not in alone.text
    assert visit().get(address).status_code == 303
    assert visit().get(address, headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.hardening("H-05")
@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("claim", ["ana@example.org", "Ana Silva", "3", "Basic YW5hQGV4YW1wbGUub3JnOng=", "Bearer x"])
def test_nobody_is_signed_in_by_a_header(world, visit, name, claim):
    assert visit().get("/profile", headers={name: claim}).status_code == 303
    assert visit(world.ren).get("/users", headers={name: claim}).status_code == 403
    assert "Ren Ito" in visit(world.ren).get("/profile", headers={name: claim}).text


@pytest.mark.hardening("H-05")
def test_a_server_variable_signs_nobody_in_either(world, visit):
    claims = {"REMOTE_USER": "ana@example.org", "AUTH_TYPE": "Basic", "SSL_CLIENT_S_DN": "CN=ana@example.org"}
    assert visit().get("/profile", environ_overrides=claims).status_code == 303


@pytest.mark.hardening("H-50", "S-18", "H-32")
@pytest.mark.parametrize(("url", "name"), [("https://desk.example.org", "__Host-informejo"), ("http://x", "informejo")])
def test_every_cookie_that_is_ever_set_is_for_the_server_only(app, world, visit, url, name):
    app.config["PUBLIC_URL"] = url
    given = {"email": "ren@example.org", "password": "correct horse battery"}
    passwords = {
        "current": given["password"],
        "password": "vier rote ballons im wind",
        "again": "vier rote ballons im wind",
    }
    browser = visit()
    steps = [("/sign-in", given), ("/profile/password", passwords), ("/sign-out", {})]
    set_cookies = []
    for address, form in steps:
        answer = browser.post(address, data=form, base_url=url.replace("//x", "//localhost"), headers={"Origin": url})
        set_cookies += answer.headers.getlist("Set-Cookie")
    sign_ins = {cookie for cookie in set_cookies if cookie.startswith(f"{name}=")}
    assert len(sign_ins) == 3, "each step brings a new value"
    notices = [cookie.partition(";")[0] for cookie in set_cookies if cookie not in sign_ins]
    assert notices == [f"{name}-notice=password-changed", f"{name}-notice=signed-out"]
    for cookie in set_cookies:
        parts = set(cookie.split("; ")[1:])
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert ("Secure" in parts) == url.startswith("https")


@pytest.mark.hardening("H-37")
@pytest.mark.parametrize("url", ["", "desk.example.org", "http://localhost:3003"])
@pytest.mark.parametrize("origin", ["null", "://", "http://", "", "file://"])
def test_an_origin_without_a_host_is_no_origin(app, world, visit, url, origin):
    """Even where PUBLIC_URL was written down wrongly: a page in a sandbox says `null`."""
    app.config["PUBLIC_URL"] = url
    assert visit(world.ren).post("/profile", data={"name": "Mallory"}, headers={"Origin": origin}).status_code == 403


@pytest.mark.hardening("W-03", "H-35")
@pytest.mark.parametrize(
    ("peer", "same"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix:", ""),
        ("192.0.2.1:4711", ""),
        ("evil\x00", ""),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_an_odd_address_is_counted_and_breaks_nothing(world, visit, peer, same):
    for number in range(10):
        form = {"email": f"{number}@x.org", "password": "?"}
        assert visit().post("/sign-in", data=form, environ_overrides={"REMOTE_ADDR": peer}).status_code == 422
    tries = [visit().post("/sign-in", data=form, environ_overrides={"REMOTE_ADDR": other}).status_code
             for other in (peer, same, "192.0.2.99")]  # fmt: skip
    assert tries == [429, 429, 422]
