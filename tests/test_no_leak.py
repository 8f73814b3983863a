"""A marker in an internal note, in its file and in the file's name is looked for behind every door a requester has."""

import io
import re
from datetime import timedelta

import pytest

from informejo import clock, db, policy
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.events import log
from informejo.events.names import EventName
from informejo.guests.link_actions import make_link
from informejo.live.bookmark import Bookmark
from informejo.shelf import shelf
from informejo.tickets import actions, change_actions, queries
from informejo.tickets.models import Comment
from informejo.tickets.words import Status
from tests.live.sse import Listener

MARKER = "zebrafish"
FILE = b"\x89PNG\r\n\x1a\n" + MARKER.encode() * 5
# The same for everybody: read from the disk, or how the desk looks.
FILES = ("static", "joined_file", "settings.own_colours", "settings.logo")
PEOPLE = ("ren", "by link", "zoe", None)  # the requester, also by a link to the ticket alone, another one, a visitor
# What somebody types comes back to them, so they look for the beginning of the marker only.
QUERIES = ("", "?all=yes", f"?q={MARKER[:5]}", f"?q={MARKER[:5]}&status=open&sort=activity", "?sort=oldest",
           f"?since={Bookmark('test', 0)}", "?follows=1", "?notice=draft-saved")  # fmt: skip
TOPICS = "on=ticket:1&on=me"
AT_FIRST = str(Bookmark("test", 1))  # sealed once: each time it would look otherwise


@pytest.fixture
def ticket(world):
    ticket = world.ticket()
    world.comment(world.ren, ticket, "It is still hot.")
    return ticket


@pytest.fixture
def plant(world, ticket, visit):
    """`plant()`: Mia writes, changes and begins another note, all with the marker; returns the first."""

    def plant() -> Comment:
        address, mia = f"/tickets/{ticket.id}", visit(world.mia)
        file = (io.BytesIO(FILE), f"{MARKER}.png")
        form = {"body": f"{MARKER} one", "internal": "yes", "files": file}
        mia.post(f"{address}/comments", data=form, content_type="multipart/form-data")
        note = db.session.scalars(policy.visible_comments(world.mia).where(Comment.internal)).one()
        mia.post(f"/comments/{note.id}/edit", data={"body": f"{MARKER} two", "version": "1"})
        mia.post("/drafts", data={"draft": f"ticket:{ticket.id}", "internal": "yes", "body": f"{MARKER} three"})
        mia.post(f"{address}/writing")
        mia.post(f"{address}/seen", data={"event": ticket.last_event_id})
        warm_up(world, visit)
        return note

    return plant


@pytest.fixture
def addresses(app, ticket):
    """`addresses("GET", note)`: every address of the app that answers it, filled with what belongs to the note."""

    def addresses(method: str, note: Comment | None) -> list[str]:
        file = note.attachments[0].token if note and note.attachments else "none"
        values = {"number": ticket.id, "id": note.id if note else 1, "token": file, "name": "x.png",
                  "field": "status", "user_id": 1, "mark": "old", "reader": "mail", "event_id": 1,
                  "provider": "none"}  # fmt: skip
        rules = [rule for rule in app.url_map.iter_rules() if method in rule.methods and rule.endpoint not in FILES]
        with app.test_request_context():
            adapter = app.url_map.bind("localhost")
            return [
                adapter.build(rule.endpoint, {name: values.get(name, "none") for name in rule.arguments})
                for rule in rules
            ]

    return addresses


@pytest.fixture
def come(world, visit, ticket):
    """`come("zoe")`: a browser of one of PEOPLE."""

    def come(who: str | None):
        if who != "by link":
            return visit(who and getattr(world, who))
        browser, token = visit(), make_link(world.ren, ticket).token
        db.commit()
        browser.get(f"/t/{token}")
        return browser

    return come


def look(browser, address: str) -> bytes:
    """Everything an answer says: status, headers, content; of a stream, its beginning."""
    browser.application.extensions["rates"].storage.reset()
    answer = browser.get(address, buffered=False)
    content = next(iter(answer.response), b"") if address.startswith("/live") else answer.data
    answer.close()
    return f"{answer.status}\n{answer.headers}".encode() + content


def warm_up(world, visit):
    """The staff look at everything, so that what they see is kept when requesters look."""
    for who in ("mia", "tom", "ana"):
        for address in (
            "/tickets/1",
            "/tickets/1?all=yes",
            "/queue",
            f"/queue?status=&q={MARKER}",
            "/desk",
            "/tickets",
        ):
            visit(getattr(world, who)).get(address)
    everything = str(shelf._values)
    assert all(f"{MARKER}{rest}" in everything for rest in (" two", ".png")), "it is kept, for the staff"


def saw(browser, page: str) -> int:
    return browser.get(page).data.count(MARKER.encode())


@pytest.mark.hardening("O-03")
def test_no_page_of_a_requester_shows_the_marker(come, plant, addresses):
    note = plant()
    for who in PEOPLE:
        browser = come(who)
        for address in addresses("GET", note):
            queries = (
                [f"?{TOPICS}", f"?{TOPICS}&since={Bookmark('test', 0)}"] if address.startswith("/live") else QUERIES
            )
            for query in queries:
                assert MARKER.encode() not in look(browser, address + query), address + query


def test_the_staff_see_all_of_it(world, visit, plant, addresses):
    note = plant()
    tom, file = visit(world.tom), note.attachments[0]
    page = tom.get("/tickets/1").text
    assert f"{MARKER} two" in page
    assert f"{MARKER}.png" in page
    assert tom.get(f"/files/{file.token}", buffered=True).data == FILE
    assert tom.get(f"/files/{file.token}/{MARKER}.png", buffered=True).data == FILE
    assert f"{MARKER} three" in visit(world.mia).get("/tickets/1").text
    assert saw(visit(world.mia), f"/comments/{note.id}/edit")


def test_seen_as_its_requester_the_ticket_holds_no_marker_for_the_staff_either(world, visit, plant):
    plant()
    browser = visit(world.mia)
    assert saw(browser, "/tickets/1?all=yes") > 0
    assert saw(browser, "/tickets/1/as-requester?all=yes") == 0


def test_no_answer_to_what_a_requester_sends_holds_the_marker(app, come, plant, addresses):
    note = plant()
    fields = {"body": "Hello.", "value": "resolved", "was": "closed", "version": "9", "title": "Another title",
              "description": "Something quite different.", "event": "999", "draft": "ticket:1", "name": "Ren",
              "current": "x", "password": "x", "again": "x", "email": "mia@example.org"}  # fmt: skip
    for headers in ({}, {"HX-Request": "true"}):
        for who in PEOPLE:
            for address in addresses("POST", note):
                app.extensions["rates"].storage.reset()
                answer = come(who).post(address, data=fields, headers=headers)
                assert MARKER.encode() not in answer.data, address
                assert MARKER not in str(answer.headers), address
                db.session.rollback()


@pytest.mark.hardening("H-25")
def test_a_file_of_a_note_is_found_by_the_staff_alone_until_the_ticket_is_gone(world, visit, plant, ticket):
    token = plant().attachments[0].token
    for address in (f"/files/{token}", f"/files/{token}/{MARKER}.png", f"/files/{token}/x"):
        statuses = {
            who: visit(getattr(world, who)).get(address, buffered=True).status_code for who in ("ren", "zoe", "mia")
        }
        assert statuses == {"ren": 404, "zoe": 404, "mia": 200}
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert visit(world.ana).get(f"/files/{token}").status_code == 404


@pytest.mark.hardening("O-03", "H-03")
@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_live_a_note_is_silence_to_the_requester_and_heard_by_the_staff(world, visit, plant, path):
    ren, zoe = Listener(visit(world.ren), f"{path}?{TOPICS}"), Listener(visit(world.zoe), f"{path}?on=me")
    tom = Listener(visit(world.tom), f"{path}?{TOPICS}&on=queue&on=desk")
    ren.heard(), zoe.heard()
    plant()
    assert not ren.subscription.waiting
    assert not zoe.subscription.waiting
    heard = "".join(message.data for message in tom.heard())
    assert f"{MARKER} {'two' if path == '/live' else 'one'}" in heard
    assert f"{MARKER}.png" in heard


@pytest.mark.hardening("O-03", "L-04")
@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_what_was_missed_holds_the_note_for_the_staff_alone(world, visit, plant, path):
    since = str(log.bookmark())
    plant()
    ren = Listener(visit(world.ren), f"{path}?{TOPICS}&since={since}")
    tom = Listener(visit(world.tom), f"{path}?{TOPICS}&since={since}")
    assert [message.event for message in ren.greeting] == ["ready"]
    assert MARKER in "".join(message.data for message in tom.greeting)


@pytest.mark.hardening("O-03")
def test_the_whole_world_of_a_requester_is_the_same_with_and_without_a_note(app, world, visit, plant, addresses):
    """Timing is content: not one byte of any page moves, no count, no order, no time, no bookmark."""
    app.config["METRICS_TOKEN"] = "which no requester has"  # this very machine would be answered without it
    world.ticket(title="A later ticket, so that the order of lists could change")
    ren = visit(world.ren)
    with clock.at(clock.now()):
        before = walk(ren, addresses("GET", None))
        noted, staff = plant(), visit(world.tom).get("/queue").text
        after = walk(ren, addresses("GET", None))
    assert before == after
    assert noted.internal
    assert staff.index("place-1") < staff.index("place-2"), "the staff's list did change its order"


@pytest.mark.hardening("O-03")
def test_between_two_messages_of_ones_own_nothing_shows_how_much_was_hidden(world, visit):
    """Two tickets, the same things at the same times; in one there are notes between them."""
    now = clock.now()
    moments = (now + timedelta(minutes=minute) for minute in range(1, 9))
    spoken, other = world.ticket(title="Spoken about"), world.ticket(title="Left alone")
    shown = []
    for ticket, notes in ((spoken, 3), (other, 0)):
        with clock.at(next(moments)):
            first = world.comment(world.ren, ticket, "One.")
        for number in range(notes):
            world.note(ticket, f"{MARKER} {number}")
        with clock.at(next(moments)):
            second = world.comment(world.ren, ticket, "Two.")
        shown.append((second.id - first.id, queries.order_of(second) - queries.order_of(first)))
    assert shown[0] == shown[1] == (60_000_000, 60_000_000)
    page = visit(world.ren).get(f"/tickets/{spoken.number}").text
    assert f"comment-{second.id}" not in page
    assert page.count('id="comment-') == 2


def walk(browser, addresses: list[str]) -> dict[str, bytes]:
    """What every address says, but for what is drawn by lot: keys of forms, ids, delays, bookmarks, uptimes."""
    addresses = [
        address + query
        for address in addresses
        for query in ([f"?{TOPICS}", f"?{TOPICS}&since={AT_FIRST}"] if address.startswith("/live") else QUERIES)
    ]
    lots = re.compile(
        rb'name="key" value="[^"]+"|X-Request-ID: \w+|retry: \d+|(since=|id: )[\w-]{48}|data: \w+ \d+\.\d'
    )
    return {address: lots.sub(b"", look(browser, address)) for address in addresses}


@pytest.mark.hardening("O-03", "L-11")
def test_after_losing_sight_nothing_of_the_ticket_is_behind_any_door(world, visit, ticket, addresses):
    """In the bin, and given to somebody else: pages, files, streams, replays and counts of who saw it say nothing."""
    texts = {"title": f"{MARKER} in the hall", "description": f"A {MARKER} stands there."}
    change_actions.edit_ticket(world.ren, ticket, version=1, **texts)
    said = world.comment(world.ren, ticket, f"The {MARKER} is asleep.")
    since, ren = str(log.bookmark()), visit(world.ren)
    live = Listener(ren, f"/live?on=ticket:{ticket.id}&on=me")
    assert saw(ren, f"/tickets/{ticket.id}")
    ticket.requester = world.zoe
    changes = {"requester": ["Ren Ito", "Zoe Kaur"]}
    who = {"ticket": ticket, "user": world.ren, "audience": "requester", "changes": changes}
    log.record(EventName.TICKET_UPDATED, world.mia, **who)
    db.commit()
    world.comment(world.mia, ticket, f"Wake the {MARKER}.")
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert MARKER not in "".join(message.data for message in live.heard())
    for address in addresses("GET", said):
        queries = [f"?on=ticket:{ticket.id}&on=me&since={since}"] if address.startswith("/live") else QUERIES
        for query in queries:
            assert MARKER.encode() not in look(ren, address + query), address + query


def test_notes_push_no_public_message_off_the_first_page_and_are_not_counted(world, visit, ticket, monkeypatch):
    monkeypatch.setattr(queries, "RECENT", 4)
    monkeypatch.setattr(queries, "UNREAD", 4)
    for number in range(9):
        world.note(ticket, f"note {number}")
    assert "Show" not in visit(world.ren).get("/tickets/1").text
    assert "It is still hot." in visit(world.ren).get("/tickets/1").text
    assert "earlier</a>" in visit(world.mia).get("/tickets/1").text


def test_notes_are_news_to_the_assignee_alone(world, visit, ticket):
    change_actions.assign(world.ana, ticket, world.tom)
    for person in (world.ren, world.tom):
        actions.mark_seen(person, ticket, ticket.last_event_id)
    db.commit()
    world.note(ticket)
    assert (queries.unread_for(world.ren), queries.unread_for(world.tom)) == (0, 1)
    actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    assert queries.reading_of(world.ren, ticket).event_id == ticket.last_public_event_id < ticket.last_event_id


def test_two_changes_at_once_name_who_made_the_change_and_not_who_wrote_a_note(world, visit, ticket):
    change_actions.set_status(world.mia, ticket, Status.WAITING)
    db.commit()
    world.note(ticket, by=world.tom)
    page = visit(world.ren).post("/tickets/1/status", data={"value": "resolved", "was": "open"})
    assert page.status_code == 409
    assert "Mia Lund" in page.text
    assert "Tom Berg" not in page.text


def test_somebody_who_is_no_longer_staff_loses_sight_of_notes_even_on_their_own_ticket(world, visit):
    own = world.ticket(world.mia, "My own screen flickers")
    note = world.note(own, MARKER, by=world.mia)
    assert saw(visit(world.mia), f"/tickets/{own.id}")
    rights_actions.set_role(world.ana, world.mia, Role.USER)
    db.commit()
    browser = visit(world.mia)
    assert browser.get(f"/tickets/{own.id}").status_code == 200
    assert not saw(browser, f"/tickets/{own.id}?all=yes")
    assert browser.get(f"/comments/{note.id}/edit").status_code == 404
    assert browser.post(f"/comments/{note.id}/edit", data={"body": "public now", "version": "1"}).status_code == 404
