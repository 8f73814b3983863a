"""Automatic mail is known, loops end, and only our own server's word on a sender counts."""

import pytest

from informejo.mime import guards
from informejo.mime.parsing import parse

AUTOMATIC = (
    *(
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (vacation)",
        "auto-submitted: AUTO-NOTIFIED; x=1",
    ),
    *("Precedence: bulk", "Precedence: Junk", "Precedence: list", "Precedence: auto_reply", "X-Autoreply: yes"),
    *("X-Autorespond: x", "X-Auto-Response-Suppress: All", "List-Id: <a.b>", "List-Unsubscribe: <https://a.b>"),
    *("Return-Path: <>", "Return-Path: < >", "X-Informejo-Loop: other.example", "X-Failed-Recipients: a@b"),
    *("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "X-Cron-Env: <LANG=C>"),
)
BY_HAND = ("Auto-Submitted: no", "Precedence: first-class", "Return-Path: <ann@example.com>", "X-Mailer: Outlook")
BY_HAND += ("X-Auto-Response-Suppress: None", "Subject: [firing] the new one")
MACHINES = ("mailer-daemon", "MAILER-DAEMON", "postmaster", "no-reply", "noreply+7", "do_not_reply", "nagios", "alerts")
PEOPLE = ("ann", "reply", "norbert", "rooty", "ann.alerts", "support")
OURS = "mx.desk.example"
PASS, FAIL = f"{OURS}; dmarc=pass header.from=example.com", f"{OURS}; dmarc=fail header.from=example.com"
PASSED = "dmarc/1 = pass (p=none) header.from=example.com"
HOP, OUR_HOP = "Received: from a by relay.evil.example with SMTP", f"Received: from relay by {OURS} with ESMTPS"


@pytest.mark.parametrize("line", AUTOMATIC)
def test_automatic_mail_is_known_by_its_head_and_the_reason_is_a_sentence(line):
    reason = guards.is_automatic(mail(line))
    assert reason.endswith(".")
    assert reason[0].isupper()


@pytest.mark.parametrize("line", BY_HAND)
def test_mail_that_somebody_wrote_is_not_automatic(line):
    assert guards.is_automatic(mail(line)) == ""


@pytest.mark.parametrize("name", MACHINES)
def test_machines_are_known_by_their_names(name):
    assert guards.is_automatic(mail(sender=f"{name}@example.com"))


@pytest.mark.parametrize("name", PEOPLE)
def test_people_are_no_machines(name):
    assert not guards.is_automatic(mail(sender=f"{name}@example.com"))


def test_a_mail_from_one_of_our_own_addresses_is_a_loop():
    own = ["Help@desk.example", "it+@desk.example"]
    assert guards.is_loop(mail(sender="help@DESK.example"), own)
    assert guards.is_loop(mail(sender="it+7.3.abc@desk.example"), own)
    assert not guards.is_loop(mail(sender="ann@desk.example"), own)


def test_our_own_mark_is_a_loop_and_that_of_another_desk_is_not():
    assert guards.is_loop(mail("X-Informejo-Loop: Desk.example"), ["help@desk.example"])
    assert not guards.is_loop(mail("X-Informejo-Loop: other.example"), ["help@desk.example"])


def test_a_mail_that_went_through_very_many_servers_is_a_loop():
    assert guards.is_loop(mail(*[HOP] * 51), [])
    assert not guards.is_loop(mail(*[HOP] * 50), [])


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ("pass", [f"Authentication-Results: {PASS}"]),
        ("fail", [f"Authentication-Results: {FAIL}"]),
        ("pass", [f"authentication-results: {PASS}".upper()]),
        ("pass", [f"Authentication-Results: {PASS}", OUR_HOP, HOP]),
        ("pass", [OUR_HOP, f"Authentication-Results: {PASS}", HOP]),  # as Gmail has it
        ("pass", [f"Authentication-Results: {OURS} 1; spf=pass (a; b) smtp.mailfrom=x; {PASSED}"]),
        ("pass", [f"Authentication-Results: {OURS}; spf=pass", f"Authentication-Results: {PASS}"]),
        ("pass", [f'Authentication-Results: "{OURS}"; dmarc=pass reason="a; dmarc=fail" header.from=example.com']),
        ("", [f"Authentication-Results: {OURS}; none"]),
        ("", [f"Authentication-Results: {OURS}; dmarc=none"]),
        ("", [f"Authentication-Results: {OURS}; dkim=pass (dmarc=pass)"]),
        ("", [f"Authentication-Results: {OURS}; dmarc=pass header.from=evil.example"]),  # it is about another sender
        ("", [f"Authentication-Results: {OURS}; dmarc=pass"]),  # it does not say about whom
        ("", []),
    ],
)
def test_the_word_of_our_own_server_counts(result, lines):
    assert guards.dmarc(mail(*lines), OURS) == result


@pytest.mark.hardening("H-41")
@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ("", ["Authentication-Results: mx.evil.example; dmarc=pass header.from=example.com"]),
        ("", [f"Authentication-Results: x{PASS}"]),
        ("", [f"Authentication-Results: ({OURS}) mx.evil.example; dmarc=pass header.from=example.com"]),
        ("", [HOP, f"Authentication-Results: {PASS}"]),
        ("", [OUR_HOP, HOP, f"Authentication-Results: {PASS}"]),
        ("", ["Received: by", f"Authentication-Results: {PASS}"]),
        ("", [f"Authentication-Results: {OURS}; none", OUR_HOP, f"Authentication-Results: {PASS}"]),
        ("fail", [f"Authentication-Results: {FAIL}", f"Authentication-Results: {PASS}"]),
        ("fail", [f"Authentication-Results: {PASS}", f"Authentication-Results: {FAIL}"]),
        ("", [f"Authentication-Results: {PASS}", "From: boss@desk.example"]),
    ],
)
def test_a_word_that_came_with_the_mail_does_not_count(result, lines):
    assert guards.dmarc(mail(*lines), OURS) == result


@pytest.mark.hardening("H-41")
def test_a_second_sender_takes_no_failure_away():
    failed = f"Authentication-Results: {FAIL}"
    assert guards.dmarc(mail(failed, sender="ann@example.com, bob@example.com"), OURS) == "fail"
    assert guards.dmarc(mail(failed, "From: bob@example.com"), OURS) == "fail"


def test_a_mail_of_two_senders_is_vouched_for_by_nobody():
    assert guards.dmarc(mail(f"Authentication-Results: {PASS}", sender="ann@example.com, bob@example.com"), OURS) == ""


def test_without_a_trusted_server_no_word_counts():
    assert guards.dmarc(mail(f"Authentication-Results: {PASS}"), "") == ""


def mail(*lines: str, sender: str = "ann@example.com"):
    return parse("\r\n".join([*lines, f"From: {sender}", "", "Hello"]).encode())
