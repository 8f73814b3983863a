"""Whatever comes, it is kept, ends in a state with a reason, stops no other, and its page can be opened."""

import threading
from pathlib import Path
from types import SimpleNamespace

from hypothesis import HealthCheck, example, given, settings, strategies as st

from informejo import db
from informejo.intake import inbound
from informejo.mail.words import InState
from informejo.tickets import files
from tests.intake.letters import PNG, ledger, letter
from tests.waiting import until

WHOLE = letter(pictures=(("shot.png", PNG),), files=(("log.txt", b"It blinks."),), in_reply_to="<1@x>", cc="a@b, c@d")
PLACES = st.integers(0, len(WHOLE))
DAMAGES = st.lists(st.tuples(PLACES, PLACES, st.binary(max_size=30)), min_size=1, max_size=5)


FILES = sorted((Path(__file__).parents[1] / "mime" / "corpus").glob("*.eml"))
NO_TICKET = (InState.QUARANTINED, InState.IGNORED)


def test_every_raw_mail_there_is_becomes_something_whole(world, visit):
    """Each in one desk, one after the other: a ticket with its text, or a reason why not; and every page opens."""
    assert len(FILES) >= 80
    browser = visit(world.mia)
    for path in FILES:
        mail = inbound.take(inbound.store(path.read_bytes(), "corpus", 1, FILES.index(path)))
        is_once_more = mail.reason.startswith("It is the mail that came")  # the same words with other line ends
        assert (mail.state in NO_TICKET) == (mail.ticket is None or is_once_more), path.name
        assert mail.reason, path.name
        assert not mail.reason.startswith("It could not be taken"), path.name
        assert browser.get(f"/mail/in/{mail.id}").status_code == 200, path.name
        if mail.ticket:
            assert mail.ticket.description, path.name
            assert browser.get(f"/tickets/{mail.ticket_id}").status_code == 200, path.name
    assert {mail.state for mail in ledger()} >= {InState.TICKET, InState.AUTOMATIC, *NO_TICKET}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DAMAGES)
@example([(0, len(WHOLE), b"")])
@example([(0, len(WHOLE), b"\0" * 30)])
@example([(0, 0, b"From: \xff\xfe <a@b\r\n\r\n")])
def test_a_mail_that_is_damaged_anyhow_ends_somewhere(world, visit, damages):
    raw = WHOLE
    for start, end, other in damages:
        raw = raw[:start] + other + raw[max(start, end) :]
    mail = inbound.take(inbound.store(raw, "standard input"))
    assert mail.state != InState.NEW
    assert mail.reason
    assert files.read(mail.stored_name) == raw
    assert visit(world.mia).get(f"/mail/in/{mail.id}").status_code == 200


def test_mails_are_taken_as_they_come_and_one_that_cannot_be_read_stops_none(app, world, monkeypatch):
    hub = SimpleNamespace(closing=False)
    monkeypatch.setattr(inbound, "hub", hub)
    monkeypatch.setattr(inbound, "POLL_SECONDS", 60)  # it is the bell that wakes it
    watching = threading.Thread(target=inbound.watch, args=(app,))
    watching.start()
    try:
        for raw in (letter(), b"no mail at all", letter()):
            inbound.store(raw, "standard input")
            until(lambda: states()[-1] != InState.NEW)
    finally:
        hub.closing = True
        inbound.store(letter(), "standard input")
        watching.join()
    assert states()[:3] == [InState.TICKET, InState.QUARANTINED, InState.TICKET]


def states() -> list[InState]:
    db.session.rollback()
    return [mail.state for mail in ledger()]
