"""What is wrong with mail is found, with since when, why and what to do; what works is left in peace."""

from datetime import timedelta

import pytest

from informejo import clock, db, web
from informejo.doctor import mail_checks
from informejo.doctor.checks import NotChecked, Patient
from informejo.intake import mailboxes
from informejo.mail import health_queries, way_actions
from informejo.mail.models import IncomingMail, MailWay, OutgoingMail
from informejo.mail.words import SENDING, InState, Kind, OutState
from informejo.readers import Reader, following
from informejo.readers.models import KeptEvent
from informejo.tickets import confiding_actions
from tests import world as cast
from tests.live import dom

NOW = clock.now().replace(microsecond=0)
SMTP = {"SMTP_HOST": "smtp.example.org", "MAIL_FROM": "help@example.org"}
BOX = {"MAILBOXES": "imaps://help:word@imap.example.org"}
NAME = "help at imap.example.org, INBOX"
TOKENS = {
    "MAILBOXES": "imaps://help@imap.example.org?oauth=google",
    "OAUTH_CLIENT_ID": "desk",
    "OAUTH_REFRESH_TOKEN": "first",
}


@pytest.fixture
def ask(app, world):
    """`ask(check, NAME=value)`: what it finds now, on a desk with these settings."""

    def ask(check, **settings):
        db.session.rollback()
        app.config |= settings
        with clock.at(NOW):
            return check(Patient(dict(app.config), 1, [], post=health_queries.post()))

    return ask


def ago(**time):
    return clock.at(NOW - timedelta(**time))


def fails(name: str, words: str, **since):
    with ago(**since):
        way_actions.failed(name, words)
    db.commit()


def works(name: str, **when):
    with ago(**when):
        way_actions.went_well(name)
    db.commit()


def outgoing(state: OutState = OutState.WAITING, due=NOW, **fields) -> OutgoingMail:
    mail = OutgoingMail(kind=Kind.OPENED, address="ren@example.org", state=state, due_at=due, **fields)
    db.session.add(mail)
    db.commit()
    return mail


def incoming(state: InState, received_at=NOW):
    number = db.session.query(IncomingMail).count()
    db.session.add(
        IncomingMail(mailbox=NAME, stored_name=f"mail-{number}", size=1, state=state, received_at=received_at)
    )
    db.commit()


def test_without_settings_it_says_that_mails_wait_and_which_settings_are_missing(ask):
    found = ask(mail_checks.out)
    assert found.state == "look"
    assert "SMTP_HOST and MAIL_FROM" in found.sentence
    outgoing()
    assert "1 mail waits" in ask(mail_checks.out).sentence


def test_a_desk_that_catches_its_mails_says_so(ask):
    found = ask(mail_checks.out, MAIL_CATCH=True)
    assert found.state == "well"
    assert "/mail/caught" in found.sentence


def test_a_server_that_takes_mails_is_well(ask):
    works(SENDING, minutes=1)
    assert ask(mail_checks.out, **SMTP).state == "well"


@pytest.mark.parametrize(("minutes", "state"), [(5, "look"), (15, "broken"), (600, "broken")])
def test_a_server_that_fails_is_told_with_since_when_and_its_words(ask, minutes, state):
    fails(SENDING, "535 5.7.8 Bad credentials", minutes=minutes)
    outgoing(tries=1, due=NOW + timedelta(hours=2))
    found = ask(mail_checks.out, **SMTP)
    assert found.state == state
    assert found.since == NOW - timedelta(minutes=minutes)
    assert "535 5.7.8 Bad credentials. 1 mail waits." in found.sentence
    assert "check-mail" in found.remedy


def test_mails_that_nobody_takes_up_are_told_and_those_with_time_are_not(ask):
    outgoing(due=NOW + timedelta(hours=8))
    outgoing(due=NOW - timedelta(minutes=5))
    assert ask(mail_checks.out, **SMTP).state == "well"
    outgoing(due=NOW - timedelta(minutes=20))
    found = ask(mail_checks.out, **SMTP)
    assert found.state == "broken"
    assert found.since == NOW - timedelta(minutes=20)


def test_mails_that_were_given_up_are_counted(ask):
    outgoing(OutState.FAILED)
    outgoing(OutState.SENT)
    found = ask(mail_checks.out, **SMTP)
    assert found.state == "look"
    assert "1 mail was given up" in found.sentence
    outgoing(OutState.FAILED)
    assert "2 mails were given up" in ask(mail_checks.out, **SMTP).sentence


def test_those_of_confidential_tickets_are_counted_too_and_nothing_else_is_said_of_them(world, visit, ask):
    """Health is for administrators, who see that mail fails; which ticket it is about is for those who see that."""
    ticket = world.ticket(title="Whispered to few")
    confiding_actions.set_confidential(world.mia, ticket, True)
    mail = outgoing(OutState.FAILED, ticket_id=ticket.id, user_id=world.ren.id, error="550 no such person")
    assert "1 mail was given up" in ask(mail_checks.out, **SMTP).sentence
    ana, mia = visit(world.ana), visit(world.mia)
    ana.post("/health")
    page = dom.read(ana.get("/health").text).find("main").text
    assert "1 mail was given up" in page
    assert "Where one is missing there, it is about a ticket that is confidential" in page
    for told in (ticket.title, f"#{ticket.id}", mail.address, mail.error):
        assert told not in page
        assert told not in dom.read(ana.get("/mail/out").text).find("main").text
    assert mail.error in mia.get("/mail/out").text, "who sees it finds it, and sends it again"
    assert mia.get("/health").status_code == 403


def test_a_desk_without_mailboxes_is_well_and_says_how_mail_can_come_in(ask):
    found = ask(mail_checks.into)
    assert found.state == "well"
    assert "receive-mail" in found.sentence


def test_a_mailbox_that_works_is_well(ask):
    assert "not been looked into yet" in ask(mail_checks.into, **BOX).sentence
    works(NAME, minutes=1)
    assert ask(mail_checks.into, **BOX) == mail_checks.well("Mail comes in.")


def test_a_mistake_in_the_setting_is_told_without_its_password(ask):
    found = ask(mail_checks.into, MAILBOXES="imap://help:secret@imap.example.org")
    assert found.state == "broken"
    assert "MAILBOXES" in found.sentence
    assert "secret" not in found.sentence + found.remedy


@pytest.mark.parametrize(("minutes", "state"), [(5, "look"), (15, "broken")])
def test_a_mailbox_that_fails_is_told_by_name_with_since_when_and_why(ask, minutes, state):
    fails(NAME, "[AUTHENTICATIONFAILED] Authentication failed", minutes=minutes)
    found = ask(mail_checks.into, **BOX)
    assert found.state == state
    assert found.since == NOW - timedelta(minutes=minutes)
    assert f"{NAME}: [AUTHENTICATIONFAILED] Authentication failed." in found.sentence


def test_of_two_mailboxes_the_one_that_fails_is_told(ask):
    fails(NAME, "refused", minutes=20)
    works("other at imap.example.org, INBOX", minutes=1)
    both = f"{BOX['MAILBOXES']} imaps://other:word@imap.example.org"
    assert "other" not in ask(mail_checks.into, MAILBOXES=both).sentence
    fails("other at imap.example.org, INBOX", "refused too", minutes=5)
    found = ask(mail_checks.into, MAILBOXES=both)
    assert (found.state, found.since) == ("broken", NOW - timedelta(minutes=20))
    assert "refused too" in found.sentence


def test_a_mailbox_that_nobody_looks_into_any_more_is_told(ask):
    works(NAME, minutes=16)
    found = ask(mail_checks.into, **BOX)
    assert (found.state, found.since) == ("broken", NOW - timedelta(minutes=16))
    assert ask(mail_checks.into, **BOX, MAIL_POLL_SECONDS=3600).state == "well"


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (timedelta(days=30), "well", "Mail comes in."),
        (timedelta(days=6, hours=1), "look", "the token expires in 6 days"),
        (timedelta(days=1, hours=1), "look", "the token expires tomorrow"),
        (timedelta(hours=1), "look", "the token expires today"),
        (timedelta(hours=-1), "broken", "the token has expired"),
    ],
)
def test_the_end_of_a_token_is_foreseen(ask, left, state, words):
    works(NAME, minutes=1)
    way_actions.keep_token(NAME, "secret", NOW + left)
    db.commit()
    found = ask(mail_checks.into, **TOKENS)
    assert found.state == state
    assert words in found.sentence
    assert "secret" not in found.sentence


def test_mails_in_quarantine_and_mails_that_nobody_reads_are_told(ask):
    incoming(InState.TICKET)
    incoming(InState.NEW, NOW - timedelta(minutes=1))
    assert ask(mail_checks.into).state == "well"
    incoming(InState.QUARANTINED)
    found = ask(mail_checks.into)
    assert found.state == "look"
    assert "1 mail could not be read and waits in quarantine" in found.sentence
    incoming(InState.NEW, NOW - timedelta(minutes=20))
    found = ask(mail_checks.into)
    assert (found.state, found.since) == ("broken", NOW - timedelta(minutes=20))


def test_a_database_that_does_not_tell_is_no_reason_to_call_mail_ill(app):
    for check in (mail_checks.out, mail_checks.into, mail_checks.readers):
        with pytest.raises(NotChecked):
            check(Patient(dict(app.config), 1, []))


# Readers.


class Clumsy:
    """A reader that fails as long as it is told to."""

    def __init__(self):
        self.fails, self.seen = True, []

    def act(self, event):
        self.seen.append(event.id)
        if self.fails:
            raise ValueError("a <b>bad</b> event")


@pytest.fixture
def clumsy(app, world):
    """It has kept one event of Ren's ticket."""
    clumsy = Clumsy()
    reader = app.extensions["readers"]["clumsy"] = Reader("clumsy", clumsy.act)
    following.catch_up(reader)
    as_stored(world).ticket()
    following.catch_up(reader)
    as_stored(world)
    return clumsy


def as_stored(world):
    """The same cast; a reader that has caught up left the session in which they were."""
    for name, person in vars(cast.find()).items():
        setattr(world, name, person)
    return world


@pytest.fixture
def kept(clumsy) -> KeptEvent:
    return db.session.query(KeptEvent).filter_by(reader="clumsy").one()


def test_an_event_that_a_reader_could_not_deal_with_is_told_and_can_be_tried_again(ask, clumsy, kept, visit, world):
    assert "1 by clumsy" in ask(mail_checks.readers).sentence
    browser = visit(world.ana)
    page = browser.get("/health")
    assert "a &lt;b&gt;bad&lt;/b&gt; event" in page.text
    [form] = [form for form in dom.read(page.text).all("form") if form["action"].startswith("/health/readers/")]
    page = browser.post(form["action"], follow_redirects=True)
    assert web.NOTICES["event-still-kept"] in page.text
    assert "tried 2 times" in page.text
    clumsy.fails = False
    page = browser.post(form["action"], follow_redirects=True)
    assert web.NOTICES["event-dealt-with"] in page.text
    assert "could not be dealt with" not in page.text
    assert ask(mail_checks.readers).state == "well"
    assert browser.post(form["action"]).status_code == 404


@pytest.mark.parametrize("who", ["mia", "ren"])
def test_only_an_administrator_tries_again(clumsy, kept, visit, world, who):
    before = list(clumsy.seen)
    assert visit(getattr(world, who)).post(f"/health/readers/clumsy/{kept.event_id}").status_code == 403
    assert clumsy.seen == before


@pytest.mark.parametrize("place", ["nobody/1", "clumsy/1", f"clumsy/{2**70}", "clumsy/0"])
def test_an_event_that_nobody_kept_is_not_there(clumsy, visit, world, place):
    assert visit(world.ana).post(f"/health/readers/{place}").status_code == 404


# The banner.


def banners(page) -> list[str]:
    return [line.text for line in dom.read(page.text).all("p", class_name="banner")]


@pytest.fixture
def look(app, visit, world):
    app.config |= SMTP | BOX
    app.extensions["started"] = NOW - timedelta(days=1)

    def look(who: str = "ana", path: str = "/profile"):
        with clock.at(NOW):
            return banners(visit(getattr(world, who)).get(path))

    return look


def test_while_all_works_there_is_no_banner(look):
    works(SENDING, days=1)
    works(NAME, minutes=1)
    assert look() == []


@pytest.mark.parametrize(("name", "word"), [(SENDING, "Sending mail"), (NAME, "Fetching mail")])
def test_what_has_failed_for_fifteen_minutes_is_told_to_every_administrator_on_every_page(look, name, word):
    works(NAME, minutes=1)
    fails(name, "refused", minutes=14)
    assert look() == []
    db.session.query(MailWay).update({"failing_since": None})
    fails(name, "refused", minutes=15)
    for path in ("/profile", "/desk", "/queue", "/health", "/nowhere"):
        [banner] = look(path=path)
        assert word in banner
    assert look("mia") == look("ren") == []


def test_the_banner_says_since_when_and_leads_to_health(look, visit, world):
    works(NAME, minutes=1)
    fails(SENDING, "refused", hours=2)
    [banner] = dom.read(visit(world.ana).get("/profile").text).all("p", class_name="banner")
    assert banner.all("time")[0]["datetime"].startswith((NOW - timedelta(hours=2)).isoformat()[:16])
    assert banner.all("a")[0]["href"] == "/health"


def test_a_mailbox_that_nobody_looks_into_any_more_is_in_the_banner_too(look):
    works(NAME, minutes=30)
    [banner] = look()
    assert "Fetching mail" in banner


def test_a_desk_that_has_just_started_is_given_time(look, app):
    works(NAME, days=3)
    app.extensions["started"] = NOW - timedelta(minutes=1)
    assert look() == []


@pytest.mark.parametrize("settings", [{"SMTP_HOST": "", "MAILBOXES": ""}, {"MAIL_CATCH": True, "MAILBOXES": ""}])
def test_a_way_that_no_setting_names_any_more_is_in_no_banner(look, app, settings):
    fails(SENDING, "refused", hours=2)
    fails(NAME, "refused", hours=2)
    assert len(look()) == 2
    app.config |= settings
    assert look() == []


def test_the_amounts_are_those_that_metrics_tell(world):
    outgoing(due=NOW - timedelta(minutes=1))
    outgoing(due=clock.now() + timedelta(hours=1))
    outgoing(OutState.FAILED)
    incoming(InState.QUARANTINED)
    assert health_queries.amounts() == (1, 1, 1)


def test_mailboxes_have_the_names_of_their_ways(app):
    [box] = mailboxes.read(app.config | BOX)
    assert box.name == NAME
