"""The conversation with the server: encrypted or not at all, with an end to every wait, and without our secrets."""

import base64
import socket

import pytest

from informejo.mail import smtp_server
from informejo.mail.smtp import Dropped, Later, Line, NotAllowed, Refused
from informejo.mail.smtp_server import Server, Unreachable
from tests.intake.servers import Silent
from tests.mail.sink import Sink, certificate, running
from tests.ports import free_port

RAW = b"To: ren@example.org\r\nSubject: Hello\r\n\r\nHello.\r\n"
USERS = {"desk": "correct horse", "müller": "Straße 7"}


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certified, monkeypatch):
    """A context for the server, whose certificate this process trusts."""
    context, file = certified
    monkeypatch.setenv("SSL_CERT_FILE", file)
    return context


@pytest.fixture
def impatient(monkeypatch):
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS", "TAKING_SECONDS"):
        monkeypatch.setattr(smtp_server, name, 0.3)


def server(port: int, security: str = "none", user: str = "", password: str = "", host: str = "localhost") -> Server:
    return Server(host, port, security, user, password, "desk.example.org")


def send(to: Server, *mails: bytes):
    with Line(to) as line:
        for raw in mails or (RAW,):
            line.send("help@example.org", "ren@example.org", raw)


def test_mails_of_one_batch_share_a_connection():
    with running() as sink:
        send(server(sink.port), RAW, RAW, RAW)
    assert len(sink.mails) == 3
    assert sink.connections == 1


@pytest.mark.parametrize("body", [b".\r\n", b"..\r\n.\r\n\r\n.a\r\n...\r\n", b"a.\r\nb .c\r\n", b"no end"])
def test_lines_that_begin_with_a_dot_arrive_as_they_are(body):
    with running() as sink:
        send(server(sink.port), RAW + body, RAW)
    assert sink.raw == [RAW + body.removesuffix(b"\r\n") + b"\r\n", RAW]


def test_it_signs_in_over_starttls(trusted):
    with running(context=trusted, users=USERS) as sink:
        send(server(sink.port, "starttls", "desk", "correct horse"))
    assert len(sink.mails) == 1


def test_it_signs_in_over_tls(trusted):
    with running(context=trusted, tls=True, users=USERS) as sink:
        send(server(sink.port, "tls", "desk", "correct horse"))
    assert len(sink.mails) == 1


def test_names_and_passwords_beyond_ascii_are_sent_as_the_standard_says(trusted):
    with running(context=trusted, users=USERS) as sink:
        send(server(sink.port, "starttls", "müller", "Straße 7"))
        with pytest.raises(Unreachable, match="535"):
            send(server(sink.port, "starttls", "müller", "Straße 8"))
    assert len(sink.mails) == 1


@pytest.mark.hardening("S-52")
def test_a_server_without_starttls_gets_nothing_in_the_clear():
    with running() as sink, pytest.raises(Unreachable, match="STARTTLS"):
        send(server(sink.port, "starttls"))
    assert sink.mails == []


@pytest.mark.hardening("S-52")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_ends_it(certified, security):
    context, _ = certified
    with running(context=context, tls=security == "tls") as sink, pytest.raises(Unreachable, match="certificate"):
        send(server(sink.port, security))
    assert sink.mails == []


@pytest.mark.hardening("S-52")
def test_a_certificate_of_another_name_ends_it(trusted):
    with running(context=trusted) as sink, pytest.raises(Unreachable, match="certificate"):
        send(server(sink.port, "starttls", host="127.0.0.1"))
    assert sink.mails == []


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "127.0.0.1.example.org"])
def test_in_the_clear_it_speaks_to_this_machine_alone(host):
    with pytest.raises(Unreachable, match="in the clear"):
        send(server(25, "none", host=host))


def test_a_word_for_security_that_means_nothing_is_named():
    with pytest.raises(Unreachable, match="starttls, tls or none"):
        send(server(25, "ssl3"))


def test_nobody_listens():
    with pytest.raises(Unreachable, match="refused"):
        send(server(free_port()))


def test_a_server_that_only_listens_is_not_waited_for_forever(impatient):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable, match="does not answer"):
        send(server(silent.getsockname()[1], host="127.0.0.1"))


@pytest.mark.parametrize(
    ("stage", "error"), [("MAIL", Unreachable), ("RCPT", Dropped), ("DATA", Dropped), ("TAKEN", Dropped)]
)
@pytest.mark.parametrize("answer", ["silence", "drop"])
def test_whoever_falls_silent_or_hangs_up_ends_that_mail_and_says_so(impatient, stage, error, answer):
    sink = Sink()
    sink.answers[stage] = answer
    with running(sink), pytest.raises(error):
        send(server(sink.port))


@pytest.mark.parametrize(
    ("stage", "answer", "error"),
    [
        ("MAIL", "451 Too busy", Unreachable),
        ("MAIL", "550 You may not send from there", Unreachable),
        ("MAIL", "552 That is too much", Refused),
        ("RCPT", "451 Come back later", Later),
        ("RCPT", "550 No such person", Refused),
        ("DATA", "451 Come back later", Later),
        ("DATA", "554 We do not like it", Refused),
        ("RCPT", "550 5.1.1 No such person", Refused),
        ("RCPT", "554 5.7.1 Relay access denied", NotAllowed),
        ("RCPT", "530 5.7.0 Authentication required", NotAllowed),
        ("DATA", "530 Authentication required", NotAllowed),
        ("DATA", "554 5.7.1 It looks like junk", Refused),
        ("RCPT", "550 5.1.90 You have reached your daily limit", Unreachable),
        ("DATA", "550 5.4.5 Daily user sending limit exceeded", Unreachable),
        ("DATA", "554 5.2.252 SendAsDenied", Unreachable),
    ],
)
def test_each_answer_means_the_server_the_mail_or_the_moment(stage, answer, error):
    with running() as sink:
        sink.answers[stage] = answer
        with Line(server(sink.port)) as line:
            with pytest.raises(error, match=answer) as told:
                line.send("help@example.org", "ren@example.org", RAW)
            assert type(told.value) is error
            sink.answers.clear()
            line.send("help@example.org", "zoe@example.org", RAW)  # the next mail goes its way
    assert sink.to == ["zoe@example.org"]


@pytest.mark.parametrize(("answer", "error"), [("452 Not so large a mail now", Later), ("550 Never so large", Refused)])
def test_a_mail_that_is_refused_for_its_size_stops_no_other(answer, error):
    with running() as sink:
        calls = iter([answer, None, None])  # without its size it would be taken
        sink.answers["MAIL"] = lambda _address: next(calls)
        with Line(server(sink.port)) as line:
            with pytest.raises(error, match=answer):
                line.send("help@example.org", "ren@example.org", RAW)
            line.send("help@example.org", "zoe@example.org", RAW)
    assert sink.to == ["zoe@example.org"]
    assert sink.connections == 1


def test_a_question_that_nobody_can_read_is_the_servers_fault():
    words = (b"220 hello\r\n", b"250-hello\r\n250 AUTH LOGIN\r\n", b"334 a\r\n")
    with Silent(*words) as odd, pytest.raises(Unreachable):
        send(server(odd.port, user="desk", password="word", host="127.0.0.1"))


def test_an_answer_without_an_end_refuses_nothing():
    with running() as sink, Line(server(sink.port)) as line:
        sink.answers["RCPT"] = f"550 {'x' * 9_000}"
        with pytest.raises(Later):
            line.send("help@example.org", "ren@example.org", RAW)
        sink.answers.clear()
        line.send("help@example.org", "zoe@example.org", RAW)
    assert sink.to == ["zoe@example.org"]


def test_a_server_that_has_had_enough_of_a_connection_is_called_once_more():
    with running() as sink:
        calls = iter([None, "421 Too many mails", None])
        sink.answers["MAIL"] = lambda _address: next(calls)
        send(server(sink.port), RAW, RAW)
    assert len(sink.mails) == 2
    assert sink.connections == 2


@pytest.mark.parametrize("secret", ["correct horse", base64.b64encode(b"\0desk\0correct horse").decode()])
def test_what_we_sign_in_with_is_cut_out_of_the_servers_words(secret):
    with running(users=USERS) as sink:
        sink.answers["RCPT"] = f"550 Not with {secret} my friend"
        with pytest.raises(Refused, match="550 Not with … my friend"):
            send(server(sink.port, "none", "desk", "correct horse"))


def test_it_greets_with_the_name_of_the_desk():
    with running() as sink:
        send(server(sink.port))
    assert sink.hosts == ["desk.example.org"]
