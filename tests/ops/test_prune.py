"""What `bin/flask prune` throws away, what it keeps, and that nobody misses what is gone."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from informejo import clock, db
from informejo.accounts import actions as accounts, password_actions, session_actions
from informejo.accounts.half_actions import begin_half
from informejo.accounts.models import HalfSignIn, PasswordToken, Session, SetupToken, User
from informejo.backup.exclusive import exclusive
from informejo.drafts.actions import save_draft
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.intake import ledger_queries
from informejo.live.bookmark import Bookmark
from informejo.mail.models import CaughtMail, IncomingMail, OutgoingMail, Watcher
from informejo.mail.words import Kind
from informejo.ops.prune import KINDS
from informejo.sso.models import UsedToken
from informejo.tickets import actions, change_actions
from informejo.tickets.models import Attachment, Comment, Reading, Ticket
from informejo.tickets.words import Status
from tests import architecture
from tests.live.sse import Listener


@pytest.fixture
def prune(app):
    """`prune()` is the command; what it printed, by the words of each line."""

    def prune(*words) -> dict[str, int]:
        result = app.test_cli_runner().invoke(args=["prune", *words])
        assert result.exit_code == 0, result.output
        end = " would be removed" if words else " removed"
        lines = (line.removesuffix(end).partition(" ") for line in result.output.splitlines())
        return {what: int(number) for number, _, what in lines}

    return prune


def ago(**span):
    return clock.at(clock.now() - timedelta(**span))


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def delete(world, ticket, **span):
    with ago(**span):
        change_actions.delete_ticket(world.ana, ticket)
        db.commit()


@pytest.fixture
def binned(world, visit, app):
    """A ticket with everything in it, that went into the bin 32 days ago."""
    with ago(days=40):
        files = [(io.BytesIO(b"smoke"), "smoke.txt")]
        fields = {"title": "The printer is on fire", "description": "Smoke comes out of it.", "files": files}
        visit(world.ren).post("/tickets", data=fields)
        ticket = db.session.get(Ticket, 1)
        comment = world.comment(world.mia, ticket, "We are looking into it.")
        world.note(ticket)
        actions.mark_seen(world.mia, ticket, ticket.last_event_id)
        for form in ("ticket:1", "ticket:1:edit", f"comment:{comment.id}"):
            save_draft(world.mia, form, {"body": "not finished"})
        db.commit()
    delete(world, ticket, days=32)
    for path in Path(app.config["UPLOAD_DIR"]).glob("*/*/*"):
        os.utime(path, (0, 0))
    return ticket


def test_on_a_young_desk_nothing_is_removed(world, visit, prune):
    world.comment(world.mia, world.ticket())
    visit(world.mia)
    rows = [count(model) for model in (Ticket, Comment, Event, Session)]
    assert set(prune().values()) == {0}
    assert [count(model) for model in (Ticket, Comment, Event, Session)] == rows


def test_a_dry_run_counts_and_removes_nothing(binned, prune):
    rows = count(Event)
    assert prune("--dry-run")["tickets past their time in the bin"] == 1
    assert (count(Event), count(Attachment)) == (rows, 1)
    assert prune()["tickets past their time in the bin"] == 1
    assert prune("--dry-run")["tickets past their time in the bin"] == 0


def test_nothing_that_was_written_in_a_ticket_outlives_its_time_in_the_bin(app, binned, prune):
    assert prune()["files without a row"] == 1
    assert [count(model) for model in (Comment, Attachment, Reading, Draft)] == [0, 0, 0, 0]
    assert [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()] == []
    ticket = db.session.get(Ticket, binned.id)
    assert (ticket.title, ticket.description, ticket.folded) == ("", "", "")
    assert [event.name for event in db.session.scalars(select(Event))] == [EventName.TICKET_DELETED]
    assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []


def test_with_a_ticket_that_is_gone_for_good_goes_the_mail_about_it_and_no_other(world, prune):
    with ago(days=40):
        gone, kept = world.ticket(), world.ticket()
        for number, ticket in enumerate((gone, kept)):
            said = {"mailbox": "help", "stored_name": f"{number}" * 32, "size": 1, "ticket_id": ticket.id}
            out = {"kind": Kind.OPENED, "address": "ren@example.org", "ticket_id": ticket.id, "due_at": clock.now()}
            watcher = Watcher(ticket_id=ticket.id, user_id=world.tom.id)
            db.session.add_all([IncomingMail(**said), OutgoingMail(**out), watcher])
        db.commit()
    delete(world, gone, days=32)
    prune()
    for model in (IncomingMail, OutgoingMail, Watcher):
        assert list(db.session.scalars(select(model.ticket_id))) == [kept.id]


def test_a_mail_that_was_moved_away_lives_on_when_the_ticket_it_had_opened_is_gone(world, prune):
    gone, other = world.ticket(title="Opened by mistake"), world.ticket(title="Where it belongs")
    said = {"mailbox": "help", "stored_name": "1" * 32, "size": 1, "ticket_id": other.id, "moved_from_id": gone.id}
    db.session.add(IncomingMail(**said))
    delete(world, gone, days=32)
    prune()
    (mail,) = db.session.scalars(select(IncomingMail))
    assert (mail.ticket_id, ledger_queries.moved_from(world.mia, mail)) == (other.id, None)


def test_a_mail_that_was_moved_away_from_a_confidential_ticket_is_as_secret_when_that_is_gone(world, prune):
    gone, other = world.ticket(), world.ticket(title="Where it was moved")
    said = {"mailbox": "help", "stored_name": "1" * 32, "size": 1, "ticket_id": other.id, "moved_from_id": gone.id}
    db.session.add(IncomingMail(**said))
    delete(world, gone, days=32)
    gone.confidential, gone.assignee = True, world.mia
    db.commit()
    prune()
    mails = [list(db.session.scalars(ledger_queries.visible_mails(who))) for who in (world.mia, world.ana)]
    assert [len(mail) for mail in mails] == [1, 0]


def test_a_mail_that_was_caught_is_kept_for_a_month(world, prune):
    for days in (29, 31):
        with ago(days=days):
            db.session.add(CaughtMail(address="ren@example.org", subject=str(days), raw=b"x"))
            db.commit()
    assert prune()["mails caught long ago"] == 1
    assert list(db.session.scalars(select(CaughtMail.subject))) == ["29"]


def test_a_ticket_without_a_description_goes_like_every_other(world, prune):
    with ago(days=40):
        closed = world.ticket()
        change_actions.set_status(world.mia, closed, Status.CLOSED)
        ticket = actions.follow_up(world.ren, closed, body="")
        world.comment(world.mia, ticket, "A file and no words?")
        db.commit()
    delete(world, ticket, days=32)
    assert prune()["tickets past their time in the bin"] == 1
    assert count(Comment) == 0


def test_a_ticket_that_can_still_be_brought_back_comes_back_whole(world, prune, visit):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "Still here")
    delete(world, ticket, days=29)
    assert prune()["tickets past their time in the bin"] == 0
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert b"Still here" in visit(world.ren).get("/tickets/1").data


def test_the_number_of_a_purged_ticket_is_given_to_no_other_and_what_followed_it_still_stands(world, prune, visit):
    first = world.ticket()
    second = actions.open_ticket(world.ren, title="Again: it burns", description="It burns again.", follows=first)
    db.commit()
    delete(world, first, days=32)
    prune()
    assert world.ticket().id == 3
    assert visit(world.ren).get(f"/tickets/{second.id}").status_code == 200
    assert visit(world.mia).get("/tickets/1").status_code == 404


def test_a_purge_that_was_broken_off_is_finished_by_the_next(binned, prune, monkeypatch):
    monkeypatch.setattr("informejo.ops.prune.BATCH", 1)
    steps = []

    def stop_after_three(seconds):
        steps.append(seconds)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("informejo.ops.prune.time.sleep", stop_after_three)
        with pytest.raises(AssertionError):
            prune()
    assert 0 < count(Event) < 6
    assert prune()["tickets past their time in the bin"] == 1
    assert (count(Event), count(Comment)) == (1, 0)


@pytest.mark.hardening("F-06")
def test_a_browser_that_slept_through_deletion_and_purge_is_told_that_the_ticket_is_gone(world, binned, visit, prune):
    world.ticket(title="Another one")
    opened = db.session.scalar(select(Event.id).where(Event.name == EventName.TICKET_CREATED, Event.ticket_id == 1))
    asleep = str(Bookmark(log.epoch(), opened))
    prune()
    for person, topic in ((world.tom, "queue"), (world.ren, "me")):
        replay, *_ = Listener(visit(person), f"/live?on={topic}", asleep).greeting
        assert 'hx-swap="lose"' in replay.data
        assert 'data-number="1"' in replay.data


@pytest.mark.hardening("F-06")
def test_the_last_thousand_events_are_replayed_after_a_prune_as_before(app, world, binned, visit, prune):
    ticket = world.ticket()
    since = str(log.bookmark())
    app.config["REPLAY_LIMIT"] = 1_000
    for number in range(1_000):
        actions.add_comment(world.mia, ticket, body=f"number {number}.")
    db.commit()
    prune()
    *replay, ready = Listener(visit(world.tom), f"/live/events?on=ticket:{ticket.id}", since).greeting
    assert (len(replay), ready.event) == (1_000, "ready")


def test_sign_ins_are_forgotten_long_after_they_ended(world, prune):
    for days in (29, 31, 61):
        with ago(days=days):
            session_actions.start_session(world.mia, f"{days}")
            db.commit()
    assert prune()["ended sign-ins"] == 1
    assert sorted(db.session.scalars(select(Session.agent))) == ["29", "31"]


def test_links_for_the_first_administrator_go_once_there_is_one(world, prune):
    db.session.add(SetupToken(token_hash="void"))
    db.commit()
    assert prune()["void set-up links"] == 1
    db.session.execute(update(User).where(User.id == world.ana.id).values(role="user"))
    db.session.add(SetupToken(token_hash="still needed"))
    db.commit()
    assert (prune()["void set-up links"], count(SetupToken)) == (0, 1)


def test_links_to_choose_a_password_go_when_their_day_is_over(world, prune):
    for person, hours in ((world.ren, 25), (world.gus, 23)):
        with ago(hours=hours):
            password_actions.make_password_link(world.ana, person)
            db.commit()
    assert prune()["void links to choose a password"] == 1
    assert db.session.scalars(select(PasswordToken.user_id)).all() == [world.gus.id]


def test_what_was_not_finished_or_is_used_up_goes_when_its_time_is_over(world, prune):
    for minutes in (11, 9):
        with ago(minutes=minutes):
            begin_half("sso-link", facts={"email": f"{minutes}@example.org"})
            db.session.add(UsedToken(token_hash=f"{minutes}", expires_at=clock.now() + timedelta(minutes=10)))
            db.commit()
    removed = prune()
    assert (removed["sign-ins that were not finished"], removed["used tokens of single sign-on"]) == (1, 1)
    assert db.session.scalars(select(HalfSignIn.facts)).all() == [{"email": "9@example.org"}]
    assert db.session.scalars(select(UsedToken.token_hash)).all() == ["9"]


def test_of_whatever_has_an_end_nothing_stays_for_good(app):
    looked_at = {table for kind in KINDS for table in kind.due().get_final_froms()}
    assert {table for table in db.Model.metadata.tables.values() if "expires_at" in table.columns} <= looked_at


def test_the_page_of_backups_says_of_each_when_it_goes():
    page = (architecture.ROOT / "docs/backup.md").read_text()
    assert [kind.what for kind in KINDS if f"| {kind.what} |" not in page] == []


def test_a_draft_nobody_touched_for_three_months_goes_and_a_younger_one_stays(world, prune):
    for days, form in ((91, "ticket:1"), (89, "ticket:2")):
        with ago(days=days):
            save_draft(world.ren, form, {"body": "not finished"})
            db.commit()
    assert prune()["forgotten drafts"] == 1
    assert db.session.scalars(select(Draft.form)).all() == ["ticket:2"]


def test_events_of_people_go_after_their_time_and_a_tickets_history_never_does(world, prune):
    for days in (366, 364):
        with ago(days=days):
            world.ticket()
            accounts.edit_profile(world.ren, department=f"Room {days}")
            db.commit()
    assert prune()["old events of no ticket"] == 1
    left = db.session.scalars(select(Event).order_by(Event.id)).all()
    assert [(event.name, event.ticket_id) for event in left] == [
        (EventName.TICKET_CREATED, 1),
        (EventName.TICKET_CREATED, 2),
        (EventName.USER_UPDATED, None),
    ]


def test_the_newest_event_stays_however_old_or_every_page_would_load_itself_again(world, prune, visit):
    with ago(days=400):
        accounts.edit_profile(world.ren, department="Cellar")
        db.commit()
    here = str(log.bookmark())
    assert prune()["old events of no ticket"] == 0
    (ready,) = Listener(visit(world.mia), "/live?on=queue", here).greeting
    assert ready.event == "ready"


def test_a_file_without_a_row_goes_after_a_day_and_not_before(app, prune):
    folder = Path(app.config["UPLOAD_DIR"]) / "ab" / "cd"
    folder.mkdir(parents=True)
    for name, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        (folder / name).touch()
        moment = (clock.now() - age).timestamp()
        os.utime(folder / name, (moment, moment))
    assert prune()["files without a row"] == 1
    assert [path.name for path in folder.iterdir()] == ["young"]


def test_prune_waits_for_no_backup_but_says_that_there_is_one(app):
    with exclusive(Path(app.config["UPLOAD_DIR"])):
        result = app.test_cli_runner().invoke(args=["prune"])
    assert (result.exit_code, "is at work in" in result.output) == (1, True)
