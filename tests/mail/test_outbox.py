"""Sending: what the server takes is sent once, what it refuses is told, and what nobody answers waits."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts.models import Role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.mail import outbox
from informejo.mail.models import CaughtMail, MailWay, OutgoingMail
from informejo.mail.outbox import BACK_OFF, REST
from informejo.mail.smtp import Line
from informejo.mail.words import Decision, Kind, OutState
from informejo.tickets.queries import timeline_for
from tests.mail.sink import running
from tests.ports import free_port

TO_REN = "ren@example.org"
NOBODY = "<>"


@pytest.fixture
def mail(post, world):
    """The receipt of Ren's ticket, which waits."""
    world.ticket()
    post.read()
    (mail,) = [mail for mail in post.mails if mail.address == TO_REN]
    return mail


def way() -> MailWay:
    return db.session.get(MailWay, "SMTP", populate_existing=True)


def verdicts(mail: OutgoingMail) -> list[tuple[Decision, str]]:
    return [(verdict.decision, verdict.detail) for verdict in mail.verdicts]


def failures(world, ticket) -> list[str]:
    return [e.changes["mail"][1] for e in timeline_for(world.mia, ticket) if e.name == EventName.MAIL_FAILED]


def test_a_mail_the_server_takes_is_sent_and_so_says_the_verdict(mail, post, sink):
    post.send()
    assert sink.to.count(TO_REN) == 1
    assert (mail.state, mail.error, mail.claimed_until) == (OutState.SENT, "", None)
    assert verdicts(mail) == [(Decision.SENT, "")]
    assert mail.message_id in sink.ids
    assert way().failing_since is None


def test_what_was_sent_is_not_sent_again(mail, post, sink):
    post.send()
    post.deliver()
    assert sink.to.count(TO_REN) == 1


def test_without_a_server_mails_wait_and_lose_no_try(mail, post):
    post.send()
    assert (mail.state, mail.tries) == (OutState.WAITING, 0)


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
def test_what_the_server_will_never_take_is_given_up_at_once_in_its_own_words(mail, post, sink, world, stage):
    sink.answers[stage] = lambda address: "550 5.1.1 No such person here" if address == TO_REN else None
    post.send()
    assert (mail.state, mail.error) == (OutState.FAILED, "550 5.1.1 No such person here")
    assert verdicts(mail) == [(Decision.FAILED, "550 5.1.1 No such person here")]
    assert failures(world, mail.ticket) == ["550 5.1.1 No such person here"]
    assert TO_REN not in sink.to
    assert "ana@example.org" in sink.to  # everybody else's go on


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
def test_what_it_does_not_take_now_is_tried_again_later_and_later_and_then_given_up(mail, post, sink, stage):
    sink.answers[stage] = lambda address: "451 4.3.0 Come back later" if address == TO_REN else None
    now = clock.now()
    for tries, pause in enumerate(BACK_OFF, 1):
        with clock.at(now):
            post.send()
        assert (mail.state, mail.tries, mail.due_at) == (OutState.WAITING, tries, now + pause)
        assert mail.error == "451 4.3.0 Come back later"
        with clock.at(mail.due_at - timedelta(seconds=1)):
            post.send()
        assert mail.tries == tries
        now = mail.due_at
    with clock.at(now):
        post.send()
    assert (mail.state, mail.error) == (OutState.FAILED, "451 4.3.0 Come back later")


def test_a_mail_that_comes_through_at_the_second_try_carries_the_same_id(mail, post, sink):
    sink.answers["DATA"] = "451 not now"
    post.send()
    first = mail.message_id
    sink.answers.clear()
    with clock.at(mail.due_at):
        post.send()
    assert mail.state == OutState.SENT
    assert sink.ids.count(first) == 1


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "TAKEN"])
def test_a_server_that_hangs_up_in_the_middle_costs_that_mail_a_try_and_no_mail_its_way(mail, post, sink, stage):
    sink.answers[stage] = lambda address: "drop" if address == TO_REN else None
    post.send()
    assert (mail.state, mail.tries) == (OutState.WAITING, 1)
    sink.answers.clear()
    with clock.at(max(mail.due_at, clock.now() + REST)):
        post.send()
    assert {each.state for each in post.mails} == {OutState.SENT}


def test_while_no_server_answers_no_mail_loses_a_try_and_then_all_go_out_oldest_first(mail, post, world):
    port = free_port()
    for title in ("The second ticket", "The third ticket"):
        world.ticket(title=title)
    post.read()
    post.app.config.update(SMTP_HOST="127.0.0.1", SMTP_PORT=port, SMTP_SECURITY="none")
    post.send()
    assert {(each.state, each.tries) for each in post.mails} == {(OutState.WAITING, 0)}
    assert "refused" in way().error
    since = way().failing_since
    with running(port=port) as sink:
        post.send()
        assert sink.mails == []  # the server is left in peace for a moment
        with clock.at(clock.now() + REST):
            post.send()
    assert sink.ids == [each.message_id for each in post.mails]
    assert since
    assert way().failing_since is None
    assert way().error == ""


def test_the_server_is_left_in_peace_for_a_moment_and_not_for_as_long_as_the_clock_goes_back(mail, post):
    with running(port=free_port()) as sink:
        post.to(sink)
        sink.answers["MAIL"] = "451 Not now"
        post.send()
        sink.answers.clear()
        post.send()
        assert sink.mails == []
        mail.due_at -= timedelta(hours=2)
        db.commit()
        with clock.at(clock.now() - timedelta(hours=1)):
            post.send()
    assert mail.state == OutState.SENT


def test_a_server_that_does_not_know_our_password_costs_no_mail_a_try_and_hears_it_nowhere_else(mail, post):
    with running(users={"desk": "right"}) as sink:
        post.to(sink, SMTP_USER="desk", SMTP_PASSWORD="wrong word")
        post.send()
        assert (mail.state, mail.tries) == (OutState.WAITING, 0)
        assert "535" in way().error
        assert "wrong word" not in way().error
        assert sink.mails == []
        post.to(sink, SMTP_PASSWORD="right")
        with clock.at(clock.now() + REST):
            post.send()
        assert mail.state == OutState.SENT


def test_a_mail_that_was_given_up_can_be_sent_again(mail, post, sink, world, visit):
    sink.answers["RCPT"] = "550 no"
    post.send()
    sink.answers.clear()
    assert visit(world.mia).post(f"/mail/out/{mail.id}/attempts").status_code == 303
    assert (mail.state, mail.tries, verdicts(mail)) == (OutState.WAITING, 0, [(Decision.WAITING, "")])
    post.send()
    assert mail.state == OutState.SENT


def test_a_mail_of_which_nothing_is_left_when_its_time_comes_is_not_sent(mail, post, sink, world):
    world.ren.active = False
    db.commit()
    post.send()
    assert mail.state == OutState.DROPPED
    assert TO_REN not in sink.to


def test_a_mail_to_what_is_no_address_is_given_up_and_stops_no_other(mail, post, sink):
    bad = post.queue(Kind.REFUSED, "not an address")
    after = post.queue(Kind.CHECK, "help@example.org")
    post.send()
    assert bad.state == OutState.FAILED
    assert "address" in bad.error
    assert (mail.state, after.state) == (OutState.SENT, OutState.SENT)


def test_where_mails_are_caught_none_leaves_and_all_are_kept_as_they_would_have_gone(mail, post, sink):
    post.app.config["MAIL_CATCH"] = True
    post.send()
    assert sink.mails == []
    assert mail.state == OutState.SENT
    caught = db.session.query(CaughtMail).filter_by(address=TO_REN).one()
    assert mail.message_id.encode() in caught.raw


def test_the_failure_of_a_mail_that_tells_of_a_failure_is_told_nobody(post, sink, world):
    ticket = world.ticket()
    mail = post.queue(Kind.UNDELIVERED, world.mia.email, user_id=world.mia.id, ticket_id=ticket.id)
    sink.answers["RCPT"] = "550 no"
    post.send()
    assert mail.state == OutState.FAILED
    assert failures(world, ticket) == []


@pytest.mark.parametrize(
    "settings", [{"MAIL_FROM": ""}, {"MAIL_FROM": "Help desk"}, {"MAIL_REPLY_TO": "nobody at all"}]
)
def test_with_settings_that_cannot_be_mails_wait_and_it_is_said_why(mail, post, sink, settings):
    post.app.config.update(settings)
    post.send()
    assert (mail.state, mail.tries) == (OutState.WAITING, 0)
    assert next(iter(settings)) in way().error
    assert sink.hosts == []


def test_an_offer_to_choose_a_password_by_whom_may_no_more_is_not_sent(post, sink, world):
    log.record(EventName.PASSWORD_OFFERED, world.ana, user=world.ren, audience=Audience.STAFF)
    world.ana.role = Role.AGENT
    db.commit()
    post.deliver()
    (mail,) = [mail for mail in post.mails if mail.kind == Kind.PASSWORD]
    assert mail.state == OutState.DROPPED
    assert mail.error
    assert sink.mails == []


def test_what_cannot_be_written_for_a_fault_of_ours_is_tried_again_and_stops_no_other(mail, post, sink, monkeypatch):
    written = outbox.compose
    monkeypatch.setattr(outbox, "compose", lambda one, left: written(one, left) if one.id != mail.id else 1 / 0)
    post.send()
    assert (mail.state, mail.tries) == (OutState.WAITING, 1)
    assert "ZeroDivisionError" in mail.error
    assert "ana@example.org" in sink.to
    monkeypatch.undo()
    with clock.at(mail.due_at):
        post.send()
    assert mail.state == OutState.SENT


def test_what_cannot_be_handed_over_for_a_fault_of_ours_is_tried_again_and_stops_no_other(
    mail, post, sink, monkeypatch
):
    send = Line.send
    monkeypatch.setattr(Line, "send", lambda line, by, to, raw: send(line, by, to, raw) if to != TO_REN else 1 / 0)
    post.send()
    assert (mail.state, mail.tries) == (OutState.WAITING, 1)
    assert "ZeroDivisionError" in mail.error
    assert "ana@example.org" in sink.to
    monkeypatch.undo()
    with clock.at(mail.due_at):
        post.send()
    assert mail.state == OutState.SENT


def test_what_the_server_took_and_the_database_could_not_note_is_noted_later_and_not_sent_again(
    mail, post, sink, monkeypatch
):
    def full(_mail):
        raise OSError("no space left on device")

    monkeypatch.setattr(outbox.outgoing_actions, "mark_sent", full)
    with pytest.raises(OSError, match="no space"):
        post.send()
    assert len(sink.mails) == 1
    monkeypatch.undo()
    post.send()
    assert {each.state for each in post.mails} == {OutState.SENT}
    assert len(sink.mails) == len(post.mails)


def test_a_mail_taken_up_by_a_process_that_died_each_time_is_given_up(mail, post, sink):
    mail.tries = len(BACK_OFF) + 1
    db.commit()
    post.send()
    assert mail.state == OutState.FAILED
    assert "stopped" in mail.error


def test_what_somebody_else_has_taken_up_meanwhile_is_theirs_to_note(mail, post, sink, tmp_path):
    def another_takes_it(address):
        if address != TO_REN:
            return None
        with closing(sqlite3.connect(tmp_path / "test.db")) as connection, connection:
            connection.execute(
                "UPDATE outgoing_mails SET claimed_until = datetime(claimed_until, '+1 minute') WHERE id = ?", [mail.id]
            )
        return "550 no such person"

    sink.answers["RCPT"] = another_takes_it
    post.send()
    assert (mail.state, mail.error) == (OutState.SENDING, "")
    assert "ana@example.org" in sink.to


def test_a_mail_whose_claim_has_run_out_is_taken_up_again(mail, post, sink):
    mail.state, mail.claimed_until = OutState.SENDING, clock.now() + timedelta(minutes=1)
    db.commit()
    post.send()
    assert mail.state == OutState.SENDING
    with clock.at(clock.now() + timedelta(minutes=2)):
        post.send()
    assert mail.state == OutState.SENT
    assert sink.to.count(TO_REN) == 1


def test_a_server_that_takes_nothing_from_nobody_gets_refusals_from_the_desk_and_no_mail_waits_behind_one(post, sink):
    sink.answers["MAIL"] = lambda sender: "501 5.1.7 Invalid address" if sender == NOBODY else None
    refusal, after = post.queue(Kind.REFUSED, TO_REN), post.queue(Kind.CHECK, "help@example.org")
    post.send()
    assert (refusal.state, after.state) == (OutState.SENT, OutState.SENT)
    assert sink.senders == ["help@example.org", "help@example.org"]


def test_a_refusal_is_from_nobody_where_the_server_takes_that(post, sink):
    post.queue(Kind.REFUSED, TO_REN)
    post.send()
    assert sink.senders == [NOBODY]


@pytest.mark.parametrize("answer", ["554 5.7.1 Relay access denied", "530 5.7.0 Authentication required"])
def test_where_we_may_not_send_no_mail_is_given_up_and_health_is_told(mail, post, sink, answer):
    sink.answers["RCPT"] = answer
    post.send()
    assert {each.state for each in post.mails} == {OutState.WAITING}
    assert way().error == answer
    sink.answers.clear()
    with clock.at(max(each.due_at for each in post.mails) + REST):
        post.send()
    assert {each.state for each in post.mails} == {OutState.SENT}
    assert way().failing_since is None


def test_more_mails_than_a_provider_takes_in_a_day_wait_for_the_next_and_lose_no_try(mail, post, sink):
    sink.answers["DATA"] = "550 5.4.5 Daily user sending limit exceeded"
    for hours in range(24):
        with clock.at(clock.now() + timedelta(hours=hours)):
            post.send()
    assert {(each.state, each.tries) for each in post.mails} == {(OutState.WAITING, 0)}
    assert "Daily" in way().error
    sink.answers.clear()
    with clock.at(clock.now() + timedelta(hours=25)):
        post.send()
    assert {each.state for each in post.mails} == {OutState.SENT}


def test_one_whom_the_server_forbids_us_costs_the_others_a_moment(mail, post, sink):
    sink.answers["RCPT"] = lambda address: "554 5.7.1 Blocked" if address == TO_REN else None
    post.send()
    with clock.at(clock.now() + REST):
        post.send()
    assert (mail.state, mail.error) == (OutState.WAITING, "554 5.7.1 Blocked")
    assert {each.state for each in post.mails if each != mail} == {OutState.SENT}
    assert way().failing_since is None


@pytest.mark.parametrize("state", [OutState.WAITING, OutState.SENDING])
def test_what_waits_since_the_clock_was_far_ahead_does_not_wait_until_then(mail, post, sink, state):
    mail.state, mail.due_at = state, clock.now() + timedelta(days=400)
    mail.claimed_until = mail.due_at if state == OutState.SENDING else None
    db.commit()
    post.send()
    assert mail.state == OutState.SENT
    assert sink.to.count(TO_REN) == 1


def test_what_waits_for_days_waits_for_them(mail, post, sink):
    mail.due_at = clock.now() + timedelta(days=3)
    db.commit()
    post.send()
    assert mail.state == OutState.WAITING
