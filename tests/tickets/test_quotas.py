"""What one person may send in a day, to all tickets together: see `tickets.quotas`."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from informejo import clock, db
from informejo.tickets import quotas
from informejo.tickets.models import Attachment
from tests.intake.letters import come

TYPED = "Here is the log of the whole night, in pieces."
NEW = {"title": "The printer smokes", "description": TYPED, "category": "hardware", "priority": "high"}


@pytest.fixture(autouse=True)
def app(app):
    app.config.update(TICKET_QUOTA=2_000, PERSON_QUOTA=1_000)
    return app


def attached(browser, address: str, size: int, **fields):
    data = {**fields, "files": [(io.BytesIO(bytes(size)), "log.txt")]}
    return browser.post(address, data=data, content_type="multipart/form-data")


def sizes() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Attachment.size).order_by(Attachment.id)))


@pytest.mark.hardening("S-30")
def test_the_files_of_one_person_have_a_quota_however_many_tickets_they_open(world, visit):
    ren, there = visit(world.ren), world.ticket()
    assert attached(ren, "/tickets", 600, **NEW).status_code == 303
    refused = attached(ren, "/tickets", 401, **NEW)
    assert refused.status_code == 413
    assert "“log.txt” does not fit: the files that one person sends within 24 hours" in refused.text
    assert TYPED in refused.text
    assert attached(ren, f"/tickets/{there.id}/comments", 400, body=TYPED).status_code == 303
    refused = attached(ren, f"/tickets/{there.id}/comments", 1, body="One byte more.")
    assert (refused.status_code, "One byte more." in refused.text) == (413, True)
    assert sizes() == [600, 400]
    assert attached(visit(world.zoe), "/tickets", 1_000, **NEW).status_code == 303, "nobody else's is used up"
    assert ren.post("/tickets", data=NEW).status_code == 303, "a text needs no room"


@pytest.mark.hardening("S-30")
def test_the_same_message_sent_again_takes_no_room_of_its_sender_twice(world, visit):
    ren, address = visit(world.ren), f"/tickets/{world.ticket().id}/comments"
    sent = [attached(ren, address, 600, body=TYPED, key="once").status_code for _ in range(2)]
    assert (sent, sizes()) == ([303, 303], [600])


def test_what_was_sent_yesterday_takes_no_room_today(world, visit):
    ren = visit(world.ren)
    assert attached(ren, "/tickets", 1_000, **NEW).status_code == 303
    db.session.execute(update(Attachment).values(created_at=clock.now() - timedelta(hours=25)))
    db.commit()
    assert attached(ren, "/tickets", 1_000, **NEW).status_code == 303


def test_who_works_at_the_desk_sends_ten_times_as_much(world, visit):
    mia = visit(world.mia)
    assert attached(mia, "/tickets", 2_000, **NEW).status_code == 303
    assert quotas.room_of(world.mia, False).left == 8_000


@pytest.mark.hardening("S-30")
def test_a_mail_comes_in_whatever_its_sender_sent_before_and_its_file_stays_with_the_original(world, visit):
    assert attached(visit(world.ren), "/tickets", 600, **NEW).status_code == 303
    mail = come(sender="Ren Ito <ren@example.org>", files=(("small.bin", bytes(100)), ("log.bin", bytes(500))))
    assert [file.name for file in mail.ticket.attachments] == ["small.bin"]
    assert "“log.bin” does not fit" in mail.ticket.description


@pytest.mark.hardening("S-30")
def test_what_visitors_send_in_somebodys_name_is_counted_where_they_are(world, visit):
    visitor, other = visit(), visit()
    other.environ_base |= {"REMOTE_ADDR": "192.0.2.9"}
    named = {**NEW, "name": "Ren Ito", "email": "ren@example.org"}
    assert attached(visitor, "/submit-ticket", 900, **named).status_code == 303
    refused = attached(visitor, "/submit-ticket", 200, **{**named, "email": "nia@example.org"})
    assert (refused.status_code, TYPED in refused.text) == (413, True)
    assert attached(other, "/submit-ticket", 200, **named).status_code == 303
    assert visitor.post("/submit-ticket", data=named).status_code == 303, "a text needs no room"
    assert attached(visit(world.ren), "/tickets", 1_000, **NEW).status_code == 303, "Ren's own is untouched"


@pytest.mark.hardening("S-30")
def test_what_a_visitor_sends_twice_takes_room_once(world, visit):
    visitor, named = visit(), {**NEW, "name": "Nia Odd", "email": "nia@example.org", "key": "once"}
    sent = [attached(visitor, "/submit-ticket", 900, **named).location for _ in range(2)]
    assert (sent, sizes()) == (["/submit-ticket/sent"] * 2, [900])


def test_what_somebody_sent_is_found_without_looking_through_all_files(world):
    asked = []
    event.listen(db.engine(), "before_cursor_execute", lambda _c, _u, *said: asked.append(said[:2]))
    quotas.room_of(world.ren, False)
    statement, values = next(said for said in asked if "sum(attachments.size)" in said[0])
    if db.engine().dialect.name == "sqlite":
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        assert any("ix_attachments_uploader_created" in step[-1] for step in plan), plan
        assert not any(step[-1].startswith("SCAN") for step in plan), plan
