"""What people call themselves and write cannot become a header, a recipient, markup, or a command to the server."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import given, settings, strategies as st

from informejo import db
from informejo.mail.fields import POLICY, mailbox, whole_id
from informejo.text import clean_line
from tests.mail.everything import OURS

NAMES = [
    "Ito, Ren",
    'Ren "the printer" Ito',
    "Ren\r\nBcc: victim@example.org",
    "Ren <victim@example.org>, other@example.org",
    "=?utf-8?q?Ren=0D=0ABcc:_victim@example.org?=",
    "רן איטו " * 12,
    "👩‍💻" * 30,
    "<b>Ren</b> {{7*7}} ${7*7} #{7*7}",
    "é" * 100,
    "\u202eoti neR",
    ".",
]
HEADERS = {
    *("From", "To", "Reply-To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "X-Informejo-Loop"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe", "MIME-Version", "Content-Type"),
}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} {% raw %} <style>body{display:none}</style>"


@pytest.mark.hardening("H-43", "S-08")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_makes_no_header_and_no_recipient(post, sink, world, name):
    world.ren.name = world.mia.name = name
    db.commit()
    ticket = world.ticket(title=f"Broken: {name}"[:200])
    world.comment(world.mia, ticket, OURS)
    post.deliver()
    for addresses, message in sink.mails:
        assert set(message.keys()) <= HEADERS
        assert len(addresses) == 1
        assert "victim" not in addresses[0]
    assert sink.to.count("ren@example.org") == 2
    for raw in sink.raw:
        head = raw.partition(b"\r\n\r\n")[0]
        assert head.isascii()
        assert max(map(len, head.split(b"\r\n"))) <= 998
        people = getaddresses(message_from_bytes(raw).get_all("To"))
        assert len(people) == 1


@pytest.mark.hardening("H-19", "O-09", "W-13")
def test_markup_and_templates_in_any_text_are_shown_as_they_were_typed(post, sink, world):
    world.ren.name = SCRIPT[:100]
    db.commit()
    ticket = world.ticket(title=SCRIPT, description=SCRIPT)
    world.comment(world.ren, ticket, SCRIPT)
    world.comment(world.mia, ticket, f"{SCRIPT}\n\n[x](javascript:alert(3)) [y](https://example.org/)")
    post.deliver()
    read = 0
    for _, message in sink.mails:
        page = message.get_body(("html",)).get_content()
        tags = {tag.lower() for tag in re.findall(r"<([a-zA-Z]+)", page)}
        assert not tags & {"script", "img", "iframe", "form", "b><", "svg", "object"}
        assert page.count("<style") == 1
        assert not re.search(r"<[^>]*\son\w+=", page)
        assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', page))
        assert "49" not in re.sub(r"\d{3,}|\d\d:\d\d|#\w{6}", "", message.get_body(("plain",)).get_content())
        read += SCRIPT in message.get_body(("plain",)).get_content()
    assert read >= 3


@pytest.mark.hardening("H-43")
def test_a_line_of_one_dot_ends_no_mail(post, sink, world):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "Before\n.\nMAIL FROM:<x@example.org>\n..\nAfter")
    post.deliver()
    said = next(message for to, message in sink.mails if to == ["ren@example.org"] and message["In-Reply-To"])
    assert "Before\n.\nMAIL FROM:<x@example.org>\n..\nAfter" in said.get_body(("plain",)).get_content().replace(
        "\r\n", "\n"
    )
    assert len(sink.mails) == len(post.mails)


@pytest.mark.hardening("H-43")
@pytest.mark.parametrize(
    "address",
    ["a@example.org\r\nRCPT TO:<b@example.org>", "a@example.org, b@example.org", "<a@example.org>", "a", "", "a b@c.d"],
)
def test_what_is_no_address_is_none(address):
    with pytest.raises(ValueError, match=r"."):
        mailbox("Ren", address)


def test_an_address_of_a_country_is_written_as_mail_servers_read_it():
    assert mailbox("Jürgen", "j@bücher.example").addr_spec == "j@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("straße.example", "xn--strae-oqa.example"),  # and not strasse.example, which is somebody else's
        ("faß.bücher.example", "xn--fa-hia.xn--bcher-kva.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("bücher。example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_the_one_that_todays_rules_make_of_it(host, expected):
    assert mailbox("", f"ren@{host}").addr_spec == f"ren@{expected}"


@settings(max_examples=300)
@given(st.text(max_size=100))
def test_any_name_at_all_is_read_back_or_left_out(name):
    message = EmailMessage(POLICY)
    message["To"] = mailbox(name, "ren@example.org")
    read = message_from_bytes(message.as_bytes())
    assert read.keys() == ["To"]
    [(found, address)] = getaddresses(["".join(read["To"].splitlines())])
    assert address == "ren@example.org"
    assert str(make_header(decode_header(found))) in (" ".join(clean_line(name).split()), "")


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_subject_at_all_is_one_header_that_is_read_back(text):
    subject = f"[#42] {clean_line(text)}".strip()
    message = EmailMessage(POLICY)
    message["Subject"] = subject
    read = message_from_bytes(message.as_bytes())
    assert read.keys() == ["Subject"]
    if "=?" not in subject:
        assert str(make_header(decode_header("".join(read["Subject"].splitlines())))).strip() == subject


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<a@b>", "<a@b>"),
        ("a@b", "<a@b>"),
        (" <a.b+c=d@[1.2.3.4]> ", "<a.b+c=d@[1.2.3.4]>"),
        ("<a@b> <c@d>", ""),
        ("<a@b\r\nBcc: x@y>", ""),
        ("<ü@b>", ""),
        (f"<{'x' * 251}>", ""),
        ("", ""),
    ],
)
def test_only_a_whole_id_of_somebodys_mail_goes_into_ours(text, read):
    assert whole_id(text) == read


def test_a_long_id_is_never_encoded(app):
    message = EmailMessage(POLICY)
    message["References"] = " ".join(f"<{letter * 120}@example.org>" for letter in "abc")
    assert message.as_bytes().count(b"\r\n <") == 2
    assert b"=?" not in message.as_bytes()
