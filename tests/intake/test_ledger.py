"""The pages of the ledger: what they show, to whom, and what a press on each of their buttons does, once or twice."""

import json
import re

import pytest
from sqlalchemy import select

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.intake import ledger_queries
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.words import InState, OutState
from informejo.teams.actions import add_member, change_team, create_team
from informejo.tickets import change_actions, files
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Category, Status
from tests.intake.letters import PNG, come, letter, mailed
from tests.live.sse import Listener

REN, MIA = "ren@example.org", "mia@example.org"
FILE = (("log.txt", b"It blinks."),)


@pytest.fixture
def press(visit, world):
    """`press(mail, "move", number=2)`: Mia presses that button; the page that follows."""

    def press(mail, button, who=None, **fields):
        browser = visit(who or world.mia)
        answer = browser.post(f"/mail/in/{mail.id}/{button}", data=fields)
        assert answer.status_code == 303, answer.text
        page = browser.get(answer.location)
        db.session.expire_all()
        return page.text

    return press


@pytest.fixture
def replied(world):
    """A mail of Ren's that was added to a ticket of his, with a file."""
    ticket = world.ticket()
    return come(sender=REN, text="About the other one.", files=FILE, in_reply_to=mailed(world.ren, ticket).message_id)


@pytest.fixture
def target(world):
    return world.ticket(title="The other printer")


def messages(ticket) -> list[str]:
    found = db.session.scalars(select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.id))
    return [said.body for said in found]


def names(ticket) -> list[EventName]:
    return list(db.session.scalars(select(Event.name).where(Event.ticket_id == ticket.id).order_by(Event.id)))


class TestPages:
    def test_the_list_says_what_became_of_each(self, world, visit, replied):
        come(b"no mail at all")
        page = visit(world.mia).get("/mail/in").text
        assert "In quarantine: 1" in page
        assert "Reply: 1" in page
        assert f'href="/mail/in/{replied.id}"' in page
        assert f'href="/mail/in/{replied.id}"' not in visit(world.mia).get("/mail/in?state=quarantined").text
        assert f'href="/mail/in/{replied.id}"' in visit(world.mia).get("/mail/in?sender=REN@").text
        assert f'href="/mail/in/{replied.id}"' not in visit(world.mia).get("/mail/in?sender=%25").text

    def test_the_page_of_a_mail_says_why_and_has_all_of_it(self, world, visit, replied):
        page = visit(world.tom).get(f"/mail/in/{replied.id}").text
        for part in (replied.match, "About the other one.", "log.txt", "in-reply-to", f"/tickets/{replied.ticket_id}"):
            assert str(part) in page.replace("&#39;", "'")

    def test_what_is_hostile_in_it_is_shown_as_text(self, world, visit):
        raw = letter(subject="<script>1</script>", sender="Kim <kim@example.net>", text="<script>2</script>")
        mail = come(raw)
        page = visit(world.mia).get(f"/mail/in/{mail.id}").text
        assert "&lt;script&gt;1" in page
        assert "&lt;script&gt;2" in page
        assert not re.search(r"<script>\d", page)

    def test_half_a_letter_in_any_place_breaks_no_page(self, world, visit):
        half = b"+2AA-"
        for head, text in (
            (b"Content-Type: text/html; charset=utf-7", b"<p>Hello " + half),
            (b"Content-Type: text/plain; charset=utf-7", b"Hello " + half),
            (b"Content-Type: text/plain; charset==?utf-7?q?" + half + b"?=", b"Hello \xff"),
            (b"Content-Type: multipart/mixed; boundary==?utf-7?q?" + half + b"?=", b"--x\n\nHello\n"),
        ):
            mail = come(b"From: kim@example.net\n" + head + b"\n\n" + text + b"\n")
            assert mail.state == InState.TICKET
            shown = visit(world.mia).get(f"/mail/in/{mail.id}")
            assert (shown.status_code, "Hello" in shown.text) == (200, True)

    def test_pictures_come_from_the_mail_and_from_elsewhere_only_when_asked_for(self, world, visit):
        html = '<p>See</p><img src="cid:shot.png"><img src="https://tracker.example/pixel.gif">'
        raw = letter(pictures=(("shot.png", PNG),)).replace(b'<img src="cid:shot.png">', html.encode())
        mail, browser = come(raw), visit(world.mia)
        shown = browser.get(f"/mail/in/{mail.id}")
        assert f'src="/mail/in/{mail.id}/parts/1"' in shown.text
        assert 'src="https://tracker.example' not in shown.text
        assert "Load them once" in shown.text
        assert "Load them once" not in browser.get(f"/mail/in/{come().id}").text
        assert "img-src" not in shown.headers["Content-Security-Policy"]
        asked = browser.get(f"/mail/in/{mail.id}?pictures=yes")
        assert 'src="https://tracker.example/pixel.gif"' in asked.text
        policy_of_page = asked.headers.getlist("Content-Security-Policy")
        assert policy_of_page == [shown.headers["Content-Security-Policy"] + "; img-src 'self' https:"]
        assert asked.headers["Referrer-Policy"] == "same-origin"

    def test_a_picture_is_shown_and_everything_else_is_to_be_saved(self, world, visit):
        mail = come(letter(pictures=(("shot.png", PNG),), files=(("page.html", b"<script>1</script>"),)))
        browser = visit(world.mia)
        picture, page = (browser.get(f"/mail/in/{mail.id}/parts/{number}") for number in (1, 2))
        assert (picture.data, picture.mimetype) == (PNG, "image/png")
        assert picture.headers["Content-Disposition"].startswith("inline")
        assert page.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in page.headers["Content-Security-Policy"]
        for number in (0, 3, 10**30):
            assert browser.get(f"/mail/in/{mail.id}/parts/{number}").status_code == 404

    def test_the_original_can_be_saved_byte_for_byte(self, world, visit):
        raw = letter(files=FILE)
        mail = come(raw)
        answer = visit(world.mia).get(f"/mail/in/{mail.id}/raw", buffered=True)
        assert (answer.data, answer.mimetype) == (raw, "message/rfc822")
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_a_mail_whose_file_is_lost_still_has_its_page(self, app, world, visit, replied):
        files.remove(replied.stored_name)
        assert "missing on the desk" in visit(world.mia).get(f"/mail/in/{replied.id}").text
        assert visit(world.mia).get(f"/mail/in/{replied.id}/raw").status_code == 410

    @pytest.mark.hardening("O-03", "H-07")
    def test_no_requester_sees_anything_of_it_not_even_of_their_own_mail(self, world, visit, replied):
        for who in (world.ren, world.zoe):
            for path in ("", "/raw", "/parts/1"):
                answer = visit(who).get(f"/mail/in/{replied.id}{path}")
                assert answer.status_code == 404
                assert b"About the other one" not in answer.data
                assert answer.data == visit(who).get("/mail/in/999").data
            assert visit(who).get("/mail/in").status_code == 403

    def test_the_mails_of_a_ticket_are_found(self, world, replied):
        assert ledger_queries.mails_of(world.mia, replied.ticket) == [replied]
        assert ledger_queries.mails_of(world.mia, world.ticket()) == []


class TestAgain:
    def test_one_that_waited_is_read_again(self, world, press):
        mail = come(sender="dan@example.org")
        assert mail.state == InState.QUARANTINED
        press(mail, "attempts")
        assert (mail.state, mail.ticket) == (InState.QUARANTINED, None)
        rights_actions.set_active(world.ana, world.dan, True)
        db.commit()
        page = press(mail, "attempts")
        assert (mail.state, mail.ticket.requester) == (InState.TICKET, world.dan)
        assert "The mail was read again" in page

    def test_pressed_twice_it_is_read_once(self, world, press):
        mail = come(sender="dan@example.org")
        rights_actions.set_active(world.ana, world.dan, True)
        db.commit()
        press(mail, "attempts")
        press(mail, "attempts")
        assert len(db.session.scalars(select(Ticket)).all()) == 1

    def test_what_became_something_is_not_read_again(self, world, press, replied):
        press(replied, "attempts")
        assert len(messages(replied.ticket)) == 1


class TestTicket:
    def test_a_ticket_is_made_of_one_that_was_ignored(self, app, world, press):
        app.config["MAIL_FROM"] = "help@desk.example"
        mail = come(sender="help@desk.example", files=FILE)
        assert mail.state == InState.IGNORED
        press(mail, "ticket")
        press(mail, "ticket")
        (ticket,) = db.session.scalars(select(Ticket)).all()
        assert (mail.state, mail.ticket, ticket.requester.email) == (InState.TICKET, ticket, "help@desk.example")
        assert [file.name for file in ticket.attachments] == ["log.txt"]

    def test_for_somebody_who_is_shut_out_whoever_presses_opens_it(self, world, press):
        mail = come(sender="dan@example.org")
        press(mail, "ticket")
        assert (mail.ticket.requester, mail.ticket.opened_by) == (world.dan, world.mia)

    def test_a_reply_becomes_a_ticket_of_its_own_and_goes_back(self, world, press, replied):
        old = replied.ticket
        press(replied, "ticket")
        new = replied.ticket
        assert (new.description, new.requester, messages(old)) == ("About the other one.", world.ren, [])
        press(replied, "undo")
        assert (messages(old), replied.ticket, new.deleted_at is not None) == (["About the other one."], old, True)
        press(replied, "ticket")
        assert (replied.ticket, new.deleted_at) == (new, None)


class TestMove:
    def test_its_message_goes_to_the_other_ticket_with_its_files(self, world, press, replied, target):
        old = replied.ticket
        page = press(replied, "move", number=f"#{target.id}")
        assert (messages(old), messages(target)) == ([], ["About the other one."])
        assert (replied.state, replied.ticket, replied.moved_from) == (InState.REPLY, target, old)
        assert [file.name for file in replied.comment.attachments] == ["log.txt"]
        assert names(old) == [EventName.TICKET_CREATED, EventName.COMMENT_REMOVED]
        assert f"Move it back to #{old.id}" in page
        (removed,) = db.session.scalars(select(Event).where(Event.name == EventName.COMMENT_REMOVED))
        assert (removed.changes, removed.actor) == ({"mail": [old.id, target.id]}, world.mia)
        assert old.last_event_id == old.last_public_event_id == removed.id

    def test_pressed_twice_it_is_there_once(self, world, press, replied, target):
        for _ in range(2):
            press(replied, "move", number=target.id)
        assert messages(target) == ["About the other one."]
        for _ in range(2):
            press(replied, "undo")
        assert (messages(target), len(messages(replied.ticket))) == ([], 1)
        assert replied.moved_from is None

    def test_a_stranger_speaks_on_the_ticket_where_staff_put_them(self, world, press, target):
        mail = come(text="I sit beside Ren, and I see it too.")
        opened = mail.ticket
        press(mail, "move", number=target.id)
        assert (mail.comment.author.email, mail.ticket) == ("kim@example.net", target)
        assert opened.deleted_at is not None
        press(mail, "undo")
        assert (mail.ticket, opened.deleted_at, messages(target)) == (opened, None, [])
        assert names(opened)[-2:] == [EventName.TICKET_DELETED, EventName.TICKET_RESTORED]

    def test_a_ticket_on_which_somebody_wrote_stays_and_the_page_says_so(self, world, press, target):
        mail = come()
        opened = mail.ticket
        world.note(opened)
        page = press(mail, "move", number=target.id)
        assert opened.deleted_at is None
        assert f"#{opened.id} stays where it is: the mail opened it, and somebody wrote there since." in page
        press(mail, "undo")
        assert (mail.ticket, messages(target), opened.deleted_at) == (opened, [], None)

    def test_what_it_had_opened_again_is_over_again(self, world, press, target):
        ticket = world.ticket()
        sent = mailed(world.ren, ticket)
        change_actions.set_status(world.mia, ticket, Status.RESOLVED)
        db.commit()
        mail = come(sender=REN, in_reply_to=sent.message_id)
        assert ticket.status == Status.OPEN
        press(mail, "move", number=target.id)
        assert ticket.status == Status.RESOLVED
        press(mail, "undo")
        assert ticket.status == Status.OPEN

    def test_whatever_pointed_at_the_message_points_at_it_no_more(self, world, visit, press, replied, target):
        old, said = replied.ticket, replied.comment
        visit(world.ren).post("/drafts", data={"draft": f"comment:{said.id}", "body": "Half a sentence"})
        sent = mailed(world.mia, old, said)
        press(replied, "move", number=target.id)
        assert not db.session.get(Comment, said.id)
        assert not db.session.scalars(select(Attachment).where(Attachment.ticket_id == old.id)).all()
        kept = db.session.get(OutgoingMail, sent.id)
        assert (kept.comment_id, kept.ticket) == (None, old)
        answer = come(sender="mia@example.org", text="Which one?", in_reply_to=sent.message_id)
        assert (answer.state, answer.ticket) == (InState.REPLY, old)

    def test_what_was_not_mailed_yet_is_mailed_once_from_where_it_is_now(self, world, press, target, post, sink):
        old = world.ticket()
        for ticket in (old, target):
            change_actions.assign(world.ana, ticket, world.tom)
        db.commit()
        post.deliver()
        mail = come(sender=REN, text="Only once.", in_reply_to=mailed(world.ren, old).message_id)
        post.read()
        press(mail, "move", number=target.id)
        before = len(sink.mails)
        post.deliver()
        assert [message["Subject"] for _, message in sink.mails[before:]] == [f"[#{target.id}] {target.title}"]
        assert set(db.session.scalars(select(OutgoingMail.state))) == {OutState.SENT, OutState.DROPPED}

    @pytest.mark.hardening("O-03")
    def test_a_note_stays_a_note_wherever_it_goes(self, world, press, target):
        ticket = world.ticket()
        note = mailed(world.mia, ticket, world.note(ticket, by=world.tom))
        mail = come(sender=MIA, text="I know.\n\n> Only for us.", in_reply_to=note.message_id)
        for button, fields in (("move", {"number": target.id}), ("undo", {}), ("ticket", {}), ("undo", {})):
            press(mail, button, **fields)
            if button != "ticket":
                assert (mail.comment.internal, mail.comment.body) == (True, "I know.")
                assert "internal note" in mail.reason
        assert mail.ticket == ticket

    @pytest.mark.hardening("O-03")
    def test_what_an_agent_answered_in_public_stays_public_without_what_they_quoted(self, world, press, target):
        ticket = world.ticket()
        sent = mailed(world.mia, ticket, world.comment(world.ren, ticket))
        mail = come(sender=MIA, text="We come.\n\n> Only for us.", in_reply_to=sent.message_id)
        press(mail, "move", number=target.id)
        assert (mail.comment.internal, mail.comment.body) == (False, "We come.")

    @pytest.mark.hardening("H-41")
    def test_what_came_under_the_address_of_an_agent_and_proves_nothing_is_moved_as_a_note(self, world, press, target):
        mail = come(sender=MIA, text="Tell me your password.")
        press(mail, "move", number=target.id)
        assert (mail.ticket, mail.comment.author, mail.comment.internal) == (target, world.mia, True)
        own = world.ticket(world.mia, "Mia's own screen")
        mail = come(sender=MIA, text="It is dark.")
        press(mail, "move", number=own.id)
        assert (mail.ticket, mail.comment.internal) == (own, False)

    def test_a_number_that_is_no_tickets_is_asked_for_again_on_the_same_page(self, world, visit, replied):
        binned = world.ticket(title="Gone")
        change_actions.delete_ticket(world.ana, binned)
        db.commit()
        for number in ("999", "", "x", str(binned.id), "9" * 30):
            answer = visit(world.mia).post(f"/mail/in/{replied.id}/move", data={"number": number})
            assert answer.status_code == 422
            assert "There is no ticket with that number here." in answer.text
            assert f'value="{number}"' in answer.text
            assert "About the other one." in answer.text
        assert len(messages(replied.ticket)) == 1

    def test_of_one_that_was_too_large_nothing_can_be_made(self, app, world, visit, target):
        app.config["MAIL_LARGEST"] = 1_000
        mail = come(text="x" * 2_000)
        for button in ("ticket", "move", "undo", "attempts"):
            answer = visit(world.mia).post(f"/mail/in/{mail.id}/{button}", data={"number": target.id})
            assert answer.status_code == 422
        assert mail.ticket is None

    def test_the_requester_learns_that_a_message_went_and_not_where_to(self, world, visit, press, replied, target):
        old = replied.ticket
        press(replied, "move", number=target.id)
        page = visit(world.ren).get(f"/tickets/{old.id}").text
        assert "took out a message that belongs elsewhere" in page
        assert "About the other one." not in page

    def test_programs_learn_that_too_and_not_where_to_either(self, world, visit, press, replied, target):
        old = replied.ticket
        topic = f"/live/events?on=ticket:{old.id}"
        ren, tom = (Listener(visit(who), topic) for who in (world.ren, world.tom))
        press(replied, "move", number=target.id)
        for listener in (ren, tom):
            told = [json.loads(message.data) for message in listener.heard() if message.event == "comment:removed"]
            assert [event["changes"] for event in told] == [{}]

    def test_nothing_leads_to_a_ticket_in_the_bin(self, world, visit, press, target):
        mail = come()
        change_actions.delete_ticket(world.ana, mail.ticket)
        db.commit()
        for address in ("/mail/in", f"/mail/in/{mail.id}"):
            page = visit(world.mia).get(address).text
            assert f"#{mail.ticket_id}, in the bin" in page
            assert f"/tickets/{mail.ticket_id}" not in page

    def test_whoever_leaves_the_desk_moves_nothing(self, world, visit, replied, target):
        browser = visit(world.mia)
        rights_actions.set_active(world.ana, world.mia, False)
        db.commit()
        assert browser.post(f"/mail/in/{replied.id}/move", data={"number": target.id}).status_code in (401, 404)
        assert policy.find_ticket(world.ren, target.id)
        assert not messages(target)


def test_everything_about_the_mails_can_be_looked_at_in_every_state(world, visit):
    ledger = [come(), come(b"no mail"), come(sender="nagios@example.net", auto_submitted="auto-generated")]
    for mail in ledger:
        assert visit(world.mia).get(f"/mail/in/{mail.id}").status_code == 200
    assert db.session.scalars(select(IncomingMail.state)).all()


def test_what_names_no_sender_offers_nothing_that_cannot_be_done(world, visit, press):
    nobody = come(b"From: nobody\r\nSubject: Who\r\n\r\nIt smokes.\r\n")
    page = visit(world.mia).get(f"/mail/in/{nobody.id}").text
    assert "It names no sender" in page
    assert f"/mail/in/{nobody.id}/ticket" not in page
    assert f"/mail/in/{nobody.id}/move" not in page
    assert f"/mail/in/{nobody.id}/attempts" in page
    somebody = visit(world.mia).get(f"/mail/in/{come().id}").text
    assert "It names no sender" not in somebody
    assert "/move" in somebody


def test_of_what_was_refused_the_head_alone_is_shown_and_called_so(app, world, visit):
    app.config["MAIL_LARGEST"] = 1_000
    mail = come(text="x" * 5_000, files=FILE)
    page = visit(world.mia).get(f"/mail/in/{mail.id}").text
    assert "Only its head was kept" in page
    assert "<summary>Its header</summary>" in page
    for words in ("It has no text.", "What was odd", f"{mail.size} bytes"):
        assert words not in page


def test_whoever_brings_a_mail_to_a_team_whose_tickets_they_do_not_see_is_led_to_the_list(app, world, visit):
    app.config["MAIL_FROM"] = "help@desk.example"
    own, other = (create_team(world.ana, name=name, sees_all=False) for name in ("Networks", "Accounts"))
    add_member(world.ana, own, world.mia)
    change_team(world.ana, other, name="Accounts", sees_all=False, categories=list(Category))
    mail, mia = come(sender="help@desk.example"), visit(world.mia)
    assert mia.get(f"/mail/in/{mail.id}").status_code == 200
    assert mia.post(f"/mail/in/{mail.id}/ticket").location == "/mail/in"
    assert "with a ticket now that you do not see" in mia.get("/mail/in").text
    assert visit(world.ana).get(f"/mail/in/{mail.id}").status_code == 200
