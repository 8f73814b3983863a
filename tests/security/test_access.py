"""Addresses, parameters and tokens that somebody tries: nothing that is not meant for them is there."""

import pytest

from informejo import db
from informejo.accounts import actions, queries
from informejo.tickets.models import Ticket
from tests.live import dom
from tests.world import PASSWORD

ELSEWHERE = [
    *(
        "//evil",
        "///evil",
        "////evil",
        "/\\evil",
        "\\/evil",
        "\\\\evil",
        "/\\/evil",
        "https:evil",
        "https://evil",
        "http:/evil",
    ),
    *(
        "javascript:x",
        "JaVaScRiPt:x",
        "data:text/html,x",
        "/\t/evil",
        "/\n/evil",
        "\t//evil",
        " //evil",
        "/%09//evil\r\nX: y",
    ),
    *(
        "evil",
        "evil.example/",
        "@evil",
        "/..//evil",
        "//evil%2f..",
        "/\u2028/evil",
        "/\u202e",
        "\x00/evil",
        "ftp://evil",
        "/\\\\evil",
    ),
]
NOT_HERE = [
    *(
        "/.git/config",
        "/.git/HEAD",
        "/.env",
        "/.venv/pyvenv.cfg",
        "/instance/informejo.db",
        "/informejo/config.py",
        "/app.py",
    ),
    *(
        "/requirements.txt",
        "/gunicorn.conf.py",
        "/console",
        "/debug",
        "/administrator",
        "/phpmyadmin",
        "/wp-login.php",
        "/server-status",
    ),
    *(
        "/actuator/env",
        "/api/docs",
        "/docs",
        "/openapi.json",
        "/swagger.json",
        "/graphql",
        "/trace",
        "/static/",
        "/static/js",
    ),
    *(
        "/files/",
        "/assets/",
        "/backup.zip",
        "/dump.sql",
        "/setup/",
        "/setup",
        "/init",
        "/api/init",
        "/install",
        "/register/admin",
    ),
]
ODD = [
    *(
        "'",
        '"',
        "';--",
        "1 OR 1=1",
        "1) UNION SELECT password_hash FROM users--",
        "-1",
        "0",
        "9" * 20,
        "1e9",
        "NaN",
        "",
    ),
    *(
        "null",
        "[]",
        "%",
        "_",
        "\\",
        "asc; DROP TABLE tickets",
        "title,(SELECT 1)",
        "\0",
        "(a+)+$",
        "x" * 3000,
        "½",
        "１",
    ),
]
PARAMETERS = {
    "/tickets": ("q", "status", "sort", "page", "priority", "category"),
    "/queue": ("q", "status", "sort", "page", "priority", "category", "assignee", "requester", "since"),
    "/queue/news": ("since", "status", "assignee", "q"),
    "/users": ("q", "role", "active", "team", "after", "before", "page"),
    "/users/5/merge": ("into", "q"),
    "/tickets/new": ("follows",),
    "/tickets/1": ("all", "notice"),
    "/live": ("on", "since"),
}


@pytest.mark.hardening("W-06", "H-39", "S-27")
@pytest.mark.parametrize("address", ELSEWHERE)
def test_wherever_a_link_wants_to_lead_people_stay_here(world, visit, address):
    asked = {"email": "ren@example.org", "password": PASSWORD, "next": address}
    locations = [visit().post("/sign-in", data=asked).location]
    locations.append(visit(world.ren).get("/sign-in", query_string={"next": address}).location)
    for location in locations:
        assert location.startswith("/")
        assert location[1:2] not in ("/", "\\", "\t", "\n")
    page = dom.read(visit().get("/sign-in", query_string={"next": address}).text.replace("<!doctype html>", ""))
    ways_in = [form for form in page.all("form") if form["action"].startswith("/sign-in")]
    led = [[field["value"] for field in form.all("input", name="next")] for form in ways_in]
    assert led == [[locations[0]]] * 2, "with a password, and with a passkey"


@pytest.mark.hardening("S-54", "O-11", "H-49")
@pytest.mark.parametrize("path", NOT_HERE)
def test_nothing_lies_around(world, visit, path):
    for browser in (visit(), visit(world.ana)):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "Index of" not in answer.text
    assert visit().open(path, method="TRACE").status_code in (403, 404, 405)


@pytest.mark.hardening("H-40", "S-04", "S-06")
@pytest.mark.parametrize("address", PARAMETERS)
def test_no_parameter_is_more_than_a_value(world, visit, address):
    world.ticket()
    world.note(world.ticket(world.zoe), "Somebody else's")
    ren, ana = visit(world.ren), visit(world.ana)
    for name in PARAMETERS[address]:
        odd = [{name: said} for value in ODD for said in (value, [value, value])]
        for query in (*odd, {f"{name}[]": ODD}):
            for browser in (ren, ana):
                answer = browser.open(address, method="HEAD" if address == "/live" else "GET", query_string=query)
                assert answer.status_code in (200, 400, 403, 404), query
                assert "argon2" not in answer.text
                assert browser is ana or "Somebody else's" not in answer.text


@pytest.mark.hardening("S-06", "H-08")
@pytest.mark.parametrize("sign", ["%", "_", "\\", "(a+)+$", ".*", "^", "'"])
def test_a_search_looks_for_the_very_sign(world, visit, sign):
    world.ticket(title=f"It says {sign} on it")
    world.ticket(title="It says nothing")
    page = visit(world.mia).get("/queue", query_string={"q": sign}).text
    assert page.count('id="row-') == 1


@pytest.mark.hardening("H-27", "O-05", "H-48", "H-56")
def test_no_part_of_the_set_up_token_opens_and_looking_does_not_use_it_up(app, visit):
    token = actions.renew_setup()
    db.commit()
    wrong = ["null", "undefined", "0", "%00", "%20", token[:12], token[:32], token[:-1], f"{token}%20", f"{token}%00",
             token.lower(), queries.fingerprint(token), "%2e%2e"]  # fmt: skip
    answers = []
    for tried in wrong:
        app.extensions["rates"].storage.reset()
        answers.append(visit().get(f"/setup/{tried}"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert visit().get("/setup/../setup").status_code == 404
    for method in ("GET", "HEAD", "GET"):
        app.extensions["rates"].storage.reset()
        page = visit().open(f"/setup/{token}", method=method)
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "strict-origin"


@pytest.mark.hardening("H-37", "S-26")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_verb_with_a_form_in_it_changes_nothing(world, visit, method):
    world.ticket()
    text = {"title": "Mallory", "description": "x" * 20, "version": "1"}
    account = {"name": "Nia", "email": "nia@example.org", "password": PASSWORD, "again": PASSWORD}
    forms = {"/profile": {"name": "Mallory"}, "/tickets/1/edit": text, "/register": account}
    for address, form in forms.items():
        assert visit(world.ren).open(address, method=method, data=form).status_code == 200
    db.session.expire_all()
    assert world.ren.name == "Ren Ito"
    assert queries.user_by_email("nia@example.org") is None
    assert world.ticket().title == db.session.get(Ticket, 1).title
