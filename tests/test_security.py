"""Where a change may come from, what stands in every answer's head, and how the cookie is made."""

import time
from types import SimpleNamespace

import pytest
from flask import Flask, Response
from limits import parse
from limits.storage import memory
from sqlalchemy import event

from informejo import cookies, db, rates, security
from informejo.accounts import sign_ins
from informejo.security import HEADERS
from informejo.turns import WRITES

CHANGE = "/profile"
FIELDS = {"name": "Ren the Second"}
EVIL = "https://evil.example"


@pytest.fixture
def ren(world, visit):
    """Ren's browser, which says nothing of itself about where a request comes from."""
    browser = visit(world.ren)
    browser.environ_base.pop("HTTP_ORIGIN")
    return browser


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:3003"},  # PUBLIC_URL: what people typed, whatever a proxy made of the Host
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    ],
)
def test_a_change_from_our_own_pages_is_made(world, ren, headers):
    assert ren.post(CHANGE, data=FIELDS, headers=headers).status_code == 303
    assert world.ren.name == "Ren the Second"


@pytest.mark.hardening("H-37", "S-26")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": EVIL},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://evil@localhost"},
        {"Referer": "http://localhost/profile"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Host": "evil.example", "Origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_from_anywhere_else_is_not(world, ren, method, headers):
    if "Host" in headers:
        headers = {"Origin": headers["Origin"]}
        assert (
            ren.open(CHANGE, method=method, data=FIELDS, headers=headers, base_url="http://evil.example").status_code
            == 403
        )
    else:
        assert ren.open(CHANGE, method=method, data=FIELDS, headers=headers).status_code == 403
    db.session.refresh(world.ren)
    assert world.ren.name == "Ren Ito"


@pytest.mark.hardening("H-37")
def test_visitors_are_held_to_it_too(world, ren):
    for address in ("/sign-in", "/register", "/sign-out", "/drafts", "/nowhere"):
        assert ren.post(address, headers={"Origin": EVIL}).status_code == 403
    assert ren.get(CHANGE).status_code == 200


@pytest.mark.hardening("L-21")
def test_a_link_on_another_site_leads_here_but_nothing_there_reads_here(ren):
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert ren.get(CHANGE, headers={**foreign, "Sec-Fetch-Mode": "navigate"}).status_code == 200
    for mode in ("cors", "no-cors", "same-origin", ""):
        assert ren.get(CHANGE, headers={**foreign, "Sec-Fetch-Mode": mode}).status_code == 403


@pytest.mark.hardening("L-21")
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("address", ["/live?on=me", "/live/events?on=me"])
def test_no_other_site_listens(ren, address, site):
    for mode in ("cors", "navigate"):
        answer = ren.get(address, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
        assert answer.status_code == 403
    assert ren.head(address, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.hardening("L-21", "S-20")
def test_no_answer_gives_another_site_leave_to_read(ren):
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "hx-request"}
    for answer in (
        ren.get(CHANGE, headers=asks),
        ren.options(CHANGE, headers=asks),
        ren.head("/live?on=me", headers=asks),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.hardening("H-51", "W-08", "S-21")
@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/profile", 200),
        ("GET", "/", 302),
        ("GET", "/nowhere", 404),
        ("GET", "/users", 403),
        ("GET", "/sign-out", 405),
        ("POST", "/profile", 403),
        ("HEAD", "/live?on=me", 200),
        ("GET", "/live?on=queue", 404),
    ],
)
def test_every_answer_is_guarded_and_kept_by_nobody(ren, method, address, status):
    answer = ren.open(address, method=method)
    assert answer.status_code == status
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"Cookie", "HX-Request"} <= set(answer.vary)
    assert answer.headers["Content-Type"].endswith(("charset=utf-8", "/json"))


@pytest.mark.hardening("S-21", "W-11")
def test_a_crash_is_guarded_too(app, world, visit, monkeypatch):
    monkeypatch.setattr(sign_ins, "sessions_of", lambda user: 1 / 0)
    answer = visit(world.ren).get("/profile/security")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.hardening("S-21")
def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }


def test_styles_and_scripts_may_be_kept(ren):
    address = ren.get("/profile").text.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in ren.get(address).headers["Cache-Control"]
    assert ren.get(address).headers["X-Content-Type-Options"] == "nosniff"


def cookie_of(public_url) -> list[str]:
    app = Flask("cookies")
    app.config.update(PUBLIC_URL=public_url, SESSION_DAYS=30)
    with app.test_request_context():
        return cookies.with_cookie(Response(), "t0ken").headers["Set-Cookie"].split("; ")


@pytest.mark.hardening("H-50", "S-18")
def test_the_cookie_is_for_the_server_only():
    first, *rest = cookie_of("http://localhost:3003")
    assert first == "informejo=t0ken"
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"} <= set(rest)
    assert not [part for part in rest if part.startswith(("Domain", "Secure"))]


@pytest.mark.hardening("H-50", "S-18")
def test_with_https_the_cookie_is_bound_to_it():
    first, *rest = cookie_of("https://desk.example.org")
    assert first == "__Host-informejo=t0ken"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(rest)
    assert not [part for part in rest if part.startswith("Domain")]


@pytest.mark.hardening("S-19")
def test_with_https_browsers_are_told_to_stay_with_it(app, visit):
    assert "Strict-Transport-Security" not in visit().get("/sign-in").headers
    app.config["PUBLIC_URL"] = "https://desk.example.org"
    for address, status in (("/sign-in", 200), ("/profile", 303), ("/nowhere", 404)):
        answer = visit().get(address)
        assert answer.status_code == status
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.hardening("W-03", "S-28")
@pytest.mark.parametrize(
    ("hops", "forwarded", "believed"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
    ],
)
def test_as_many_proxies_are_believed_as_there_are(hops, forwarded, believed):
    app = Flask("proxied")
    app.config.update(TRUSTED_PROXIES=hops, PUBLIC_URL="http://localhost:3003")
    security.init_app(app)
    app.add_url_rule("/", view_func=security.address)
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Host": "evil.example"}
    assert app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.1"}).text == believed


@pytest.mark.parametrize(
    ("peer", "counted"), [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"), ("", "0.0.0.0")]
)
def test_one_subscriber_is_one_address(app, peer, counted):
    with app.test_request_context(environ_base={"REMOTE_ADDR": peer}):
        assert security.address() == counted


@pytest.mark.hardening("H-55")
def test_who_sends_without_end_is_asked_to_wait_and_nobody_else(world, visit, ren):
    here = {"Sec-Fetch-Site": "same-origin"}
    answers = {ren.post("/drafts", data={"draft": "new-ticket"}, headers=here).status_code for _ in range(300)}
    assert 429 not in answers
    assert ren.post("/drafts", data={"draft": "new-ticket"}, headers=here).status_code == 429
    assert ren.get("/profile").status_code == 200
    assert visit(world.zoe).post("/drafts", data={"draft": "new-ticket"}).status_code == 303


def test_looking_writes_nothing(world, ren):
    written = []
    listen = event.listens_for(db.engine(), "before_cursor_execute")
    listen(
        lambda connection, cursor, statement, *_: written.append(statement) if statement.startswith(WRITES) else None
    )
    for address in (
        "/",
        "/profile",
        "/sign-in",
        "/register",
        "/users",
        "/setup/x",
        "/choose-password/x",
        "/sign-out",
        "/live?on=me",
    ):
        ren.head(address)
    assert [statement.split()[2] for statement in written] == ["accesses"]  # that Ren was refused at /users
    ren.post(CHANGE, data=FIELDS, headers={"Origin": "http://localhost"})
    assert written


@pytest.mark.parametrize(("seconds", "kept"), [(0, 1), (60, 51)], ids=["when it is time", "at other times"])
def test_what_has_expired_is_given_up_once_a_minute_and_stands_in_nobodys_way(app, monkeypatch, seconds, kept):
    now, once = [time.monotonic()], parse("1 per minute")
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: now[0]))
    monkeypatch.setattr(rates, "TIDY_SECONDS", seconds)
    counts = app.extensions["rates"]
    assert [counts.hit(once, str(person)) for person in range(50)] == [True] * 50
    assert not counts.hit(once, "7")
    now[0] += 61
    assert counts.hit(once, "7")
    assert sum(map(len, counts.storage.events.values())) == kept
