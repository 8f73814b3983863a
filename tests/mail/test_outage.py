"""An hour without a mail server, and two senders beside each other: no mail is lost, and none goes twice."""

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from threading import Thread

import pytest

from informejo import clock, db
from informejo.mail.outbox import REST
from informejo.mail.words import Kind, OutState
from tests.mail.post import FROM
from tests.mail.sink import Sink, running
from tests.ports import free_port
from tests.server import ROOT, Server

HOUR = timedelta(hours=1)
AWAY = {
    "is not there": None,
    "takes nothing for now": {"MAIL": "451 4.3.2 Not now"},
    "takes nobody": {"RCPT": "451 4.3.2 Not now"},
    "takes no mail": {"DATA": "451 4.3.2 Not now"},
    "hangs up": {"DATA": "drop"},
}


def an_hour_goes_by(post, begun):
    """As the background work sees it, which looks now and then; what comes meanwhile waits too."""
    for minute in range(0, 60, 4):
        with clock.at(begun + timedelta(minutes=minute)):
            post.queue(Kind.CHECK, f"person{minute}@example.org")
            post.send()


def away(post, sink, answers: dict | None, begun):
    """An hour in which it is so."""
    if answers is None:
        post.to(sink)  # nobody listens there yet
        return an_hour_goes_by(post, begun)
    sink.answers.update(answers)
    with running(sink):
        post.to(sink)
        return an_hour_goes_by(post, begun)


def back(post, sink, begun):
    """It answers again, for as long as mails that lost tries may have to wait."""
    sink.answers.clear()
    with running(sink):
        post.to(sink)
        for minutes in range(0, 180, 5):
            with clock.at(begun + HOUR + REST + timedelta(minutes=minutes)):
                post.send()


@pytest.mark.hardening("X-25", "F-20")
@pytest.mark.parametrize("how", AWAY)
def test_after_an_hour_in_which_the_server_is_away_every_mail_goes_out_once(post, how):
    sink, begun = Sink(), clock.now()
    sink.port = free_port()
    for number in range(5):
        post.queue(Kind.CHECK, f"early{number}@example.org")
    away(post, sink, AWAY[how], begun)
    assert sink.mails == []
    assert {mail.state for mail in post.mails} == {OutState.WAITING}
    back(post, sink, begun)
    assert len(post.mails) == len(sink.mails) == 20
    assert {mail.state for mail in post.mails} == {OutState.SENT}
    assert sorted(sink.ids) == sorted(mail.message_id for mail in post.mails)
    if how in ("is not there", "takes nothing for now"):  # then no mail had a try of its own
        assert sink.ids == [mail.message_id for mail in post.mails]  # the oldest first


@pytest.mark.hardening("O-14")
def test_whoever_writes_waits_for_no_mail_server(post, sink, world, visit):
    ticket = world.ticket()
    sink.answers["MAIL"] = "silence"
    assert visit(world.mia).post(f"/tickets/{ticket.number}/comments", data={"body": "Done."}).status_code == 303
    assert sink.hosts == []  # nobody was spoken to
    sink.answers.clear()
    post.deliver()
    assert "ren@example.org" in sink.to


@pytest.mark.server
def test_two_processes_send_each_mail_once(post, tmp_path):
    for number in range(40):
        post.queue(Kind.CHECK, f"person{number}@example.org")
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "UPLOAD_DIR": f"{tmp_path}/files", "MAIL_FROM": FROM}
    ended = []
    with running() as sink:
        settings |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "SMTP_SECURITY": "none"}

        def work():
            ended.append(Server.commander.run(["tests.mail.killing"], ROOT, os.environ | settings))

        both = [Thread(target=work) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert [process.returncode for process in ended] == [0, 0], ended
    assert len(set(sink.to)) == len(sink.to) == 40
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        assert connection.execute("SELECT DISTINCT state FROM outgoing_mails").fetchall() == [("sent",)]
    assert len(sink.hosts) == 2  # both of them sent
    db.session.rollback()
