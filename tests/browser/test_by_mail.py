"""By mail and on the page: a requester who only writes mails and an agent, and ways in that a mail opens."""

import re
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from playwright.sync_api import expect

from informejo import create_app, db
from informejo.intake import inbound
from tests import world as cast
from tests.browser.test_every_page import problems
from tests.browser.test_two_people import say
from tests.mail.sink import Sink, running
from tests.server import Server
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE = {"viewport": {"width": 375, "height": 720}, "has_touch": True}


@pytest.fixture(scope="module")
def sink():
    """The mail server of everybody outside."""
    with running() as sink:
        yield sink


@pytest.fixture(scope="module")
def server(tmp_path_factory, sink):
    """A desk of its own, which sends to that server."""
    settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": sink.port, "SMTP_SECURITY": "none"}
    addresses = {"MAIL_FROM": "Help desk <help@desk.example>", "MAIL_REPLY_TO": "help+@desk.example"}
    server = Server(tmp_path_factory.mktemp("mail"), **settings, **addresses)
    server.upgrade()
    with _beside(server).app_context():
        cast.populate()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def app(server):
    app = _beside(server)
    with app.app_context():
        yield app
        db.session.rollback()
        db.engine().dispose()


def _beside(server):
    return create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR", "PUBLIC_URL")})


def last_to(sink: Sink, address: str, containing: str) -> EmailMessage:
    """The mail to that address which says so, once it is there."""

    def found():
        texts = [mail for to, mail in sink.mails if address in to and containing in text_of(mail)]
        return texts[-1] if texts else None

    until(found)
    return found()


def text_of(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def answer(mail: EmailMessage, sender: str, text: str, reply_to: str | None = None) -> bytes:
    """What a mail program makes of "answer", with the other's words below."""
    reply = EmailMessage()
    reply["From"], reply["To"] = sender, reply_to or parseaddr(mail["Reply-To"])[1]
    reply["Subject"], reply["Message-ID"] = f"Re: {mail['Subject']}", f"<{abs(hash(text))}@mail.example.org>"
    reply["In-Reply-To"], reply["References"] = mail["Message-Id"], mail["Message-Id"]
    quoted = "\n".join(f"> {line}" for line in text_of(mail).splitlines())
    reply.set_content(f"{text}\n\nOn Mon, 30 Nov 2026 at 09:41, Help desk <help@desk.example> wrote:\n{quoted}\n")
    return reply.as_bytes()


def test_a_conversation_by_mail_on_one_side_and_on_the_page_on_the_other(app, world, browse, sink):
    ticket = world.ticket(title="The scanner blinks")
    mia = browse(world.mia)
    mia.open(f"/tickets/{ticket.number}")
    mia.page.evaluate("window.isTheSamePage = true")

    say(mia, "Which colour does it blink in?")
    asked = last_to(sink, "ren@example.org", "Which colour does it blink in?")
    expect(mia.page.locator(".delivery")).to_contain_text("Mailed to Ren Ito")

    inbound.store(answer(asked, "Ren Ito <ren@example.org>", "In green, twice a second."), "standard input")
    heard = mia.page.locator(".comment", has_text="In green, twice a second.")
    expect(heard).to_be_visible()
    expect(heard.get_by_text("Which colour does it blink in?")).to_be_hidden()  # what was quoted is folded
    heard.get_by_text("Quoted text").click()
    expect(heard.get_by_text("Which colour does it blink in?")).to_be_visible()

    say(mia, "Then it waits for paper.")
    told = last_to(sink, "ren@example.org", "Then it waits for paper.")
    assert "In green, twice a second." in text_of(told), "with the conversation so far"
    assert told["In-Reply-To"] or told["References"]
    inbound.store(answer(told, "ren@example.org", "So it was. Thank you!"), "standard input")
    expect(mia.page.locator(".comment", has_text="So it was. Thank you!")).to_be_visible()
    assert mia.page.evaluate("isTheSamePage"), "nobody pressed reload"


def test_a_mail_that_answers_nothing_is_a_new_ticket_in_the_open_queue(app, world, browse, sink):
    mia = browse(world.mia)
    mia.open("/queue")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Kim Oda <kim@elsewhere.example>", "help@desk.example", "No dial tone"
    mail["Message-ID"] = "<1@elsewhere.example>"
    mail.set_content("The telephone on the third floor is dead.")
    inbound.store(mail.as_bytes(), "standard input")
    news = mia.page.get_by_text("1 new ticket")
    expect(news).to_be_visible()
    news.click()
    expect(mia.page.get_by_text("No dial tone").first).to_be_visible()
    expect(mia.page.get_by_text("Kim Oda").first).to_be_visible()
    first = last_to(sink, "kim@elsewhere.example", "#")
    assert "dial tone" not in text_of(first) + first["Subject"], "the address is not confirmed yet"


def test_a_guest_comes_from_the_form_to_solved_by_the_mailed_link_on_a_phone(world, browse, sink, tmp_path):
    _submit(browse(**PHONE).open("/"), tmp_path / "screen.txt")
    until(lambda: _link_to("nia@example.org", sink))
    nia = browse(**PHONE)
    nia.loses_the_sign_in()  # the ticket, asked for once more as its stream ends with the link
    page = nia.open(_link_to("nia@example.org", sink))
    expect(page.get_by_text("You are here by a link, as Nia Odd")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    mia = browse(world.mia)
    agent = mia.open(f"/tickets/{page.url.rpartition('/')[2]}")
    expect(agent.get_by_text("Sender not confirmed")).to_be_visible()
    page.get_by_role("button", name="Yes, it is mine").click()
    expect(agent.get_by_text("Sender not confirmed")).to_have_count(0)
    _solve(page, mia)
    page.get_by_role("button", name="Leave this link").click()
    page.get_by_role("button", name="Leave it in this browser").click()
    expect(page.get_by_text("You left the ticket in this browser.")).to_be_visible()


def _submit(page, file):
    file.write_text("It is black.")
    page.get_by_role("link", name="Submit a ticket").click()
    page.get_by_label("Your name").fill("Nia Odd")
    page.get_by_label("Your e-mail address").fill("nia@example.org")
    page.get_by_label("In a few words").fill("My screen stays black")
    page.get_by_label("What happens, and since when?").fill("Since this morning it shows nothing at all.")
    page.get_by_label("Files").set_input_files(file)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We have your ticket")).to_be_visible()
    assert "/t/" not in page.content()


def _solve(page, mia):
    """Both have the ticket open, and neither loads it again."""
    say(mia, "Is the cable in?")
    expect(page.locator("#timeline")).to_contain_text("Is the cable in?")
    page.get_by_label("Your message").fill("It was not. Thank you.")
    page.get_by_role("button", name="Send").click()
    expect(mia.page.locator("#timeline")).to_contain_text("It was not. Thank you.")
    page.get_by_role("button", name="It is solved").click()
    expect(page.get_by_text("You said that it is solved.")).to_be_visible()
    expect(mia.page.locator("#ticket-head")).to_contain_text("Resolved")


def _link_to(address: str, sink) -> str:
    """Where the last mail to that address leads, as a path; nothing before one came."""
    texts = [text_of(mail) for to, mail in list(sink.mails) if to == [address]]
    return next((found[0] for text in reversed(texts) if (found := re.search(r"/t/\S+", text))), "")


PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
NEW = "seven lanterns over the quay"


def follow(page, sink, address: str, containing: str):
    """Open the link in the mail to that address which says so."""
    mail = last_to(sink, address, containing)
    page.goto(re.search(r"http://[^/]+(/choose-password/\S+)", text_of(mail))[1])


def choose_password(page):
    for label in ("New password", "Repeat the password"):
        page.get_by_label(label).fill(NEW)
    assert not problems(page)
    page.get_by_role("button", name="Choose this password").click()
    expect(page.get_by_text("Your password is chosen. You are signed in.")).to_be_visible()


def test_whoever_forgot_their_password_gets_in_again_on_a_phone(app, world, browse, sink):
    elsewhere, phone = browse(world.zoe), browse(**PHONE)
    other = elsewhere.open("/tickets")
    elsewhere.loses_the_sign_in()
    page = phone.open("/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill("zoe@example.org")
    assert not problems(page)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert not problems(page)
    follow(page, sink, "zoe@example.org", "forgot the password")
    choose_password(page)
    other.goto("/tickets")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_registers_on_a_phone_and_is_in_once_they_have_read_their_mail(app, world, browse, sink):
    page = browse(**PHONE).open("/register")
    page.get_by_label("Your name").fill("Nia New")
    page.get_by_label("E-mail address").fill("nia@example.net")
    assert not problems(page)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    follow(page, sink, "nia@example.net", "make an account")
    choose_password(page)
    page.goto("/profile/security")
    assert not problems(page)
    expect(page.get_by_text("this browser")).to_be_visible()
