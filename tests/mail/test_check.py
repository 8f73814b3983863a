"""The mail check: against real servers each step says how it went, and the first that fails says why in plain words."""

import ssl

import pytest
from sqlalchemy import select

from informejo import db
from informejo.doctor.models import State
from informejo.intake import mailboxes
from informejo.mail import check_steps
from informejo.mail.checking import NOT_TRIED, Check
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.words import InState, OutState
from informejo.tickets.models import Ticket
from tests.intake import dovecot as server
from tests.intake.servers import Silent
from tests.live import dom
from tests.mail.sink import Sink, running
from tests.waiting import until

USER, PASSWORD = "desk", "p\u00e4ss"
BEFORE = {"Settings", "Name of the mail server", "Connection", "Encryption", "Sign-in"}
WORKS = BEFORE | {"Mailboxes", "Sending", "Arrival"}


class Carrier(Sink):
    """Puts what it takes into the mailbox, with `results` on top, as a mail server does; or loses it."""

    def __init__(self, mailbox):
        super().__init__()
        self.mailbox, self.results, self.rewrites, self.loses = mailbox, "", False, False

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's
        answer = await super().handle_DATA(server, session, envelope)
        content = envelope.original_content
        if self.rewrites:
            content = content.replace(b"Message-Id: <x.", b"Message-Id: <another.")
        if answer.startswith("250") and not self.loses:
            self.mailbox.deliver(self.results.encode() + content)
        return answer


@pytest.fixture(scope="module")
def imap():
    with server.running() as running:
        yield running


@pytest.fixture
def mailbox(imap):
    imap.empty()
    return imap


@pytest.fixture
def carrier(mailbox):
    return Carrier(mailbox)


@pytest.fixture
def desk(app, world, mailbox, carrier, monkeypatch):
    """The settings of a desk whose mail works."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mailbox.authority))
    monkeypatch.setattr(check_steps, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(check_steps, "WAIT_SECONDS", 5)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(mailbox.authority, mailbox.folder / "server.key")
    with running(carrier, context=context, users={USER: PASSWORD}):
        app.config |= {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": carrier.port,
            "SMTP_SECURITY": "starttls",
            "SMTP_USER": USER,
            "SMTP_PASSWORD": PASSWORD,
            "MAIL_FROM": "Help desk <help@example.org>",
            "MAILBOXES": mailbox.setting(tls=True),
        }
        yield app.config


def check() -> dict:
    check = Check()
    told = []
    check.run(told.append)
    assert told == check.steps
    assert check.is_over
    assert check.is_well == all(step.state in (State.WELL, State.LOOK) for step in check.steps)
    return {step.what: step for step in check.steps}


def failed(steps: dict) -> list[str]:
    return [what for what, step in steps.items() if step.state == State.BROKEN]


def test_when_all_works_each_step_says_so_with_its_time(desk, mailbox):
    steps = check()
    assert {what for what, step in steps.items() if step.state == State.WELL} == WORKS
    assert all(step.seconds >= 0 for step in steps.values())
    assert "help@example.org" in steps["Settings"].words
    assert "TLS" in steps["Encryption"].words
    assert mailboxes.read(desk)[0].name in steps["Arrival"].words
    assert mailbox.left() == 0


def test_the_mail_of_the_check_becomes_no_ticket_and_is_answered_by_nobody(desk):
    check()
    [came] = db.session.scalars(select(IncomingMail))
    [sent] = db.session.scalars(select(OutgoingMail))
    assert came.state == InState.IGNORED
    assert came.message_id == sent.message_id
    assert sent.state == OutState.SENT
    assert db.session.scalar(select(Ticket)) is None


def test_answers_go_where_the_setting_says_and_so_does_the_mail_of_the_check(desk):
    desk["MAIL_REPLY_TO"] = "answers+@example.org"
    assert "answers@example.org" in check()["Settings"].words


@pytest.mark.parametrize(
    ("settings", "step", "words"),
    [
        ({"SMTP_HOST": ""}, "Settings", "SMTP_HOST is not set"),
        ({"SMTP_HOST": "", "MAIL_FROM": ""}, "Settings", "SMTP_HOST and MAIL_FROM are not set"),
        ({"MAIL_CATCH": True}, "Settings", "/mail/caught"),
        ({"SMTP_HOST": "nowhere.invalid"}, "Name of the mail server", "Is it spelled right?"),
        ({"SMTP_PORT": 9}, "Connection", "Connection refused"),
        ({"SMTP_SECURITY": "tls"}, "Encryption", ""),
        ({"SMTP_SECURITY": "sometimes"}, "Encryption", "SMTP_SECURITY must be"),
        ({"SMTP_PASSWORD": "wrong-one"}, "Sign-in", "535"),
    ],
)
def test_the_first_step_that_fails_says_why_and_those_behind_it_are_not_tried(desk, settings, step, words):
    desk |= settings
    steps = check()
    assert failed(steps) == [step]
    assert words in steps[step].words
    assert "wrong-one" not in steps[step].words
    behind = [name for name in list(steps)[list(steps).index(step) + 1 :] if name != "Mailboxes"]
    assert {steps[name].words for name in behind} == {NOT_TRIED}
    assert steps["Mailboxes"].state == State.WELL


def test_a_certificate_that_nobody_vouches_for_is_told(desk, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    steps = check()
    assert failed(steps) == ["Encryption", "Mailboxes"]
    assert "certificate" in steps["Encryption"].words
    assert "certificate" in steps["Mailboxes"].words


def test_what_the_server_says_of_the_mail_is_told(desk, carrier):
    carrier.answers["DATA"] = "554 5.7.1 We know you not"
    steps = check()
    assert failed(steps) == ["Sending"]
    assert "554 5.7.1 We know you not" in steps["Sending"].words


def test_a_server_that_wants_it_later_is_told_too(desk, carrier):
    carrier.answers["DATA"] = "451 4.7.1 Greylisted, come back"
    assert "451 4.7.1 Greylisted" in check()["Sending"].words


@pytest.mark.parametrize("password", ["wrong-one"])
def test_a_mailbox_that_does_not_let_us_in_is_told_by_name(desk, mailbox, password):
    desk["MAILBOXES"] = mailbox.setting(tls=True, password=password)
    steps = check()
    assert failed(steps) == ["Mailboxes"]
    assert steps["Mailboxes"].words.startswith(mailboxes.read(desk)[0].name)
    assert "Authentication failed" in steps["Mailboxes"].words
    assert password not in steps["Mailboxes"].words
    assert steps["Sending"].words == NOT_TRIED


def test_a_mail_that_does_not_come_back_is_told(desk, carrier, monkeypatch):
    monkeypatch.setattr(check_steps, "WAIT_SECONDS", 0.2)
    carrier.loses = True
    steps = check()
    assert failed(steps) == ["Arrival"]
    assert "help@example.org" in steps["Arrival"].words


def test_a_mail_that_got_another_message_id_on_its_way_is_found(desk, carrier):
    carrier.rewrites = True
    assert check()["Arrival"].state == State.WELL


def test_without_a_mailbox_the_mail_may_be_handed_over(desk, carrier, app):
    desk["MAILBOXES"] = ""

    def hand_over(*mails):
        with app.app_context():
            for mail in mails:
                app.test_cli_runner().invoke(args=("receive-mail",), input=mail)

    carrier.mailbox = type("Pipe", (), {"deliver": staticmethod(hand_over)})
    steps = check()
    assert "receive-mail" in steps["Mailboxes"].words
    assert "standard input" in steps["Arrival"].words


@pytest.mark.parametrize(
    ("trusted", "results", "state", "words"),
    [
        ("", "", State.LOOK, "no results of any server"),
        ("", "mx.example.org; dmarc=pass", State.LOOK, "results of mx.example.org"),
        (
            "",
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dmarc=pass",
            State.LOOK,
            "that gives no name",
        ),
        ("mx.example.org", "mx.example.org; dmarc=pass header.from=example.org", State.WELL, "DMARC passes"),
        ("mx.example.org", "mx.example.org; dmarc=fail header.from=example.org", State.BROKEN, "DMARC fails"),
        ("mx.example.org", "mx.example.org; spf=pass", State.LOOK, "says nothing about DMARC"),
        ("mx.example.org", "mx.elsewhere.example; dmarc=pass", State.LOOK, "results of mx.elsewhere.example"),
    ],
)
def test_what_our_own_server_says_of_the_sender_is_told(desk, carrier, trusted, results, state, words):
    desk["MAIL_TRUSTED_SERVER"] = trusted
    carrier.results = f"Authentication-Results: {results}\r\n" if results else ""
    step = check()["Authentication-Results"]
    assert step.state == state
    assert words in step.words


def test_a_step_that_breaks_is_a_step_that_failed(desk, monkeypatch):
    def broken(_trip):
        raise RuntimeError("out of order")

    steps = tuple((what, broken if what == "Connection" else do, apart) for what, do, apart in check_steps.STEPS)
    monkeypatch.setattr("informejo.mail.checking.STEPS", steps)
    assert "RuntimeError: out of order" in check()["Connection"].words


# The page and the command.


def rows(page) -> dict[str, str]:
    found = dom.read(page.text).all("li", class_name="finding")
    return {row.all("h2")[0].text: row["data-state"] for row in found}


def test_the_page_shows_each_step_as_it_goes_without_any_script(desk, app, world, visit):
    browser = visit(world.ana)
    assert "No check since the server was started." in browser.get("/mail/check").text
    assert browser.post("/mail/check").location == "/mail/check"
    running = app.extensions["mail_check"]
    until(lambda: running.is_over)
    page = browser.get("/mail/check")
    assert "A mail went out and came back." in page.text
    assert rows(page)["Arrival"] == "well"
    assert "Refresh" not in page.headers


def test_while_a_check_is_under_way_the_page_loads_itself_again_and_no_other_begins(desk, app, world, visit):
    with Silent() as silent:
        desk |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": silent.port}
        browser = visit(world.ana)
        browser.post("/mail/check")
        running = app.extensions["mail_check"]
        until(lambda: running.steps[2].state)
        page = browser.get("/mail/check")
        assert page.headers["Refresh"] == "2"
        assert rows(page) | {"Connection": "well", "Encryption": "open"} == rows(page)
        browser.post("/mail/check")
        assert app.extensions["mail_check"] is running
    until(lambda: running.is_over)
    assert "Something is wrong" in browser.get("/mail/check").text


@pytest.mark.parametrize("who", ["mia", "ren"])
def test_only_administrators_check(app, world, visit, who):
    for method in ("GET", "POST"):
        assert visit(getattr(world, who)).open("/mail/check", method=method).status_code == 403
    assert "mail_check" not in app.extensions


def test_the_command_says_the_same_and_its_exit_code_tells(desk, app):
    told = app.test_cli_runner().invoke(args=("check-mail",))
    assert told.exit_code == 0
    assert "It came back through help@example.org at localhost, INBOX." in " ".join(told.output.split())
    desk["SMTP_PASSWORD"] = "wrong-one"
    told = app.test_cli_runner().invoke(args=("check-mail",))
    assert told.exit_code == 1
    assert "not tried" in told.output
    assert "wrong-one" not in told.output
