"""Mail is fetched from a real mailbox: each one once, none is lost, and whatever is wrong there is told."""

import itertools
import os
import signal
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from informejo import clock, db
from informejo.intake import fetching, imap, inbound, lease_actions, mailboxes
from informejo.intake.fetching import Fetching
from informejo.live.hub import hub
from informejo.mail.models import IncomingMail, MailWay, OutgoingMail
from informejo.mail.words import InState, Kind
from informejo.tickets import files
from tests.forks import dies
from tests.intake import dovecot as server
from tests.intake.servers import Damaged, Dripping, Silent, Withholding
from tests.waiting import until


@pytest.fixture(scope="module")
def running():
    with server.running() as running:
        yield running


@pytest.fixture
def dovecot(running):
    running.empty()
    return running


@pytest.fixture
def box(app, dovecot):
    """The one mailbox that the desk fetches from."""
    return use(app, dovecot.setting())


def use(app, setting: str) -> mailboxes.Mailbox:
    app.config["MAILBOXES"] = setting
    return mailboxes.read(app.config)[0]


def mail(number: int, size: int = 0) -> bytes:
    head = f"From: ren@example.org\r\nSubject: Mail {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n"
    return f"{head}It is number {number}.\r\n".encode() + b"x" * 76 * (size // 76)


def kept() -> list[str]:
    """The subjects of what the desk has, in the order in which it came."""
    db.session.rollback()
    mails = db.session.scalars(select(IncomingMail).order_by(IncomingMail.id)).all()
    return [subject(files.read(mail.stored_name)) for mail in mails]


def subject(raw: bytes) -> str:
    return raw.decode("latin-1").partition("Subject: ")[2].partition("\r\n")[0]


def way(box) -> MailWay:
    db.session.rollback()
    return db.session.get(MailWay, box.name)


def test_every_mail_is_kept_and_taken_out_the_oldest_first(dovecot, box):
    dovecot.deliver(*[mail(number) for number in range(50)])
    Fetching().fetch(box)
    assert kept() == [f"Mail {number}" for number in range(50)]
    assert dovecot.left() == 0
    assert way(box).well_at
    assert way(box).failing_since is None


def test_bytes_are_kept_as_they_are(dovecot, box):
    raw = b"Subject: =?x?q?=FF?=\r\nX-Odd:\xff\x00\x80\r\n\r\n" + bytes(range(256)).replace(b"\n", b"").replace(
        b"\r", b""
    )
    dovecot.deliver(raw)
    Fetching().fetch(box)
    [mail] = db.session.scalars(select(IncomingMail))
    assert files.read(mail.stored_name).replace(b"\x80", b"\x00") == raw.replace(b"\x80", b"\x00")


def test_what_somebody_else_marked_as_deleted_is_not_taken_out_with_ours(dovecot, box):
    dovecot.deliver(mail(0), mail(1), mail(2))
    with imap.opened(box) as mailbox:
        theirs, ours, _ = mailbox.uids()
        mailbox._ask("STORE", str(theirs), "+FLAGS.SILENT", r"(\Deleted)")
        mailbox.remove([ours])
        assert len(mailbox.uids()) == 2
        assert theirs in mailbox.uids()
        assert ours not in mailbox.uids()


def test_over_tls_the_server_is_known_by_its_certificate(app, dovecot, monkeypatch):
    box = use(app, dovecot.setting(tls=True))
    dovecot.deliver(mail(1))
    monkeypatch.delenv("SSL_CERT_FILE")
    fetch = Fetching()
    fetch.fetch(box)
    assert "certificate" in way(box).error
    assert dovecot.left() == 1
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.authority))
    fetch.fetch(box)
    assert kept() == ["Mail 1"]
    assert way(box).error == ""


def test_what_is_not_kept_stays_there_and_stops_no_other(dovecot, box, monkeypatch):
    keep = inbound.store

    def cannot(raw, *place):
        if b"Mail 1" in raw:
            raise ValueError("a mail that nobody can keep")
        keep(raw, *place)

    monkeypatch.setattr(inbound, "store", cannot)
    dovecot.deliver(mail(0), mail(1), mail(2))
    fetch = Fetching()
    fetch.fetch(box)
    assert kept() == ["Mail 0", "Mail 2"]
    assert dovecot.left() == 1
    assert way(box).failing_since
    assert way(box).error.startswith("1 of the mails in it could not be kept")
    monkeypatch.setattr(inbound, "store", keep)
    fetch.fetch(box)
    assert kept() == ["Mail 0", "Mail 2", "Mail 1"]
    assert way(box).failing_since is None


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), files.NoRoom()])
def test_when_the_disk_takes_nothing_nothing_more_is_fetched(dovecot, box, monkeypatch, error):
    tried = []

    def full(raw, *place):
        tried.append(raw)
        raise error

    monkeypatch.setattr(inbound, "store", full)
    dovecot.deliver(mail(0), mail(1), mail(2))
    Fetching().fetch(box)
    assert len(tried) == 1
    assert dovecot.left() == 3
    assert way(box).error == f"The desk can keep no mail: {error.args[-1]}"


def test_of_a_mail_that_is_too_large_the_head_alone_is_fetched_and_its_sender_told(app, dovecot, box):
    app.config["MAIL_LARGEST"] = 10_000
    dovecot.deliver(mail(0), mail(1, size=20_000), mail(2))
    Fetching().fetch(box)
    mails = db.session.scalars(select(IncomingMail).order_by(IncomingMail.id)).all()
    assert [mail.state for mail in mails] == [InState.NEW, InState.REFUSED, InState.NEW]
    assert b"It is number" not in files.read(mails[1].stored_name)
    assert subject(files.read(mails[1].stored_name)) == "Mail 1"
    assert "19.6 kB" in mails[1].reason
    assert [mail.kind for mail in db.session.scalars(select(OutgoingMail))] == [Kind.REFUSED]
    assert dovecot.left() == 0


def test_a_mail_of_fifty_megabytes_is_fetched_whole(dovecot, box):
    raw = mail(1, size=50_000_000)
    dovecot.deliver(raw)
    Fetching().fetch(box)
    [kept] = db.session.scalars(select(IncomingMail))
    assert files.read(kept.stored_name) == raw


def test_a_mail_that_the_server_does_not_give_is_not_taken_out(app):
    with Withholding(is_there=True) as withholding:
        box = use(app, f"imap://help:word@127.0.0.1:{withholding.port}")
        Fetching().fetch(box)
    assert not [words for words in withholding.heard if b"STORE" in words or b"EXPUNGE" in words]
    assert way(box).error.startswith("1 of the mails in it could not be kept")


@pytest.mark.parametrize("where", [b"RFC822.SIZE", b"BODY.PEEK"])
def test_a_mail_that_the_server_cannot_read_stops_no_other(app, where):
    with Damaged(where) as damaged:
        box = use(app, f"imap://help:word@127.0.0.1:{damaged.port}")
        Fetching().fetch(box)
    assert kept() == ["Mail 9"]
    assert [words.split()[3] for words in damaged.heard if b"STORE" in words] == [b"9"]
    assert way(box).error.startswith("1 of the mails in it could not be kept")


def test_a_mail_that_somebody_else_took_out_meanwhile_is_no_trouble(app):
    with Withholding(is_there=False) as withholding:
        box = use(app, f"imap://help:word@127.0.0.1:{withholding.port}")
        Fetching().fetch(box)
    assert way(box).failing_since is None
    assert [words for words in withholding.heard if b"BODY.PEEK" in words]


def test_a_wrong_password_is_told_with_the_servers_words_and_not_the_password(app, dovecot):
    box = use(app, dovecot.setting(password="wrong-one"))
    fetch, since = Fetching(), clock.now()
    for minutes in (0, 5):
        with clock.at(since + timedelta(minutes=minutes)):
            fetch.fetch(box)
    assert "Authentication failed" in way(box).error
    assert "wrong-one" not in way(box).error
    assert way(box).failing_since == since


def test_a_folder_that_is_not_there_is_told(app, dovecot):
    box = use(app, dovecot.setting(folder="Nowhere"))
    Fetching().fetch(box)
    assert "Nowhere" in way(box).error


def test_a_server_that_is_not_there_is_told_and_found_again(app, dovecot, box):
    dovecot.deliver(mail(1))
    fetch = Fetching()
    dovecot.stop()
    fetch.fetch(box)
    assert way(box).error == "Connection refused"
    dovecot.start()
    fetch.fetch(box)
    assert kept() == ["Mail 1"]
    assert way(box).failing_since is None


@pytest.mark.parametrize("words", [(), (b"* OK hello\r\n",)], ids=["at once", "after its greeting"])
def test_a_server_that_falls_silent_is_given_up(app, monkeypatch, words):
    monkeypatch.setattr(imap, "STEP_SECONDS", 0.3)
    with Silent(*words) as silent:
        box = use(app, f"imap://help:word@127.0.0.1:{silent.port}")
        Fetching().fetch(box)
    assert way(box).error == "no answer in time"


@pytest.mark.parametrize("words", [(b"* BYE not now\r\n",), (b"* OK hello\r\n", b"nonsense\r\n"), (b"\xff\x00\r\n",)])
def test_a_server_that_hangs_up_or_talks_nonsense_is_told(app, words):
    with Silent(*words, hang_up=True) as rude:
        box = use(app, f"imap://help:word@127.0.0.1:{rude.port}")
        Fetching().fetch(box)
    assert way(box).failing_since


def test_a_server_that_sends_a_byte_now_and_then_is_given_up_too(app, monkeypatch):
    monkeypatch.setattr(fetching, "ROUND_SECONDS", 1)
    with Dripping() as dripping:
        box = use(app, f"imap://help:word@127.0.0.1:{dripping.port}")
        Fetching().fetch(box)
    assert way(box).failing_since


def test_whoever_stops_the_desk_does_not_wait_for_a_slow_server(app, monkeypatch):
    with Dripping() as dripping:
        box = use(app, f"imap://help:word@127.0.0.1:{dripping.port}")
        monkeypatch.setattr(hub, "closing", True)
        Fetching().fetch(box)
    assert way(box).failing_since


def test_who_loses_the_lease_stops(app, monkeypatch):
    monkeypatch.setattr(fetching, "RENEW_SECONDS", 0)
    with Dripping() as dripping:
        box = use(app, f"imap://help:word@127.0.0.1:{dripping.port}")
        thread = threading.Thread(target=fetch_in, args=(app, box, Fetching()))
        thread.start()
        until(lambda: dripping.began)
        db.session.execute(lease_actions.update(lease_actions.Lease).values(holder="another"))
        db.commit()
        thread.join(20)
        assert not thread.is_alive()


def fetch_in(app, box, fetch: Fetching):
    with app.app_context():
        fetch.fetch(box)


def test_two_processes_take_each_mail_once(app, dovecot, box):
    dovecot.deliver(*[mail(number) for number in range(40)])
    threads = [threading.Thread(target=fetch_in, args=(app, box, Fetching())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept() == [f"Mail {number}" for number in range(40)]
    assert dovecot.left() == 0


def test_a_process_takes_over_what_a_dead_one_left(dovecot, box):
    dovecot.deliver(mail(1))
    long_ago = clock.now() - lease_actions.LASTS - timedelta(seconds=1)
    with clock.at(long_ago):
        lease_actions.take(box.name, "a dead one")
        db.commit()
    Fetching().fetch(box)
    assert kept() == ["Mail 1"]


def test_after_a_death_between_any_two_steps_nothing_is_lost_or_kept_twice(dovecot, box):
    everything = [f"Mail {number}" for number in range(3)]
    for step in itertools.count():
        dovecot.empty()
        db.session.execute(delete(IncomingMail))
        db.commit()
        dovecot.deliver(*[mail(number) for number in range(3)])
        died = dies_at_step(box, step)
        assert set(kept()) | still_there(dovecot) == set(everything)
        another = Fetching()  # the dead one's lease has run out
        another.fetch(box)
        another.stop(box)
        assert kept() == everything
        assert dovecot.left() == 0
        if not died:
            break
    assert step > 25  # it died at every step there is


def dies_at_step(box, step: int) -> bool:
    """A process that fetches in batches of two and is killed before that step; False if it came to its end."""

    def work():
        step_by_step(step)
        fetching.BATCH = 2
        lease_actions.LASTS = timedelta(0)
        Fetching().fetch(box)

    return dies(work)


def step_by_step(last: int):
    """Die before the commit, the file or the word to the server that has this number."""
    steps = iter(range(last))

    def before(does):
        def dying(*args, **kwargs):
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return does(*args, **kwargs)

        return dying

    db.commit = before(db.commit)
    os.fsync = before(os.fsync)
    imap.imaplib.IMAP4.send = before(imap.imaplib.IMAP4.send)


def still_there(dovecot) -> set[str]:
    places = (dovecot.folder / "mail" / place for place in ("new", "cur"))
    return {subject(path.read_bytes()) for place in places for path in place.iterdir()}


def test_mails_that_are_numbered_anew_are_fetched_under_their_new_numbers(dovecot, box):
    dovecot.deliver(mail(1))
    fetch = Fetching()
    fetch.fetch(box)
    dovecot.number_anew()
    dovecot.deliver(mail(2))
    fetch.fetch(box)
    assert kept() == ["Mail 1", "Mail 2"]
    assert len(set(db.session.scalars(select(IncomingMail.uid_validity)))) == 2
    numbers = db.session.scalars(select(IncomingMail.uid)).all()
    assert numbers == [1, 1]


def test_a_desk_looks_by_itself_until_it_stops(app, dovecot, box, monkeypatch):
    app.config["MAIL_POLL_SECONDS"] = 1
    dovecot.deliver(mail(1))
    Fetching().run(app)
    try:
        until(lambda: kept() == ["Mail 1"])
        dovecot.deliver(mail(2))
        until(lambda: kept() == ["Mail 1", "Mail 2"])
    finally:  # or it would go on looking, on the desks of other tests
        monkeypatch.setattr(hub, "closing", True)
        until(lambda: not db.session.scalar(select(func.count()).select_from(lease_actions.Lease)))
