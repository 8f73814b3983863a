"""The joined styles and scripts: order, addresses, how long they may be kept; and that vendored code is unchanged."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from informejo import assets

STATIC = Path(assets.__file__).resolve().parent.parent / "static"


@pytest.fixture
def folder(tmp_path):
    names = ("css/utilities", "css/comment", "css/base", "css/avatar", "css/layout", "css/reset", "css/tokens")
    for name in (
        *(f"{name}.css" for name in names),
        "js/live.js",
        "js/keys.js",
        "vendor/hx-sse.min.js",
        "vendor/htmx.min.js",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"/* {path.name.partition('.')[0]} */")
    (tmp_path / "icons.svg").write_text("<svg/>")
    return tmp_path


def serve(folder, development=False):
    app = Flask("serving", static_folder=str(folder), static_url_path="/static")
    app.config["DEVELOPMENT"] = development
    assets.init_app(app)
    return app


def address(app, name):
    with app.test_request_context():
        return render_template_string("{{ asset(name) }}", name=name)


def words(text):
    return re.findall(r"/\* (\S+) \*/", text)


def test_styles_begin_with_the_tokens_and_end_with_the_utilities(folder):
    app = serve(folder)
    text = app.test_client().get(address(app, "css")).text
    assert words(text) == ["tokens", "reset", "base", "layout", "avatar", "comment", "utilities"]


def test_scripts_begin_with_htmx_and_its_extension(folder):
    app = serve(folder)
    text = app.test_client().get(address(app, "js")).text
    assert words(text) == ["htmx", "hx-sse", "keys", "live"]


@pytest.mark.parametrize(("kind", "media_type"), [("css", "text/css"), ("js", "text/javascript")])
def test_a_joined_file_may_be_kept_for_ever_under_its_address(folder, kind, media_type):
    app = serve(folder)
    response = app.test_client().get(address(app, kind))
    assert response.mimetype == media_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.cache_control.immutable
    assert response.cache_control.max_age == assets.YEAR


def test_a_browser_that_has_the_file_is_not_sent_it_again(folder):
    app = serve(folder)
    client, where = app.test_client(), address(app, "js")
    tag = client.get(where).headers["ETag"]
    assert client.get(where, headers={"If-None-Match": tag}).status_code == 304


def test_the_address_of_an_earlier_release_still_answers_but_is_not_kept(folder):
    response = serve(folder).test_client().get("/assets/0123456789abcdef.css")
    assert response.status_code == 200
    assert not response.cache_control.immutable
    assert response.cache_control.max_age == 0


def test_a_changed_file_shows_at_once_in_development_and_after_a_restart_elsewhere(folder):
    working, running = serve(folder, development=True), serve(folder)
    before = address(working, "css")
    (folder / "css/comment.css").write_text("/* changed */")
    assert address(working, "css") != before
    assert "changed" in working.test_client().get(address(working, "css")).text
    assert address(running, "css") == before


def test_the_address_of_a_single_file_changes_with_its_content(folder):
    before = address(serve(folder), "icons.svg")
    (folder / "icons.svg").write_text("<svg>more</svg>")
    assert before.startswith("/static/icons.svg?v=")
    assert address(serve(folder), "icons.svg") != before


def test_a_static_file_that_is_not_there_is_noticed(folder):
    with pytest.raises(FileNotFoundError):
        address(serve(folder), "missing.svg")


@pytest.mark.hardening("S-57")
@pytest.mark.parametrize(
    ("folder", "kind", "one"), [("vendor", "js", "htmx.min.js"), ("fonts", "woff2", "inter.woff2")]
)
def test_the_work_of_others_is_what_its_table_says(folder, kind, one):
    readme = (STATIC / folder / "README.md").read_text()
    table = dict(re.findall(r"^\| `(\S+)` \|.*`([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (STATIC / folder).glob(f"*.{kind}")}
    assert files == table
    assert one in files


def test_the_page_of_keys_names_every_key_that_does_something_and_no_other():
    script = (STATIC / "js/keys.js").read_text()
    table = re.search(r"const KEYS = \{(.*?)\n  \};", script, re.DOTALL)[1]
    does = {quoted or plain for quoted, plain in re.findall(r'^    (?:"(.)"|(\w)): \(\)', table, re.MULTILINE)}
    page = (STATIC.parent / "templates/layout/_keys.html").read_text()
    named = {key for key in re.findall(r'\("([^"]+)", "', page) if len(key) == 1}
    assert named == does >= {"/", "?", "j", "n"}


@pytest.mark.parametrize("name", ["css", "js", "icons.svg"])
def test_without_a_proxy_too_texts_arrive_compressed_for_whoever_takes_them_so(name):
    app = serve(STATIC)
    client, place = app.test_client(), address(app, name)
    plain, squeezed = client.get(place), client.get(place, headers={"Accept-Encoding": "gzip, br"})
    assert plain.content_encoding is None
    assert squeezed.content_encoding == "gzip"
    assert gzip.decompress(squeezed.data) == plain.data
    assert len(squeezed.data) < len(plain.data) / 2
    assert plain.headers["ETag"] != squeezed.headers["ETag"], "they are two answers, and a cache must not mix them up"
    for answer in (plain, squeezed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.cache_control.max_age == plain.cache_control.max_age > 0
    again = {"Accept-Encoding": "gzip", "If-None-Match": squeezed.headers["ETag"]}
    assert client.get(place, headers=again).status_code == 304


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_whoever_does_not_take_gzip_gets_it_as_it_is(accepted):
    app = serve(STATIC)
    answer = app.test_client().get(address(app, "css"), headers={"Accept-Encoding": accepted})
    assert (answer.status_code, answer.content_encoding) == (200, None)


def test_a_path_with_detours_leads_to_the_same_file():
    client = serve(STATIC).test_client()
    straight = client.get("/static/icons.svg")
    for detour in ("x/../icons.svg", "./icons.svg", "css/../icons.svg"):
        answer = client.get(f"/static/{detour}")
        assert (answer.status_code, answer.data) == (200, straight.data), detour
    assert straight.mimetype == "image/svg+xml"
    assert client.get("/static/manifest.webmanifest").mimetype == "application/manifest+json"


def test_what_is_compressed_already_stays_as_it_is_and_nothing_else_is_served():
    client = serve(STATIC).test_client()
    font = client.get("/static/fonts/inter.woff2", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert (font.status_code, font.content_encoding) == (200, None)
    for name in ("../app.py", "nothing.svg", "%2e%2e/app.py", "css", "../static.svg", "x/../../y.svg"):
        assert client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}).status_code == 404
