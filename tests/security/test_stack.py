"""What the frameworks below would allow: consoles, templates in text, signing keys, forms that grow, code from data."""

import ast
import io
import socket

import pytest

from informejo.accounts import sign_ins
from tests import architecture
from tests.live import dom

MAKE_OBJECTS = {"eval", "exec", "compile", "__import__", "yaml.load", "render_template_string", "from_string"}
MAKE_OBJECTS_MODULES = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "xml"}
START_PROGRAMS = {"subprocess", "pty", "popen2", "commands"}
CONNECT = {"requests", "httpx", "urllib3", "aiohttp", "http.client", "urllib.request", "ftplib", "smtplib"}
CONNECT |= {"authlib.integrations"}
# The desk itself, by its public address; and what the settings name: servers of mail, of sign-ins to them, and the
# providers of single sign-on. These say where else they are asked; tests/sso/test_lies.py shows what is believed.
CONNECTS = {"doctor.probe", "mail.check_steps", "mail.oauth", "mail.smtp", "mail.smtp_server"}
CONNECTS |= {"sso.asking", "sso.discovery", "sso.flow"}
COMMANDS = {"backup.making"}  # for the operator's command line; no address leads there
# 133.7 stands by itself in no page: a number without a dot is somewhere in a token or a time sooner or later.
TEMPLATES = ["{{7*19.1}}", "{% for x in [7] %}{{x*19.1}}{% endfor %}", "${7*19.1}", "#{7*19.1}", "<%= 7*19.1 %>"]


@pytest.mark.hardening("W-09")
def test_a_form_with_a_thousand_parts_or_too_many_bytes_is_refused(world, visit):
    ren = visit(world.ren)
    fields = {"title": "A good title", "description": "A good description."}
    many = fields | {f"f{number}": "" for number in range(1_001)}
    large = fields | {"description": "x" * 300_000}
    for kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        assert ren.post("/tickets", data=many, content_type=kind).status_code in (400, 413)
        assert ren.post("/tickets", data=large, content_type=kind).status_code == 413
        assert ren.post("/tickets", data=fields, content_type=kind).status_code == 303


@pytest.mark.hardening("W-11", "S-54")
@pytest.mark.parametrize(
    "question", ["__debugger__=yes&cmd=resource&f=debugger.js", "__debugger__=yes&cmd=pinauth&pin=0&s=x", "debug=1"]
)
def test_there_is_no_debugger_to_ask(world, visit, question):
    for browser in (visit(), visit(world.ana)):
        for path in ("/sign-in", "/profile", "/nowhere"):
            page = browser.get(f"{path}?{question}")
            for word in ("WERKZEUG", "EVALEX", "CONSOLE LOCKED"):
                assert word not in page.text.upper()
        assert browser.get("/console").status_code in (303, 404)


@pytest.mark.hardening("W-11")
@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_is_a_page_with_a_number_and_nothing_of_its_inside(app, world, visit, monkeypatch, caplog, debug):
    app.debug = debug
    monkeypatch.setattr(sign_ins, "sessions_of", lambda user: 1 / 0)
    answer = visit(world.ren).get("/profile/security")
    assert answer.status_code == 500
    for inside in ("Traceback", "ZeroDivisionError", "sessions_of", "site-packages", "/informejo/", "ren@example.org"):
        assert inside not in answer.text
    incident = answer.text.partition("say incident ")[2].partition(".")[0]
    assert len(incident) >= 8
    assert f"incident {incident}: GET /profile/security" in caplog.text


@pytest.mark.hardening("W-13")
@pytest.mark.parametrize("text", TEMPLATES)
def test_text_is_never_taken_for_a_template(world, visit, text):
    ren = visit(world.ren)
    ren.post("/profile", data={"name": text, "department": text})
    file = (io.BytesIO(b"x"), f"{text.replace('/', '')}.txt")
    sent = {"title": f"Title {text}", "description": f"Words {text}", "files": file}
    ren.post("/tickets", data=sent, content_type="multipart/form-data")
    ren.post("/tickets/1/comments", data={"body": text})
    for browser, path in ((ren, "/tickets/1"), (ren, "/profile"), (visit(world.mia), "/queue")):
        page = browser.get(path, query_string={"q": text}).text
        assert "133.7" not in page
        assert text in page.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.hardening("W-15", "W-08")
def test_there_is_no_key_that_could_be_guessed_and_no_signed_cookie(app, world, visit):
    assert app.secret_key is None
    assert not {"flask.session"} & {name for module in architecture.modules() for name in architecture.imports(module)}
    browser = visit()
    answer = browser.post("/sign-in", data={"email": "ren@example.org", "password": "correct horse battery"})
    (cookie,) = answer.headers.getlist("Set-Cookie")
    token = cookie.partition("=")[2].partition(";")[0]
    assert len(token) == 43, "32 random bytes and nothing else"
    for forged in ("dev", "secret", "changeme", "", "eyJ1c2VyIjogMX0.aaaa.bbbb", "1", token[:-1], token.swapcase()):
        browser.set_cookie("informejo", forged)
        assert browser.get("/profile").status_code == 303, forged
    browser.set_cookie("session", "eyJ1c2VyIjogMX0.aaaa.bbbb")
    assert browser.get("/profile").status_code == 303


@pytest.mark.hardening("H-54", "W-13")
def test_no_module_makes_objects_out_of_what_people_send():
    assert not found(
        lambda module: (
            MAKE_OBJECTS & {called.rpartition(".")[2] for called, _ in architecture.calls(module)} - {"compile"}
        )
    )
    assert not found(
        lambda module: [name for name in architecture.imports(module) if top(name) in MAKE_OBJECTS_MODULES]
    )


@pytest.mark.hardening("S-05")
def test_no_module_starts_a_program():
    importing = found(lambda module: [name for name in architecture.imports(module) if top(name) in START_PROGRAMS])
    assert {module for module, _ in importing} <= COMMANDS
    assert not found(
        lambda module: [called for called, _ in architecture.calls(module) if called in ("os.system", "os.popen")]
    )


@pytest.mark.hardening("S-04")
def test_no_statement_is_put_together_from_strings():
    def built(module):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                "text",
                "execute",
                "exec_driver_sql",
            ):
                yield from (ast.unparse(part) for part in node.args[:1] if isinstance(part, (ast.JoinedStr, ast.BinOp)))

    assert {module for module, _ in found(built)} <= {"turns", "backup.manifest"}, "pragmas and tables of our own"


@pytest.mark.hardening("S-51")
def test_chance_is_used_for_the_spread_of_reconnections_alone():
    using = {
        module.name
        for module in architecture.modules()
        if {"random", "uuid"} & {top(name) for name in architecture.imports(module)}
    }
    assert using <= {"live.hub", "live.opening", "demo.script", "demo.play", "demo.props", "demo"}


@pytest.mark.hardening("H-14", "H-13")
def test_no_module_can_connect_to_another_machine():
    def connecting(module):
        return [
            name for name in architecture.imports(module) if any(f"{name}.".startswith(f"{one}.") for one in CONNECT)
        ]

    assert {module for module, _ in found(connecting)} <= CONNECTS


@pytest.mark.hardening("H-14", "H-13")
def test_no_address_that_people_send_is_ever_visited(world, visit, monkeypatch):
    visited = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: visited.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: visited.append(asked) or [])
    mia, inside = visit(world.mia), ["http://127.0.0.1:9/", "http://2130706433/", "file:///etc/passwd", "//[::1]/"]
    for address in inside:
        text = f"![x]({address}) [y]({address}) <img src={address}> <{address}> {address}"
        mia.post("/tickets", data={"title": f"Look {address}", "description": text, "url": address})
        mia.post("/tickets/1/comments", data={"body": text, "webhook": address})
        mia.post("/profile", data={"name": address, "avatar": address})
        page = dom.read(mia.get("/tickets/1").text)
        assert not [image for image in page.all("img") if address in str(image.attributes)]
    assert not visited


def top(name: str) -> str:
    return name.partition(".")[0]


def found(look) -> list[tuple[str, str]]:
    """What `look` finds, with the module it stands in."""
    return [(module.name, what) for module in architecture.modules() for what in look(module)]
