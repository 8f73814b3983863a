"""Bundles and quiet hours as they go out: one mail for several events, and none at night."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from informejo import clock, db
from informejo.accounts import merge_actions, password_actions
from informejo.mail import actions as mail_actions, verdicts
from informejo.mail.models import Verdict
from informejo.mail.words import Decision, Kind, OutState, Pace
from informejo.tickets import actions

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
REN = "ren@example.org"


@pytest.fixture
def ticket(post, sink, world):
    """Ren's, whose mails come in bundles; the receipt is read."""
    mail_actions.save_choices(world.ren, pace=Pace.BUNDLED, receipt=False)
    with clock.at(NOON):
        ticket = world.ticket()
        post.deliver()
    return ticket


def say(world, post, ticket, minutes: int, body: str):
    with clock.at(NOON + timedelta(minutes=minutes)):
        world.comment(world.mia, ticket, body)
        post.deliver()


def newest(post):
    """The newest mail to Ren."""
    return [mail for mail in post.mails if mail.address == REN][-1]


def deliver(post, minutes: int):
    with clock.at(NOON + timedelta(minutes=minutes)):
        post.deliver()


def test_what_happened_in_half_an_hour_is_one_mail(world, post, sink, ticket):
    say(world, post, ticket, 1, "We look into it.")
    say(world, post, ticket, 20, "It is fixed.")
    assert REN not in sink.to
    deliver(post, 32)
    assert sink.to.count(REN) == 1
    mail = newest(post)
    assert (mail.kind, mail.state, len(mail.verdicts)) == (Kind.BUNDLE, OutState.SENT, 2)
    assert {verdict.decision for verdict in mail.verdicts} == {Decision.SENT}


def test_what_waits_for_an_account_that_is_merged_goes_to_the_one_that_stays_and_what_led_into_it_nowhere(
    world, post, sink, ticket
):
    say(world, post, ticket, 1, "We look into it.")
    with clock.at(NOON + timedelta(minutes=2)):
        password_actions.offer_password(world.ana, world.ren)
        db.commit()
        post.read()
        merge_actions.merge(world.ana, world.ren, world.zoe)
        db.commit()
        post.send()
    waited = [mail for mail in post.mails if mail.address == REN]
    assert {mail.state for mail in waited} == {OutState.DROPPED}
    assert (REN in sink.to, sink.to.count("zoe@example.org")) == (False, 1)
    decided = db.session.scalars(select(Verdict).where(Verdict.user_id == world.ren.id)).all()
    assert {(one.decision, one.detail) for one in decided if one.decision != Decision.OFF} == {
        (Decision.NO_MAIL, verdicts.MERGED)
    }


def test_while_no_server_takes_mail_what_is_bundled_stays_one_mail(world, post, sink, ticket):
    port, post.app.config["SMTP_HOST"] = post.app.config["SMTP_HOST"], ""
    for minutes in (0, 45, 90, 24 * 60):
        say(world, post, ticket, minutes, f"After {minutes} minutes.")
        deliver(post, minutes)
    post.app.config["SMTP_HOST"] = port
    deliver(post, 25 * 60)
    assert sink.to.count(REN) == 1
    said = sink.last.get_body(("plain",)).get_content()
    assert all(f"After {minutes} minutes." in said for minutes in (0, 45, 90, 24 * 60))


def test_what_was_read_meanwhile_is_left_out(world, post, sink, ticket):
    say(world, post, ticket, 1, "We look into it.")
    actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    say(world, post, ticket, 20, "It is fixed.")
    deliver(post, 32)
    assert sink.to.count(REN) == 1
    assert [verdict.event.comment.body for verdict in newest(post).verdicts] == ["It is fixed."]


def test_when_all_of_it_was_read_no_mail_goes_out(world, post, sink, ticket):
    say(world, post, ticket, 1, "We look into it.")
    actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    deliver(post, 32)
    assert REN not in sink.to
    assert newest(post).state == OutState.DROPPED


def test_a_mail_that_was_late_does_not_come_in_quiet_hours(world, post, sink, ticket):
    mail_actions.save_choices(world.ren, pace=Pace.ONCE)
    post.app.config["SMTP_HOST"] = ""  # for some hours no mail can be sent
    say(world, post, ticket, 1, "We look into it.")
    mail_actions.save_choices(world.ren, quiet_from=18 * 60, quiet_to=22 * 60)
    db.commit()
    post.app.config["SMTP_HOST"] = "127.0.0.1"
    deliver(post, 7 * 60)
    assert REN not in sink.to
    deliver(post, 10 * 60)
    assert sink.to.count(REN) == 1
    assert newest(post).tries == 1


def test_mails_about_failed_mails_come_to_an_end_when_they_fail_too(world, post, sink, ticket):
    mail_actions.save_choices(world.ana, pace=Pace.BUNDLED, bundle_minutes=1)
    mail_actions.save_choices(world.mia, pace=Pace.BUNDLED, bundle_minutes=1, all_new=True)
    db.commit()
    sink.answers["RCPT"] = lambda address: "550 5.1.1 No such person here"
    say(world, post, ticket, 1, "We look into it.")
    counts = []
    for minutes in range(34, 60, 2):
        deliver(post, minutes)
        counts.append(len(post.mails))
    assert any(verdict.kind == Kind.UNDELIVERED for mail in post.mails for verdict in mail.verdicts)
    assert counts[-1] == counts[5]
