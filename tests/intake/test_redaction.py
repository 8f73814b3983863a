"""Whoever quotes a mail of ours quotes what lets them in. Of those who see their mail nobody gets it."""

import base64
import email
import email.policy
import quopri

from informejo.mail.redaction import WORDS, redacted, redacted_bytes
from informejo.tickets import files
from tests.intake.letters import come, mailed

TOKEN = "Q7x-_Kd2nVbY0aLrTqWsEuI9oPzXcVmNbHgFjDkSl4A"
SECRETS = TOKEN, "7KQ2M-XW4TP", "abcdefghijklmnop"
LINK = f"https://desk.example/t/{TOKEN}"
CONFIRM = "https://desk.example/mail/confirm/7.abcdefghijklmnop"
TEXT = f"Thanks, it prints.\n> Open the ticket:\n> {LINK}\n> Or type the access\n> code 7KQ2M-XW4TP with\n> {CONFIRM}\n"
HTML = (
    f'<p>Thanks, it prints.</p><blockquote><a href="https://gate.example/?url=https%3A%2F%2Fdesk.example%2Ft%2F{TOKEN}&amp;x=1">'
    f'Open</a> {LINK} access code <b class="code">7KQ2M-XW4TP</b> {CONFIRM}</blockquote>'
)
FORMS = {
    "plain": ("text/plain", "8bit", TEXT.encode()),
    "a soft break inside it": ("text/plain", "quoted-printable", TEXT.replace("/t/Q7x-_", "/t/Q7x=\n-=5F").encode()),
    "quoted-printable HTML": ("text/html", "quoted-printable", quopri.encodestring(HTML.encode())),
    "lines that were broken with a space": ("text/plain", "8bit", TEXT.replace("/t/Q7x", "/t/Q7x \n> ").encode()),
    "a code at its dash": ("text/plain", "8bit", TEXT.replace("7KQ2M-", "7KQ2M-\n> ").encode()),
    "other slashes": ("text/html", "8bit", HTML.replace("%2F", "%252f").replace("/t/", "&#x2F;t&#x2F;").encode()),
    "base64": ("text/plain", "base64", base64.encodebytes(TEXT.encode())),
    "base64 HTML": ("text/html", "base64", base64.encodebytes(HTML.encode())),
    "HTML": ("text/html", "8bit", HTML.encode()),
}


def texts_in(raw: bytes) -> str:
    """All that a mail program shows of it, and it as it stands there."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([raw.decode("latin-1"), *(str(part.get_content()) for part in parts)])


def answer(sent, number: int, kind: str, encoding: str, content: bytes) -> bytes:
    """An answer to that mail of ours, which brings what it says once more as a mail in a file."""
    head = f"Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    copy = base64.encodebytes(b"Subject: Your ticket\n" + head + content)
    fields = (
        f"From: {sent.address}\nTo: help@desk.example\nSubject: Re: {number} {LINK}\nMessage-ID: <{number}@x.example>\n"
    )
    fields += f"In-Reply-To: {sent.message_id}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    file = b"\n--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n"
    file += b'Content-Disposition: attachment; filename="copy.eml"\n\n' + copy + b"--b--\n"
    return fields.encode() + head + content + file


def test_nothing_that_lets_in_is_shown_or_handed_out(world, visit):
    sent, browser = mailed(world.gus, world.ticket(world.gus)), visit(world.mia)
    signature = sent.message_id.split(".")[3].partition("@")[0]
    for number, (form, made) in enumerate(FORMS.items()):
        mail = come(raw := answer(sent, number, *made))
        shown = [browser.get(f"/mail/in/{mail.id}").text, browser.get(f"/tickets/{mail.ticket_id}").text]
        saved, part = (browser.get(f"/mail/in/{mail.id}/{what}").data for what in ("raw", "parts/1"))
        attached = files.path_of(mail.comment.attachments[0]).read_bytes()
        for text in (*shown, *map(texts_in, (saved, part, attached))):
            assert "Thanks, it prints" in text, form
            assert not [secret for secret in (*SECRETS, signature) if secret in text], form
        assert WORDS in texts_in(saved)
        assert len(saved) == len(raw)
        assert files.read(mail.stored_name) == raw  # the desk keeps what came


def test_a_reply_address_is_known_in_a_link_too():
    assert "abcdefghijklmnop" not in redacted("mailto:help%2B7.8.abcdefghijklmnop%40desk.example")


def test_files_of_letters_of_two_bytes_and_long_ones_are_looked_through():
    words = "Grüße\n" + TEXT
    for name in ("utf-16", "utf-16-be", "utf-16-le"):
        for before in (b"", b"\x07\x00\x01"):
            content = before + words.encode(name)
            changed = redacted_bytes(content)[len(before) :].decode(name)
            assert changed.startswith("Grüße\nThanks")
            assert len(changed) == len(content[len(before) :].decode(name))
            assert not [secret for secret in SECRETS[:2] if secret in changed], name
    long = (b"=41" * 700 + b"\n") * 300 + b"\n" + TEXT.encode()
    changed = redacted_bytes(long * 2)
    assert len(changed) == 2 * len(long)
    assert TOKEN.encode() not in changed
    assert changed.count(WORDS.encode()) == 2


def test_other_addresses_and_words_stay_as_they_are():
    for text in (
        "https://forum.example/t/how-to-make-the-printer-print-what-i-wrote-to-it/42",
        "The product key is ABCDE-FGHJK-23456-ABCDE-FGHJK, its access code was never asked.",
        "pip install x.abcdefghijklmnop@example.org",
        "see /t/42 and /mail/confirm/",
    ):
        assert redacted(text) == text
