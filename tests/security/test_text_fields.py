"""Thirty-two attacks in every field that is shown somewhere: no page and no live message gains an element by them."""

import io
import time

import pytest
from sqlalchemy import select

from informejo import db
from informejo.accounts.models import Role
from informejo.tickets.models import Ticket
from tests.live import dom
from tests.live.sse import Listener
from tests.world import addressed

ATTACKS = """
<script>pwn()</script>
<img src=/evil onerror=pwn()>
"><svg onload=pwn()>
'><b onmouseover='pwn()'>x</b>
</title><script>pwn()</script>
</textarea><script>pwn()</script>
</style><script>pwn()</script>
</script><script>pwn()</script>
<!-- --><script>pwn()</script>
<![CDATA[<script>pwn()</script>]]>
<iframe srcdoc='<script>pwn()</script>'>
<object data=javascript:pwn()>
<embed src=//evil>
<base href=//evil>
<link rel=stylesheet href=//evil>
<meta http-equiv=refresh content='0;url=//evil'>
<form action=/evil><input>
<math><mi xlink:href='javascript:pwn()'>x</mi></math>
<details open ontoggle=pwn()>
<a href='javascript:pwn()'>x</a>
[x](javascript:pwn())
<b hx-get=/evil hx-trigger=load>x</b>
<b data-hx-post=/evil hx-vals='{"value":"admin"}'>x</b>
<b hx-on:click=pwn() hx-on::load=pwn()>x</b>
<div id=main hx-swap-oob=true>gone</div>
<hx-partial hx-target=body hx-swap=innerHTML>gone</hx-partial>
<div sse-connect=/evil hx-ext=sse>x</div>
<template><script>pwn()</script></template>
&lt;script&gt;pwn()&lt;/script&gt;
{{constructor.constructor('pwn()')()}}
\u2028<script>pwn()</script>
＜script＞pwn()＜/script＞
""".strip("\n").split("\n")
NEVER_OURS = {"iframe", "object", "embed", "base", "math", "template", "style"}
PLANTED = [
    "<iframe></iframe>", '<b onclick="pwn()">x</b>', '<a href="JavaScript:pwn()">x</a>', "<script>pwn()</script>",
    '<img src="/evil">', '<b data-hx-post="/evil">x</b>', '<b sse-connect="/x">x</b>', '<b hx-swap-oob="true">x</b>',
]  # fmt: skip
PAGES = {"ren": ["/tickets", "/tickets/1", "/tickets/1/edit", "/comments/1/edit", "/tickets/new?follows=1", "/profile"],
         "mia": ["/queue", "/queue?q=", "/tickets/1", "/users", "/desk"], "ana": ["/bin", "/users"]}  # fmt: skip


@pytest.fixture
def written(world, visit):
    """`written(text)`: the text in every field there is, and everything that then is shown or said of it, drawn."""

    def written(text: str) -> list[dom.Element]:
        ren, mia = visit(world.ren), visit(world.mia)
        world.zoe.role = Role.AGENT
        for person in (ren, visit(world.zoe)):
            assert person.post("/profile", data={"name": text, "department": text}).status_code == 303
        fields = {"title": text.ljust(5, "."), "description": text.ljust(10, ".")}
        ren.post("/tickets", data=fields | {"files": (io.BytesIO(b"x"), f"{text.replace('/', '')}.txt")},
                 content_type="multipart/form-data")  # fmt: skip
        streams = [Listener(mia, "/live?on=ticket:1&on=queue&on=desk&on=me"), Listener(ren, "/live?on=ticket:1&on=me")]
        ren.post("/tickets/1/comments", data={"body": text})
        mia.post("/tickets/1/comments", data={"body": text, "internal": "yes"})
        mia.post("/tickets/1/assignment", data={"value": world.zoe.id})
        ren.post("/tickets/1/edit", data=fields | {"title": f"Again {text}", "version": "1"})
        mia.post("/drafts", data={"draft": "ticket:1", "body": text})
        asked = [(who, addressed(path) + (text if path.endswith("q=") else "")) for who in PAGES for path in PAGES[who]]
        pages = [visit(getattr(world, who)).get(address) for who, address in asked]
        pages.append(visit().post("/sign-in", data={"email": text, "password": text, "next": text, "kept-body": text}))
        said = [message.data for stream in streams for message in stream.heard()]
        assert said
        return [dom.read(html.replace("<!doctype html>", "")) for html in [page.text for page in pages] + said]

    return written


def acts(drawn: dom.Element) -> list[str]:
    """The elements that could run something, fetch something, or act as a part of the page."""
    return [element.tag for element in drawn.walk() if _acts(element.tag, element.attributes)]


def _acts(tag: str, attributes: dict[str, str]) -> bool:
    runs = any(value.strip().lower().startswith(("javascript:", "data:")) for value in attributes.values())
    names = any(name.startswith(("on", "hx-on", "sse-", "data-hx-")) for name in attributes)
    own = tag != "script" or attributes.get("src", "").startswith("/assets/")
    return (
        tag in NEVER_OURS or runs or names or not own or "hx-swap-oob" in attributes or "/evil" in attributes.values()
    )


@pytest.mark.parametrize("planted", PLANTED)
def test_the_check_would_notice(planted):
    assert acts(dom.read(planted))


@pytest.mark.hardening("H-15", "H-16", "S-01", "S-03")
@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_becomes_an_element_anywhere(written, text):
    for drawn in written(text):
        assert acts(drawn) == []
        assert len([element for element in drawn.walk() if element.attributes.get("id") == "main"]) <= 1


@pytest.mark.hardening("X-31", "O-17")
@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_megabyte_for_a_title_is_refused_and_kept_nowhere(world, visit, caplog, record_property, kind):
    megabyte = "x" * 1_000_000
    ren = visit(world.ren)
    start = time.perf_counter()
    answer = ren.post("/tickets", data={"title": megabyte, "description": "It is broken."}, content_type=kind)
    record_property("ms to refuse a title of a megabyte", round((time.perf_counter() - start) * 1000))
    assert answer.status_code == 413
    for question in ("/tickets", "/queue", "/users"):
        page = visit(world.mia).get(question, query_string={"q": megabyte, "title": megabyte})
        assert page.status_code == 200
        assert len(page.data) < 100_000
    assert ren.post("/drafts", data={"draft": "new-ticket", "title": megabyte}).status_code == 413
    assert not db.session.scalars(select(Ticket)).all()
    assert max((len(record.getMessage()) for record in caplog.records), default=0) < 1_000
