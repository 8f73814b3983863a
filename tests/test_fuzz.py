"""Whatever is sent to any address, by whomever: it is answered, and never with a fault of ours."""

import random
import re

import pytest
from flask_migrate import stamp
from hypothesis import given, settings, strategies as st

from informejo import db
from informejo.live.bookmark import Bookmark
from informejo.live.hub import hub
from informejo.text import clean_line, clean_text
from tests import architecture
from tests.live import dom
from tests.whole import WHOLE

# Names of every field any form has, and some that none has.
FIELDS = [
    *("title", "description", "category", "priority", "requester_email", "requester_name", "follows", "key"),
    *("body", "internal", "files", "value", "was", "version", "event", "draft", "form", "saved_at", "email", "name"),
    *("password", "again", "current", "department", "theme", "time_zone", "next", "kept-body", "q", "status", "sort"),
    *("to", "to_note", "team", "user", "into", "number"),
    *("assignee", "requester", "page", "since", "on", "all", "notice", "role", "id", "user_id", "deleted_at", "[]"),
]
ODD = [
    *("", " ", "0", "-1", "1e3", "NaN", "1", "2", "9" * 30, "9" * 5000, "true", "null", "[]", "{}", "yes", "٣"),
    *("1 OR 1=1", "' OR ''='", '";--', "%", "_", "\\", "../../etc", "<script>alert(1)</script>", "{{ 7 * 7 }}"),
    *("\0", "a\0b", "\r\n\r\nevent: bye\r\n", "\u202eabc", "\u200b", "\uffff", "\ufeff", "🙂" * 300, "x" * 30_000),
    *("e" + "\u0301" * 5000, "a@b", "mia@example.org", "me", "none", "open", "closed", "medium", "other", "agent"),
    *(
        "ticket:1",
        "ticket:1:edit",
        "comment:1",
        "comment:" + "9" * 5000,
        "new-ticket",
        "unsolved",
        "active",
        "reset",
        "other-1",
        str(Bookmark("test", 1)),
    ),
    "test-" + "9" * 18,
]
VALUES = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=[]), max_size=40)
FORMS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "HX-Request": st.sampled_from(["true", "false", ""]),
        "HX-Current-URL": st.sampled_from(["http://localhost/tickets/1", "http://[", "//x", "\x7f"]),
        "Referer": st.sampled_from(["http://localhost/tickets/1", "http://[::1", "nonsense"]),
        "Last-Event-ID": st.sampled_from(
            ["", "0", "-1", str(Bookmark("test", 1)), str(Bookmark("test", 10**18)), "other-1", "x" * 8000, "\xff\xfe"]
        ),
        "Accept": st.sampled_from(["text/html", "application/json", "text/event-stream", "*/*", ";;q=x"]),
        "Origin": st.sampled_from(["http://localhost", "http://[", "null", "http://[::1]evil"]),
        "Accept-Language": st.sampled_from(["eo", ";q=2", "x" * 500]),
        "User-Agent": st.sampled_from(["", "Firefox/1 on Linux", "\xe9" * 300]),
        "Range": st.sampled_from(["bytes=0-1", "bytes=9-1", "x"]),
        "Content-Encoding": st.sampled_from(["gzip", "identity"]),
    },
)
# Of bodies that are no form at all.
BODIES = [b"\xff\xfe\x00", b"a=1&a=2&&&=%zz", b"[1]", b"--x\r\n\r\n", b"x" * 300_000, b"%00=%00&body=%ed%a0%80"]
KINDS = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json",
    "",
]
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FILE = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\nhello\r\n'
PARTS = {  # forms with files that cannot be read, or say what none of ours says
    "more fields than a form has": b"".join(PART % (b"f%d" % number, b"x") for number in range(1100)),
    "a field larger than any": PART % (b"body", b"x" * 600_000),
    "no end": PART[:40],
    "nothing": b"",
    "a charset nobody knows": PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=y\r\n\r\n")
    % (b"body", b"\xff"),
    "no name": b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n",
    "a name of nothing": FILE % (b"files", b"\0\xed\xa0\x80/..\\"),
    "whom it was drawn for as a file": FILE % (b"drawn_for", b"7") + PART % (b"body", b"hello there"),
    "two names": PART % (b'body"; name="files', b"x"),
}
fuzzed = settings(max_examples=120, deadline=None, derandomize=True)
PEOPLE = (None, "ren", "mia", "ana")


@pytest.fixture
def addresses(app, world):
    """Every address of the app with something in it, and each once more with something that is not there."""
    ticket = world.ticket()
    world.comment(world.ren, ticket)
    world.comment(world.mia, ticket)
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")

    def build(rule, number, word):
        values = dict.fromkeys(rule.arguments, word) | {
            "number": number,
            "id": number,
            "field": "status",
            "kind": "css",
            "event_id": number,
            "user_id": number,
        }
        return adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})

    rules = list(app.url_map.iter_rules())
    return sorted(
        {build(rule, number, word) for rule in rules for number, word in ((1, "x"), (2, "a b"), (10**20, "\0é"))}
    )


@pytest.fixture
def send(app, world, visit):
    """`send(who, method, address, ...)`: the status. No stream stays open, and no try is counted."""
    stamp(directory=str(architecture.ROOT / "migrations"))  # the tables are this release's, or /readyz would say 503
    browsers = {who: visit(who and getattr(world, who)) for who in PEOPLE}

    def send(who, method, address, **what) -> int:
        app.extensions["rates"].storage.reset()
        answer = browsers[who].open(address, method=method, buffered=False, **what)
        if not answer.mimetype.startswith("text/event-stream"):
            assert b"Traceback" not in answer.data
            assert b" object at 0x" not in answer.data
        answer.close()
        for stream in hub.subscriptions():
            hub.drop(stream)
        db.session.rollback()
        return answer.status_code

    return send


@pytest.mark.hardening("F-24", "H-40")
def test_no_form_breaks_any_address(addresses, send):
    @fuzzed
    @given(st.sampled_from(PEOPLE), st.sampled_from(addresses), FORMS, HEADERS)
    def post(who, address, fields, headers):
        headers = {name: value for name, value in headers.items() if name != "Content-Encoding"}
        assert send(who, "POST", address, data=encodable(fields), headers=headers) < 500

    post()


@pytest.mark.hardening("F-24", "H-40")
def test_no_question_breaks_any_address(addresses, send):
    @fuzzed
    @given(st.sampled_from(PEOPLE), st.sampled_from(addresses), FORMS, HEADERS, st.sampled_from(["GET", "HEAD"]))
    def ask(who, address, fields, headers, method):
        assert send(who, method, address, query_string=encodable(fields), headers=headers) < 500

    ask()


@pytest.mark.hardening("F-24", "H-02")
@pytest.mark.parametrize("form", ["/live", "/live/events"])
def test_no_question_breaks_a_stream(send, form, addresses):
    topics = st.sampled_from([*ODD, "me", "queue", "desk", "ticket:1", "ticket:99", "user:1", "ticket:" + "9" * 40])

    @fuzzed
    @given(st.sampled_from(PEOPLE), st.lists(topics, max_size=10), VALUES, HEADERS)
    def listen(who, on, since, headers):
        query = encodable({"on": on, "since": since})
        assert send(who, "GET", form, query_string=query, headers=headers) in (200, 401, 404, 415)

    listen()


@pytest.mark.hardening("F-24")
def test_no_body_breaks_any_address(addresses, send):
    @fuzzed
    @given(
        st.sampled_from(PEOPLE), st.sampled_from(addresses), st.sampled_from(BODIES), st.sampled_from(KINDS), HEADERS
    )
    def post(who, address, body, kind, headers):
        assert send(who, "POST", address, data=body, content_type=kind, headers=headers) < 500

    post()


@pytest.mark.hardening("F-24")
@pytest.mark.parametrize("parts", PARTS)
def test_no_form_with_files_breaks_any_address(addresses, send, parts):
    """For visitors too: the page that asks them to sign in looks for what they had typed."""
    body, kind = PARTS[parts] + b"--x--\r\n", "multipart/form-data; boundary=x"
    for place, address in enumerate(addresses):
        for who in (None, "ren"):
            for headers in ({}, {"HX-Request": "true"}) if WHOLE else ({"HX-Request": "true"} if place % 2 else {},):
                assert send(who, "POST", address, data=body, content_type=kind, headers=headers) < 500, (who, address)


@pytest.mark.hardening("F-24", "X-30")
def test_each_odd_value_in_each_field_of_each_form_is_answered(addresses, send):
    """Not by chance: every field with every odd value once, at an address drawn by lot."""
    chance = random.Random(1)
    changing = [
        address for address in addresses if re.match(r"/(tickets|comments|drafts|profile|register|users)", address)
    ]
    for value in ODD:
        address = chance.choice(changing)
        fields = dict.fromkeys(FIELDS, value) | {"draft": chance.choice(["ticket:1", "new-ticket", value])}
        for who in ("ren", "ana"):
            assert send(who, "POST", address, data=fields) < 500, (address, value)
            assert send(who, "POST", "/tickets/1/comments", data=fields, headers={"HX-Request": "true"}) < 500, value
            assert send(who, "POST", "/tickets", data=fields) < 500, value
            assert send(who, "POST", "/drafts", data=fields) < 500, value


@pytest.mark.parametrize("name", ["Origin", "Referer", "HX-Current-URL"])
@pytest.mark.parametrize("value", ["http://[", "http://[::1", "http://\u2100.example", "://", "\xff"])
def test_an_address_in_a_header_that_is_none_is_no_fault(addresses, send, name, value):
    for who in (None, "ren"):
        headers = {name: value.encode().decode("latin-1")}
        assert send(who, "POST", "/tickets/1/comments", data={"body": "Hello."}, headers=headers) in (303, 401, 403)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO"])
def test_a_verb_nobody_knows_is_no_fault(addresses, send, method):
    assert {send("ren", method, address) for address in addresses[::3]} <= {200, 403, 404, 405}


LETTERS = [
    *("👩‍👩‍👧‍👦 family", "שלום עולם", "\ud7ff\ue000\uffff plane", "nul\0nul", "\u202egnp.exe", "🙂" * 50),
    *("a" + "\u0301" * 100 + " zalgo", "ﬁ Ａ ① Å", "tab\tand\x1bescape"),
]


@pytest.mark.hardening("X-30")
@pytest.mark.parametrize("text", LETTERS)
def test_letters_of_every_kind_go_round_unharmed(world, visit, text):
    ren = visit(world.ren)
    answer = ren.post("/tickets", data={"title": f"Title {text}", "description": f"Description {text}"})
    assert answer.status_code == 303
    db.session.expire_all()
    page = dom.read(ren.get(answer.location).text)
    title = page.find("ticket-head").all("h1")[0].text
    assert title == " ".join(clean_line(f"Title {text}").split())
    assert clean_text(f"Description {text}").split() == page.find("opening").all("p")[-1].text.split()
    assert not re.search("[\0-\x08\x0b-\x1f\u202a-\u202e]", title)


def encodable(fields):
    """The same without what no browser can put into a request: lone surrogates."""
    if isinstance(fields, dict):
        return {name: encodable(value) for name, value in fields.items()}
    if isinstance(fields, list):
        return [encodable(value) for value in fields]
    return fields.encode("utf-8", "replace").decode()
