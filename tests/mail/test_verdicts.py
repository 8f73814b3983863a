"""Who is mailed about what happens, who is not, and why: each event, for each person whom it concerns."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.live.hub import hub
from informejo.mail import actions as mail_actions, verdicts
from informejo.mail.models import IncomingMail
from informejo.mail.words import Decision, Kind, OutState, Pace, Why
from informejo.tickets import actions, change_actions
from informejo.tickets.words import Priority, Status
from tests.mail.deciding import catch_up, mails_to, told, verdicts_for

WAITING, BUNDLED, OWN, OFF = Decision.WAITING, Decision.BUNDLED, Decision.OWN, Decision.OFF
SEEN, GONE, NO_MAIL = Decision.SEEN, Decision.GONE, Decision.NO_MAIL


@pytest.fixture
def desk(world):
    """The cast, with the reader of mail at the end of the log."""
    catch_up()
    return world


@pytest.fixture
def ticket(desk):
    """Ren's ticket, which is with Mia, and of which everybody has been told."""
    ticket = desk.ticket()
    change_actions.assign(desk.tom, ticket, desk.mia)
    db.commit()
    catch_up()
    for user in (desk.ren, desk.mia, desk.ana):
        for mail in mails_to(user):
            end(mail)
    return ticket


def end(mail, state=OutState.SENT):
    """What the outbox does in the end."""
    mail.state = state
    for verdict in mail.verdicts:
        verdict.decision = Decision.SENT
    db.commit()


def news(user) -> list[tuple]:
    """What was decided for them that is not told yet."""
    return [each for each in told(user) if each[2] != Decision.SENT]


def choose(user, **fields):
    mail_actions.save_choices(user, **fields)
    db.commit()


def read(user, ticket):
    actions.mark_seen(user, ticket, ticket.last_event_id)
    db.commit()


def left(user) -> list[Kind]:
    """What the newest mail to them still says."""
    found = verdicts.left(mails_to(user)[-1])
    db.commit()
    return [verdict.kind for verdict in found]


# Whom it concerns.


def test_who_opens_a_ticket_gets_a_receipt_and_administrators_hear_of_it(desk):
    desk.ticket()
    assert told(desk.ren) == [(Kind.OPENED, Why.REQUESTER, WAITING)]
    assert told(desk.ana) == [(Kind.NEW, Why.NEW, WAITING)]
    assert told(desk.mia) == []


def test_a_ticket_that_staff_open_for_somebody_is_told_to_them_and_not_to_who_opened_it(desk):
    desk.ticket(desk.ana, requester=desk.gus)
    assert told(desk.gus) == [(Kind.OPENED, Why.REQUESTER, WAITING)]
    assert told(desk.ana) == [(Kind.NEW, Why.NEW, OWN)]


def test_a_reply_is_told_to_the_requester_and_not_to_its_author(desk, ticket):
    desk.comment(desk.mia, ticket)
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, WAITING)]
    assert news(desk.mia) == [(Kind.MESSAGE, Why.ASSIGNEE, OWN)]


def test_what_the_requester_says_is_told_to_the_assignee(desk, ticket):
    desk.comment(desk.ren, ticket)
    assert news(desk.mia) == [(Kind.MESSAGE, Why.ASSIGNEE, WAITING)]
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, OWN)]
    assert news(desk.ana) == []


def test_a_note_is_told_to_the_assignee_and_never_to_the_requester(desk, ticket):
    desk.note(ticket, "He is a bit slow, @Ana.", by=desk.tom)
    assert news(desk.mia) == [(Kind.MESSAGE, Why.ASSIGNEE, WAITING)]
    assert news(desk.ana) == [(Kind.MESSAGE, Why.MENTIONED, WAITING)]
    assert news(desk.ren) == []


def test_what_is_said_on_a_ticket_that_nobody_has_is_told_to_who_wants_to_hear_of_all(desk):
    ticket = desk.ticket()
    desk.comment(desk.ren, ticket)
    assert told(desk.ana)[1:] == [(Kind.MESSAGE, Why.NEW, WAITING)]


def test_a_colleague_who_is_mentioned_is_told(desk, ticket):
    desk.comment(desk.mia, ticket, "@Tom, please help")
    assert news(desk.tom) == [(Kind.MESSAGE, Why.MENTIONED, WAITING)]


def test_a_requester_mentions_nobody_and_is_mentioned_by_nobody(desk, ticket):
    desk.comment(desk.ren, ticket, "@Tom, please help, and @Zoe too")
    desk.comment(desk.mia, ticket, "@Zoe")
    assert news(desk.tom) == news(desk.zoe) == []


def test_an_inactive_colleague_is_not_mentioned(desk, ticket):
    desk.comment(desk.mia, ticket, "@Dan")
    assert told(desk.dan) == []


def test_each_person_is_told_once_for_the_first_reason_that_fits(desk, ticket):
    mail_actions.watch(desk.mia, ticket, desk.mia)
    desk.comment(desk.tom, ticket, "@Mia")
    assert news(desk.mia) == [(Kind.MESSAGE, Why.ASSIGNEE, WAITING)]


def test_a_new_status_is_told_to_requester_assignee_and_watchers(desk, ticket):
    mail_actions.watch(desk.ana, ticket, desk.ana)
    change_actions.set_status(desk.tom, ticket, Status.RESOLVED)
    db.commit()
    assert news(desk.ren) == [(Kind.STATUS, Why.REQUESTER, WAITING)]
    assert news(desk.mia) == [(Kind.STATUS, Why.ASSIGNEE, WAITING)]
    assert news(desk.ana) == [(Kind.STATUS, Why.WATCHER, WAITING)]


def test_a_ticket_that_is_given_to_somebody_is_told_to_them_alone(desk, ticket):
    change_actions.assign(desk.mia, ticket, desk.tom)
    db.commit()
    assert news(desk.tom) == [(Kind.ASSIGNED, Why.ASSIGNEE, WAITING)]
    assert news(desk.ren) == news(desk.mia) == []


def test_a_ticket_that_somebody_claims_is_told_to_nobody(desk):
    ticket = desk.ticket()
    change_actions.assign(desk.tom, ticket, desk.tom)
    db.commit()
    assert told(desk.tom) == [(Kind.ASSIGNED, Why.ASSIGNEE, OWN)]


def test_of_several_assignments_only_the_last_is_told(desk):
    ticket = desk.ticket()
    change_actions.assign(desk.ana, ticket, desk.tom)
    change_actions.assign(desk.ana, ticket, desk.mia)
    db.commit()
    assert told(desk.tom) == []
    assert told(desk.mia) == [(Kind.ASSIGNED, Why.ASSIGNEE, WAITING)]


def test_what_else_happens_to_a_ticket_is_told_to_nobody(desk, ticket):
    change_actions.set_priority(desk.tom, ticket, Priority.CRITICAL)
    comment = desk.comment(desk.mia, ticket)
    catch_up()
    before = [len(told(user)) for user in (desk.ren, desk.mia, desk.ana)]
    change_actions.edit_comment(desk.mia, comment, body="It is fixed.", version=1)
    change_actions.delete_ticket(desk.ana, ticket)
    change_actions.restore_ticket(desk.ana, ticket)
    db.commit()
    assert [len(told(user)) for user in (desk.ren, desk.mia, desk.ana)] == before


def test_who_is_made_a_watcher_by_a_colleague_is_told_and_who_begins_to_watch_is_not(desk, ticket):
    mail_actions.watch(desk.mia, ticket, desk.tom)
    mail_actions.watch(desk.ana, ticket, desk.ana)
    db.commit()
    assert news(desk.tom) == [(Kind.WATCHING, Why.WATCHER, WAITING)]
    assert news(desk.ana) == []


@pytest.mark.parametrize("has_it", [True, False])
def test_a_mail_that_did_not_arrive_is_told_to_the_assignee_or_to_who_wants_to_hear_of_all(desk, ticket, has_it):
    if not has_it:
        change_actions.assign(desk.mia, ticket, None)
    log.record(EventName.MAIL_FAILED, None, ticket=ticket, audience=Audience.STAFF)
    db.commit()
    expected = [(Kind.UNDELIVERED, Why.ASSIGNEE, WAITING)], [(Kind.UNDELIVERED, Why.NEW, WAITING)]
    assert news(desk.mia) == (expected[0] if has_it else [])
    assert news(desk.ana) == ([] if has_it else expected[1])
    assert news(desk.ren) == []


def test_nobody_is_told_by_mail_that_no_mail_reaches_them(desk, ticket):
    log.record(EventName.MAIL_FAILED, None, ticket=ticket, user=desk.mia, audience=Audience.STAFF)
    db.commit()
    assert news(desk.mia) == []
    assert news(desk.ana) == [(Kind.UNDELIVERED, Why.NEW, WAITING)]
    log.record(EventName.MAIL_FAILED, None, ticket=ticket, user=desk.ana, audience=Audience.STAFF)
    change_actions.assign(desk.mia, ticket, None)
    db.commit()
    assert len(news(desk.ana)) == 1


def test_a_link_to_choose_a_password_goes_to_who_asked_for_it_at_once(desk):
    choose(desk.ren, pace=Pace.DAILY, quiet_from=0, quiet_to=1439)
    log.record(EventName.PASSWORD_OFFERED, desk.ren, user=desk.ren, audience=Audience.STAFF)
    db.commit()
    assert told(desk.ren) == [(Kind.PASSWORD, Why.ACCOUNT, WAITING)]
    assert verdicts.quiet_until(mails_to(desk.ren)[0]) is None


# Who is not mailed, although it concerns them.


def test_what_somebody_switched_off_is_not_mailed(desk, ticket):
    choose(desk.ren, mine=False)
    desk.comment(desk.mia, ticket)
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, OFF)]


def test_who_is_shut_out_gets_no_mail(desk, ticket):
    rights_actions.set_active(desk.ana, desk.ren, False)
    desk.comment(desk.mia, ticket)
    (verdict,) = [verdict for verdict in verdicts_for(desk.ren) if verdict.decision != Decision.SENT]
    assert (verdict.decision, verdict.detail) == (NO_MAIL, "Their account is not active.")


def test_a_watcher_who_left_the_desk_is_told_nothing(desk, ticket):
    mail_actions.watch(desk.tom, ticket, desk.tom)
    db.commit()
    rights_actions.set_role(desk.ana, desk.tom, Role.USER)
    desk.comment(desk.mia, ticket)
    assert news(desk.tom) == [(Kind.MESSAGE, Why.WATCHER, GONE)]


def test_what_a_page_reported_as_read_is_not_mailed(desk, ticket):
    desk.comment(desk.mia, ticket)
    read(desk.ren, ticket)
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, SEEN)]


def test_the_receipt_comes_also_when_its_page_is_open(desk):
    ticket = desk.ticket()
    read(desk.ren, ticket)
    assert told(desk.ren) == [(Kind.OPENED, Why.REQUESTER, WAITING)]


def test_a_receipt_of_what_others_wrote_is_not_needed_once_it_is_read(desk):
    ticket = desk.ticket(desk.mia, requester=desk.ren)
    read(desk.ren, ticket)
    assert told(desk.ren) == [(Kind.OPENED, Why.REQUESTER, SEEN)]


# Asked again when the mail is sent.


def test_a_mail_that_is_sent_at_once_says_what_happened(desk, ticket):
    desk.comment(desk.mia, ticket)
    assert left(desk.ren) == [Kind.MESSAGE]


def test_what_was_read_while_it_waited_is_not_sent(desk, ticket):
    desk.comment(desk.mia, ticket)
    catch_up()
    read(desk.ren, ticket)
    assert left(desk.ren) == []
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, SEEN)]


def test_who_has_a_page_open_is_mailed_a_little_later_so_that_they_can_read_it_there(desk, ticket):
    page = hub.subscribe((), desk.ren.id, 1, per_user=1, total=1, lasts=60)
    desk.comment(desk.mia, ticket)
    catch_up()
    reading = mails_to(desk.ren)[-1]
    assert reading.due_at - clock.now() > timedelta(seconds=15)
    assert reading.kind == Kind.MESSAGE
    hub.drop(page)
    desk.comment(desk.mia, ticket)
    catch_up()
    assert mails_to(desk.ren)[-1].due_at <= clock.now(), "nobody is waited for who has no page"


def test_what_was_switched_off_while_it_waited_is_not_sent(desk, ticket):
    desk.comment(desk.mia, ticket)
    catch_up()
    choose(desk.ren, mine=False)
    assert left(desk.ren) == []
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, OFF)]


def test_what_went_into_the_bin_while_it_waited_is_not_sent(desk, ticket):
    desk.comment(desk.mia, ticket)
    catch_up()
    change_actions.delete_ticket(desk.ana, ticket)
    assert left(desk.ren) == []
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, GONE)]


def test_a_note_that_waited_is_not_sent_to_who_left_the_desk(desk):
    ticket = desk.ticket(desk.tom)
    mail_actions.watch(desk.mia, ticket, desk.tom)
    desk.note(ticket, "@Tom must not read this", by=desk.mia)
    catch_up()
    rights_actions.set_role(desk.ana, desk.tom, Role.USER)
    db.commit()
    assert left(desk.tom) == []
    assert told(desk.tom)[-1] == (Kind.MESSAGE, Why.MENTIONED, GONE)


def test_who_was_shut_out_while_it_waited_gets_nothing(desk, ticket):
    desk.comment(desk.mia, ticket)
    catch_up()
    rights_actions.set_active(desk.ana, desk.ren, False)
    assert left(desk.ren) == []


def test_who_does_not_watch_any_more_gets_nothing(desk, ticket):
    mail_actions.watch(desk.tom, ticket, desk.tom)
    desk.comment(desk.mia, ticket)
    catch_up()
    mail_actions.unwatch(desk.tom, ticket, desk.tom)
    assert left(desk.tom) == []
    assert news(desk.tom) == [(Kind.MESSAGE, Why.WATCHER, OFF)]


def test_a_ticket_that_was_given_on_is_not_announced(desk, ticket):
    change_actions.assign(desk.mia, ticket, desk.tom)
    db.commit()
    catch_up()
    change_actions.assign(desk.mia, ticket, desk.ana)
    assert left(desk.tom) == []
    assert news(desk.tom) == [(Kind.ASSIGNED, Why.ASSIGNEE, GONE)]


def test_a_message_that_went_to_another_ticket_is_not_mailed_from_the_old_one(desk, ticket):
    comment, other = desk.comment(desk.ren, ticket), desk.ticket(desk.zoe)
    catch_up()
    comment.ticket_id = other.id
    db.commit()
    assert left(desk.mia) == []
    assert news(desk.mia) == [(Kind.MESSAGE, Why.ASSIGNEE, GONE)]


def test_a_mail_that_is_about_no_event_has_nothing_left_to_say(desk):
    mail = mail_actions.queue(Kind.CHECK, "help@example.org")
    assert verdicts.left(mail) == []


# Bundles.


def test_several_events_go_out_in_one_bundle(desk, ticket):
    choose(desk.ren, pace=Pace.BUNDLED)
    now = clock.now()
    for minutes, body in ((0, "We look into it."), (20, "It is fixed.")):
        with clock.at(now + timedelta(minutes=minutes)):
            desk.comment(desk.mia, ticket, body)
            catch_up()
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, BUNDLED)] * 2
    bundle = mails_to(desk.ren)[-1]
    assert bundle.due_at == now + timedelta(minutes=30)
    assert verdicts.kind_of(bundle, verdicts.left(bundle)) == Kind.BUNDLE


def test_of_a_bundle_in_which_one_notice_is_left_a_mail_like_any_other_is_made(desk, ticket):
    choose(desk.ren, pace=Pace.BUNDLED)
    desk.comment(desk.mia, ticket)
    catch_up()
    read(desk.ren, ticket)
    change_actions.set_status(desk.mia, ticket, Status.RESOLVED)
    db.commit()
    bundle = mails_to(desk.ren)[-1]
    assert verdicts.kind_of(bundle, verdicts.left(bundle)) == Kind.STATUS


def test_in_quiet_hours_mails_wait_in_a_bundle_until_their_end(desk, ticket):
    now = clock.now()
    minute = now.hour * 60 + now.minute
    choose(desk.ren, quiet_from=minute, quiet_to=(minute + 120) % 1440)
    desk.comment(desk.mia, ticket)
    assert news(desk.ren) == [(Kind.MESSAGE, Why.REQUESTER, BUNDLED)]
    (verdict,) = mails_to(desk.ren)[-1].verdicts
    assert verdict.detail.startswith("Quiet hours end at ")
    assert verdicts.quiet_until(verdict.mail) == verdict.mail.due_at


def test_a_bundle_that_somebody_tried_to_send_takes_no_more(desk, ticket):
    choose(desk.ren, pace=Pace.BUNDLED)
    desk.comment(desk.mia, ticket)
    first = mails_to(desk.ren)[-1]
    first.tries = 1
    db.commit()
    desk.comment(desk.mia, ticket, "It is fixed.")
    assert mails_to(desk.ren)[-1] is not first
    assert len(first.verdicts) == 1


def test_a_bundle_that_somebody_has_begun_to_send_takes_no_more(desk, ticket):
    choose(desk.ren, pace=Pace.BUNDLED)
    desk.comment(desk.mia, ticket)
    first = mails_to(desk.ren)[-1]
    with clock.at(first.due_at):
        desk.comment(desk.mia, ticket, "It is fixed.")
        assert mails_to(desk.ren)[-1] is first, "it waits, since no server takes it"
        first.state = OutState.SENDING
        db.commit()
        desk.comment(desk.mia, ticket, "It is fixed for good.")
        assert mails_to(desk.ren)[-1] is not first


# What goes out by itself is little.


def opened_by_mail(desk, by, **fields):
    ticket = desk.ticket(by)
    stored = {"mailbox": "help", "stored_name": str(ticket.id), "size": 1}
    db.session.add(IncomingMail(**stored, ticket=ticket, **fields))
    db.commit()
    return ticket


def receipts(user) -> list[tuple[Decision, str]]:
    return [(verdict.decision, verdict.detail) for verdict in verdicts_for(user) if verdict.kind == Kind.OPENED]


def test_a_ticket_that_came_by_mail_gets_its_receipt(desk):
    opened_by_mail(desk, desk.gus)
    assert receipts(desk.gus) == [(WAITING, "")]
    assert mails_to(desk.gus)[0].incoming_id is not None


@pytest.mark.parametrize("fields", [{"automatic": True}, {"dmarc": "fail"}])
def test_a_machine_and_a_forged_sender_are_not_answered(desk, fields):
    opened_by_mail(desk, desk.gus, **fields)
    ((decision, why),) = receipts(desk.gus)
    assert decision == NO_MAIL
    assert why
    assert told(desk.ana)[0][2] == WAITING  # a ticket like any other


def test_who_writes_several_mails_a_day_gets_one_automatic_answer(desk):
    for _ in range(2):
        opened_by_mail(desk, desk.gus)
    catch_up()
    with clock.at(clock.now() + timedelta(hours=25)):
        opened_by_mail(desk, desk.gus)
        assert [decision for decision, _ in receipts(desk.gus)] == [WAITING, NO_MAIL, WAITING]


def test_a_receipt_of_a_ticket_from_the_page_is_no_answer_to_a_mail(desk):
    desk.ticket(desk.ren)
    opened_by_mail(desk, desk.ren)
    assert [decision for decision, _ in receipts(desk.ren)] == [WAITING, WAITING]


def test_what_staff_write_to_a_machine_is_mailed(desk):
    ticket = opened_by_mail(desk, desk.gus, automatic=True)
    desk.comment(desk.mia, ticket)
    assert told(desk.gus)[1:] == [(Kind.MESSAGE, Why.REQUESTER, WAITING)]


@pytest.mark.parametrize(("confirmed", "most"), [(True, 5), (False, 3)])
def test_an_address_gets_few_automatic_mails_an_hour(desk, confirmed, most):
    desk.zoe.confirmed_at = clock.now() if confirmed else None
    for _ in range(7):
        desk.ticket(desk.zoe)
    assert [decision for decision, _ in receipts(desk.zoe)] == [WAITING] * most + [NO_MAIL] * (7 - most)
    assert f"{most} automatic mails" in receipts(desk.zoe)[-1][1]
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        desk.ticket(desk.zoe)
        assert receipts(desk.zoe)[-1] == (WAITING, "")


def test_an_address_that_nobody_confirmed_gets_ten_automatic_mails_a_day(desk):
    desk.zoe.confirmed_at = None
    begin = clock.now()
    for hour in range(13):
        with clock.at(begin + timedelta(hours=hour, minutes=hour)):
            desk.ticket(desk.zoe)
            catch_up()
    decisions = [decision for decision, _ in receipts(desk.zoe)]
    assert decisions == [WAITING] * 10 + [NO_MAIL] * 3
    with clock.at(begin + timedelta(hours=25)):
        desk.comment(desk.zoe, desk.ticket(desk.zoe))
        assert receipts(desk.zoe)[-1] == (WAITING, "")


def test_a_bundle_counts_when_something_in_it_is_automatic(desk):
    desk.zoe.confirmed_at = None
    db.commit()
    choose(desk.zoe, pace=Pace.BUNDLED, bundle_minutes=1)
    begin = clock.now()
    for minutes in range(0, 10, 2):
        with clock.at(begin + timedelta(minutes=minutes)):
            desk.ticket(desk.zoe)
            end(mails_to(desk.zoe)[-1])
    assert [decision for decision, _ in receipts(desk.zoe)] == [Decision.SENT] * 3 + [NO_MAIL] * 2


@pytest.mark.hardening("H-45")
def test_behind_a_plus_it_is_the_same_mailbox(desk):
    for number in range(3):
        assert mail_actions.queue(Kind.REFUSED, f"stranger+{number}@example.org")
    for address in ("stranger@example.org", "stranger+9@example.org", "stranger+1@example.org"):
        assert mail_actions.queue(Kind.REFUSED, address) is None
    for address in ("stranger@example.net", "strange@example.org", "str%+1@example.org", "stranger2@example.org"):
        assert mail_actions.queue(Kind.REFUSED, address)


def test_a_refusal_counts_against_the_same_limits(desk):
    assert all(mail_actions.queue(Kind.REFUSED, "stranger@example.org") for _ in range(3))
    assert mail_actions.queue(Kind.REFUSED, "stranger@example.org") is None
    assert mail_actions.queue(Kind.CHECK, "stranger@example.org")
    assert mail_actions.queue(Kind.REFUSED, "other@example.org")


def test_what_was_dropped_does_not_count(desk):
    for _ in range(3):
        mail_actions.queue(Kind.REFUSED, "stranger@example.org").state = OutState.DROPPED
    assert mail_actions.queue(Kind.REFUSED, "stranger@example.org")
