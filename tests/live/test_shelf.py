"""What is kept to be shown again: never out of date, never for another audience, never more than its bound."""

import io
import random
import re
import threading
from contextlib import contextmanager, suppress

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, NotFound

from informejo import db, policy, turns
from informejo.accounts import actions as accounts, rights_actions
from informejo.accounts.models import Role, User
from informejo.accounts.sign_ins import Viewer
from informejo.events import log
from informejo.live import replay
from informejo.live.bookmark import Bookmark
from informejo.live.makers import Fragment
from informejo.settings import actions as settings
from informejo.shelf import ONE_MOST, Shelf, shelf, size_of
from informejo.teams import actions as teams
from informejo.teams.models import Team
from informejo.tickets import actions, change_actions, confiding_actions, files
from informejo.tickets.files import path_of
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Category, Priority, Status
from tests.waiting import until
from tests.whole import WHOLE

PEOPLE = ("ren", "zoe", "mia", "tom", "ana")
STAFF = ("mia", "tom", "ana")
PAGES = (
    *("/tickets", "/tickets?status=open&sort=oldest", "/tickets?q=printer", "/desk", "/desk/counts", "/unread"),
    *("/tickets/1", "/tickets/2", "/tickets/3", "/tickets/1?all=yes", "/tickets/1?list=%2Fqueue%3Fsort%3Dnewest"),
    *("/tickets/2/print", "/queue", "/queue?sort=priority", "/queue?assignee=me", "/queue?assignee=none&status="),
    *("/tickets/1?at={said}", "/tickets/2?at={said}", "/queue?page=2&status=", "/queue?status=due&sort=oldest"),
    *("/queue?status=&q=printer", "/queue?requester=me&status=", "/queue?requester=4&status="),
)
NEW_EACH_TIME = re.compile(r'since=[\w-]{48}|name="key" value="[^"]*"')


@contextmanager
def world_of_others(browser):
    """What happens in here happens in another request, with a session of its own."""
    app = browser.application
    with app.app_context():
        turns.vouch_with(None)
        yield


class Everybody:
    """A desk whose people do this and that; `act()` has somebody do something, and says what."""

    def __init__(self, world, chance: random.Random):
        self.world, self.chance = world, chance
        self.deeds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]

    def act(self) -> str:
        deed = self.chance.choice(self.deeds)
        try:
            deed()
            db.commit()
        except HTTPException:  # it was not theirs to do, or not any more
            db.session.rollback()
        return deed.__name__

    def ticket(self) -> Ticket:
        return db.session.get(Ticket, self.chance.randint(1, 3))

    def staff(self):
        return getattr(self.world, self.chance.choice(STAFF))

    def said(self) -> int:
        return self.chance.choice([comment.id for comment in db.session.query(Comment)] or [0])

    def words(self) -> str:
        return f"printer {self.chance.randrange(1000)} **jams**"

    def do_say(self):
        ticket = self.ticket()
        actions.add_comment(self.chance.choice((ticket.requester, self.staff())), ticket, body=self.words())

    def do_note(self):
        actions.add_comment(self.staff(), self.ticket(), body=self.words(), internal=True)

    def do_attach(self):
        internal = self.chance.random() < 0.5
        file = FileStorage(io.BytesIO(self.words().encode()), f"{self.words()}.txt")
        actions.add_comment(
            self.staff(), self.ticket(), body="", internal=internal, files=files.keep([file], room=1_000_000)
        )

    def do_edit_a_message(self):
        said = self.chance.choice(db.session.query(Comment).all() or [None])
        if said:
            change_actions.edit_comment(said.author, said, body=self.words(), version=said.version)

    def do_edit_a_ticket(self):
        ticket = self.ticket()
        texts = {"title": self.words(), "description": self.words(), "version": ticket.version}
        change_actions.edit_ticket(ticket.opened_by, ticket, **texts)

    def do_assign(self):
        change_actions.assign(self.staff(), self.ticket(), self.chance.choice((None, self.world.mia, self.world.tom)))

    def do_set_status(self):
        change_actions.set_status(self.staff(), self.ticket(), self.chance.choice(list(Status)))

    def do_set_priority(self):
        change_actions.set_priority(self.staff(), self.ticket(), self.chance.choice(list(Priority)))

    def do_set_category(self):
        change_actions.set_category(self.staff(), self.ticket(), self.chance.choice(list(Category)))

    def do_bin_and_bring_back(self):
        change_actions.delete_ticket(self.world.ana, self.ticket())
        db.commit()
        for ticket in db.session.query(Ticket).filter(Ticket.deleted_at.is_not(None)):
            change_actions.restore_ticket(self.world.ana, ticket)

    def do_read(self):
        ticket = self.ticket()
        actions.mark_seen(self.chance.choice((ticket.requester, self.staff())), ticket, ticket.last_event_id)

    def do_rename(self):
        person = getattr(self.world, self.chance.choice(PEOPLE))
        accounts.edit_profile(person, name=f"Somebody {self.chance.randrange(1000)}", department=self.words())

    def do_rename_a_category(self):
        one = self.chance.choice([*Category])
        was = {"word": one.word, "hidden": one.is_hidden}
        new = {"word": self.words(), "hidden": self.chance.random() < 0.3}
        settings.change_categories(self.world.ana, {one: (new, was)})

    def do_change_a_role(self):
        role = Role.USER if self.world.tom.role == Role.AGENT else Role.AGENT
        rights_actions.set_role(self.world.ana, self.world.tom, role)
        db.commit()
        if role == Role.USER and self.chance.random() < 0.5:
            rights_actions.set_role(self.world.ana, self.world.tom, Role.AGENT)

    def do_shut_out_and_let_in(self):
        active = self.world.mia.active
        rights_actions.set_active(self.world.ana, self.world.mia, not active)
        db.commit()
        if active and self.chance.random() < 0.8:
            rights_actions.set_active(self.world.ana, self.world.mia, True)

    def do_confide(self):
        ticket = self.ticket()
        confiding_actions.set_confidential(self.staff(), ticket, not ticket.confidential)

    def do_name_or_not(self):
        person, ticket = self.staff(), self.ticket()
        change = confiding_actions.unname_person if policy.is_named(person, ticket) else confiding_actions.name_person
        change(self.staff(), ticket, person)

    def do_give_to_a_team(self):
        change_actions.set_team(self.staff(), self.ticket(), self.chance.choice((None, *self.teams())))

    def do_change_who_is_in_a_team(self):
        team = self.chance.choice(self.teams())
        change = self.chance.choice((teams.add_member, teams.remove_member))
        change(self.world.ana, team, self.chance.choice((self.world.mia, self.world.tom)))

    def teams(self) -> list[Team]:
        if not db.session.query(Team).count():
            for name in ("Networks", "Paper"):
                teams.create_team(self.world.ana, name=name, sees_all=False)
        return db.session.query(Team).all()

    def do_lose_a_file(self):
        for file in db.session.query(Attachment):
            path = path_of(file)
            if path.exists():
                path.rename(path.with_suffix(".away"))
            else:
                path.with_suffix(".away").rename(path)


@contextmanager
def from_nothing():
    """Whatever is drawn in here is drawn anew, and nothing of it is kept."""
    before = dict(vars(shelf))
    shelf.__init__(most=0)
    try:
        yield
        assert len(shelf) == 0
    finally:
        vars(shelf).update(before)


def shown(browser, page: str) -> tuple[int, str]:
    browser.application.extensions["rates"].storage.reset()
    answer = browser.get(page)
    return answer.status_code, NEW_EACH_TIME.sub("", answer.text)


@pytest.mark.parametrize("seed", range(3 if WHOLE else 1))
def test_every_page_is_as_if_it_were_drawn_from_nothing_whatever_happened(world, visit, seed, monkeypatch):
    monkeypatch.setattr("informejo.tickets.queries.RECENT", 4)
    monkeypatch.setattr("informejo.tickets.list_queries.PAGE", 2)
    chance, done = random.Random(seed), []
    world.ticket(title="The printer jams"), world.ticket(by=world.zoe), world.ticket(by=world.tom)
    everybody, browsers = Everybody(world, chance), {who: visit(getattr(world, who)) for who in PEOPLE}
    for _ in range(40):
        done.append(everybody.act())
        for who in chance.sample(PEOPLE, 3):
            for page in chance.sample(PAGES, 4):
                address = page.format(said=everybody.said())
                warm = shown(browsers[who], address)
                with from_nothing():
                    assert warm == shown(browsers[who], address), (seed, who, address, done[-5:])
    assert shelf.bytes > 100_000, "pages were kept"


@pytest.mark.parametrize("seed", range(8 if WHOLE else 3))
def test_who_comes_back_is_told_the_same_whoever_came_back_before(app, world, seed):
    """Random people do random things; then all come back to the same pages, and what each is told is drawn for them."""
    app.config["REPLAY_LIMIT"] = 12
    chance, bookmarks, shared = random.Random(seed), [log.bookmark()], 0
    world.ticket(), world.ticket(by=world.zoe), world.ticket(by=world.tom)
    everybody = Everybody(world, chance)
    for _ in range(40):
        everybody.act()
        bookmarks.append(log.bookmark())
        since, people = chance.choice(bookmarks[-6:]), chance.sample(PEOPLE, len(PEOPLE))
        topics = chance.sample(["queue", "desk", "ticket:1", "ticket:2", "me"], chance.randint(1, 5))
        for who in people:
            shared += any(key[0] == "missed" for key in shelf._values)
            told, own = missed(getattr(world, who), topics, since)
            assert told == own, (seed, who, topics)
    assert shared


def missed(person: User, topics: list[str], since: Bookmark) -> tuple:
    """What this person is told who comes back with that bookmark, and what they are if it is drawn for them alone."""
    db.session.expire_all()
    if not person.active:
        return None, None
    viewer, wanted = Viewer(person.id, person.name, person.role, person.narrowed), []
    for topic in topics:
        with suppress(NotFound):
            wanted += policy.channels(viewer, [topic], "html")[0]
    wanted, here = tuple(dict.fromkeys(wanted)), log.bookmark()
    told = replay.missed(str(since), here, wanted, viewer)
    own = replay._drawn(replay._found(since, here, wanted, viewer), wanted) if wanted else replay.NOTHING
    return told[: 1 if told.events is None else 2], own[: 1 if told.events is None else 2]  # `reset` has a bookmark


def test_a_page_that_is_looked_at_twice_is_drawn_once(world, visit, monkeypatch):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "Once.")
    pages = {"ren": ("/tickets/1", "/tickets"), "mia": ("/tickets/1", "/queue", "/desk")}
    for who, paths in pages.items():
        for path in paths:
            visit(getattr(world, who)).get(path)
    monkeypatch.setattr("informejo.live.makers.Fragment.draw", lambda fragment: 1 / 0)
    for who, paths in pages.items():
        for path in paths:
            assert visit(getattr(world, who)).get(path).status_code == 200, path


def test_a_refused_form_is_drawn_with_what_is_so_now_and_kept_as_that(world, visit, monkeypatch):
    ticket, mia = world.ticket(), visit(world.mia)
    look = files.keep

    def refuse(*_args, **_options):  # while the file arrives, somebody takes another name
        with world_of_others(mia):
            accounts.edit_profile(db.session.get(User, world.ren.id), name="Ren Other")
            db.commit()
        return look([FileStorage(io.BytesIO(b"x"), "x")] * 100, room=1)

    monkeypatch.setattr(files, "keep", refuse)
    answer = mia.post("/tickets/1/comments", data={"body": "See file.", "files": (io.BytesIO(b"x"), "x.txt")})
    assert answer.status_code == 413
    assert ticket.id == 1
    for page in (answer.text, mia.get("/tickets/1").text, visit(world.tom).get("/tickets/1").text):
        assert "Ren Other" in page
        assert "Ren Ito" not in page


def test_a_form_that_is_refused_after_its_sender_lost_their_rights_shows_nothing_that_is_for_the_staff(
    world, visit, monkeypatch
):
    ticket, tom = world.ticket(), visit(world.tom)
    world.note(ticket, "Only for us.")
    look = files.keep

    def refuse(*_args, **_options):
        with world_of_others(tom):
            rights_actions.set_role(db.session.get(User, world.ana.id), db.session.get(User, world.tom.id), Role.USER)
            db.commit()
        return look([FileStorage(io.BytesIO(b"x"), "x")] * 100, room=1)

    form = {"body": "See file.", "internal": "yes", "draft": "ticket:1"}
    for keeps, shows in ((look, True), (refuse, False)):
        monkeypatch.setattr(files, "keep", keeps)
        too_many = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(100)]
        answer = tom.post("/tickets/1/comments", data={**form, "files": too_many})
        assert answer.status_code >= 400
        assert ("Only for us." in answer.text) == shows
        assert "See file." in answer.text


def test_a_file_that_goes_while_its_page_is_drawn_is_not_lost_for_ever(world, visit, monkeypatch):
    ticket = world.ticket()
    [file] = files.keep([FileStorage(io.BytesIO(b"words"), "log.txt")], room=1_000)
    world.comment(world.mia, ticket, "", files=[file])
    draw, path = Fragment.draw, path_of(db.session.query(Attachment).one())

    def away_and_back(fragment):
        path.rename(path.with_suffix(".away"))
        try:
            return draw(fragment)
        finally:
            path.with_suffix(".away").rename(path)

    monkeypatch.setattr(Fragment, "draw", away_and_back)
    visit(world.mia).get("/tickets/1")
    monkeypatch.setattr(Fragment, "draw", draw)
    assert "lost: attach it again" not in visit(world.mia).get("/tickets/1").text
    path.unlink()
    assert "lost: attach it again" in visit(world.mia).get("/tickets/1").text


def test_a_file_that_was_lost_since_is_told_as_lost_to_the_next_who_comes_back(world, listen):
    ticket, since = world.ticket(), str(log.bookmark())
    [file] = files.keep([FileStorage(io.BytesIO(b"words"), "log.txt")], room=1_000)
    world.comment(world.ren, ticket, "", files=[file])
    lost = []
    for person in (world.mia, world.tom, world.mia):
        told = listen(person, "ticket:1", "desk", "me", since=since).greeting[0].data
        lost.append("lost: attach it again" in told)
        path_of(db.session.query(Attachment).one()).unlink(missing_ok=True)
    assert lost == [False, True, True]


def test_looking_at_one_message_after_the_other_does_not_push_out_what_is_kept_for_others(world, visit, monkeypatch):
    monkeypatch.setattr("informejo.tickets.queries.RECENT", 4)
    ticket = world.ticket()
    said = [world.comment(world.ren, ticket, f"message {number}").id for number in range(40)]
    ren = visit(world.ren)
    for id in said:
        assert f'id="comment-{id}"' in ren.get(f"/tickets/1?at={id}").text
    drawings = [key for key in shelf._values if key[0] == "conversation"]
    assert len(drawings) <= 5, "4, 8, 16, 32 and 64 of them"


def test_what_somebody_of_the_staff_looked_at_is_not_shown_to_the_requester(world, visit):
    ticket = world.ticket()
    world.note(ticket, "Only for us.")
    for _ in range(2):
        assert "Only for us." in visit(world.mia).get("/tickets/1").text
        assert "Only for us." not in visit(world.ren).get("/tickets/1").text


def test_what_is_kept_stays_within_its_bound_and_the_longest_unused_goes_first():
    store = Shelf(most=ONE_MOST * 4)
    for number in range(100):
        store.one(("page", number), lambda: "x" * (ONE_MOST // 3))
        store.one(("page", 0), lambda: "x")
        assert 0 < store.bytes <= store.most
    again = []
    store.one(("page", 0), lambda: again.append(0))
    store.one(("page", 1), lambda: again.append(1))
    assert again == [1], "the first was asked for all the time, the second has made room"


def test_what_is_too_large_to_be_kept_is_made_each_time():
    store, made = Shelf(), []
    for _ in range(2):
        store.one("large", lambda: made.append(1) or "x" * (ONE_MOST + 1))
    assert (len(made), len(store), store.bytes) == (2, 0, 0)


def test_a_thing_that_cannot_be_made_is_made_by_the_next_who_asks():
    store = Shelf()
    with pytest.raises(ZeroDivisionError):
        store.one("page", lambda: 1 / 0)
    assert store.one("page", lambda: "made") == "made"
    assert store.several({1: "a", 2: "page"}, lambda ids: dict.fromkeys(ids, "new")) == {1: "new", 2: "made"}


def test_who_asks_while_it_is_made_waits_for_the_same_one():
    store, made, begun, go = Shelf(), [], threading.Event(), threading.Event()

    def make():
        begun.set()
        go.wait(5)
        made.append(1)
        return "made"

    found, asking = [], []

    def ask():
        asking.append(1)
        found.append(store.one("page", make))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    threads[0].start()
    begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(asking) == 5)
    go.set()
    for thread in threads:
        thread.join(5)
    assert (made, found) == ([1], ["made"] * 5)


def test_a_size_counts_all_that_is_held():
    assert size_of(("x" * 1000, {"a": "y" * 1000}, ["z" * 1000])) > 3000
