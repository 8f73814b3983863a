"""How newcomers get in: by registering, by the one-time link, by a ticket that staff write for them."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden

from informejo import clock, db
from informejo.accounts import actions, queries
from informejo.accounts.models import Role, SetupToken, User
from informejo.events import log
from informejo.events.names import EventName
from tests.accounts.test_forgotten import body, link
from tests.live import dom
from tests.world import PASSWORD

PASSWORDS = {"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
NEW = {"name": "Nia Okoye", "email": "nia@example.org", "password": PASSWORD, "again": PASSWORD}


def user(email="nia@example.org") -> User | None:
    return queries.user_by_email(email)


def test_somebody_registers_and_is_in_at_once(world, visit):
    browser = visit()
    answer = browser.post("/register", data={**NEW, "email": "Nia@Example.org", "department": "Sales"})
    assert answer.location == "/tickets"
    assert "Your account is made, and you are signed in." in browser.get("/tickets").text
    assert (user().name, user().department, user().role, user().active) == ("Nia Okoye", "Sales", Role.USER, True)
    assert user().confirmed_at is None
    assert visit().post("/sign-in", data=NEW).location == "/"


def test_registering_is_an_event_of_their_own(world, visit):
    visit().post("/register", data=NEW)
    created = log.since(0)[-1]
    assert (created.name, created.actor, created.user, created.changes) == (EventName.USER_CREATED, user(), user(), {})


@pytest.mark.hardening("O-04")
@pytest.mark.parametrize("email", ["ren@example.org", "dan@example.org", "gus@example.org", "REN@example.org"])
def test_without_mail_a_known_address_is_refused_and_stays_as_it_is(world, visit, email):
    browser = visit()
    answer = browser.post("/register", data={**NEW, "email": email})
    assert answer.status_code == 422
    assert "With this address no account can be made here." in answer.text
    assert browser.get("/profile").status_code == 303
    before = user(email)
    db.session.refresh(before)
    assert before.name != NEW["name"]
    assert before.role != Role.USER or before == world.ren


@pytest.mark.hardening("H-30")
def test_a_known_address_costs_a_hash_too(world, visit, monkeypatch):
    hashed = []
    monkeypatch.setattr(actions, "hash_password", lambda password: hashed.append(password) or "hash")
    visit().post("/register", data={**NEW, "email": "ren@example.org"})
    assert len(hashed) == 1


@pytest.mark.hardening("H-06", "S-59")
@pytest.mark.parametrize("field", ["role", "active", "id", "is_staff", "password_hash", "theme", "created_at"])
def test_nobody_registers_as_more_than_a_requester(world, visit, field):
    visit().post("/register", data={**NEW, field: {"role": "admin", "active": ""}.get(field, "1")})
    assert (user().role, user().active, user().theme) == (Role.USER, True, "system")
    assert user().password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "N"}, "Write your name of at least 2 characters; this has 1."),
        ({"name": "ana@example.org"}, "Write a name without an @"),
        ({"name": "ana＠example.org"}, "Write a name without an @"),
        ({"name": "\u0301\u0301\u0301"}, "Write your name."),
        ({"email": "nia at example.org"}, "Write a whole e-mail address, such as ren@example.org."),
        ({"email": "<nia@example.org>"}, "Write a whole e-mail address, such as ren@example.org."),
        ({"email": "a" * 250 + "@x.org"}, "This is 2 characters too long: at most 254 fit here."),
        ({"password": "short", "again": "short"}, "A password needs at least 15 characters; this has 5."),
        ({"password": "nia@example.org", "again": "nia@example.org"}, "This is easy to guess."),
        ({"again": "something else"}, "This is not the same as above."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(world, visit, fields, sentence):
    answer = visit().post("/register", data={**NEW, "department": "Sales", **fields})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Sales"' in answer.text
    assert PASSWORD not in answer.text
    assert user() is None


def test_everything_that_is_wrong_is_said_at_once(world, visit):
    text = visit().post("/register", data={"name": "N", "email": "nia", "password": "short", "again": "short"}).text
    assert "3 things need your attention." in text
    assert text.index("#field-name") < text.index("#field-email") < text.index("#field-password")


def test_registration_can_be_switched_off(app, world, visit):
    app.config["REGISTRATION"] = False
    assert visit().get("/register").status_code == 404
    assert visit().post("/register", data=NEW).status_code == 404
    assert user() is None


@pytest.mark.hardening("H-55")
def test_one_address_makes_five_accounts_an_hour(world, visit):
    answers = [visit().post("/register", data={**NEW, "email": f"{n}@example.org"}).status_code for n in range(6)]
    assert answers == [303] * 5 + [429]


class TestWithMail:
    """Where mail can be sent, an account is made by whoever reads the address."""

    KNOWN = ("ren@example.org", "dan@example.org", "gus@example.org", "nia@example.org")

    def join(self, browser, email="nia@example.org"):
        return browser.post("/register", data={"name": "Nia Okoye", "email": email, "department": "Sales"})

    def test_somebody_registers_by_the_mail_that_only_they_read(self, world, visit, post, sink):
        browser = visit()
        assert 'name="password"' not in browser.get("/register").text
        assert self.join(browser).location == "/register/sent"
        assert user().role == Role.GUEST
        post.deliver()
        assert "Somebody wants to make an account with this address." in body(sink)
        assert browser.post(link(sink), data=PASSWORDS).location == "/"
        db.session.refresh(user())
        assert (user().name, user().department, user().role) == ("Nia Okoye", "Sales", Role.USER)
        assert user().confirmed_at
        assert browser.get("/profile").status_code == 200

    @pytest.mark.hardening("H-30", "O-04")
    def test_nobody_learns_who_has_an_account(self, world, visit, post, sink):
        answers = [self.join(visit(), email) for email in self.KNOWN]
        assert len({(a.status_code, a.location, a.data, tuple(dict(a.headers))) for a in answers}) == 1
        assert user("ren@example.org").name == "Ren Ito"
        assert user("gus@example.org").name == "Gus Visser"

    def test_who_has_one_is_mailed_that_they_have(self, world, visit, post, sink):
        self.join(visit(), "ren@example.org")
        post.deliver()
        assert sink.to == ["ren@example.org"]
        assert "You have one already." in body(sink)
        assert visit().post(link(sink), data=PASSWORDS).location == "/"

    def test_a_guest_keeps_their_tickets(self, world, visit, post, sink):
        ticket = world.ticket(world.mia, requester=world.gus)
        browser = visit()
        self.join(browser, "gus@example.org")
        assert browser.get(f"/tickets/{ticket.number}").status_code == 303, "they are not let in before it is shown"
        post.deliver()
        browser.post(link(sink), data=PASSWORDS)
        assert browser.get(f"/tickets/{ticket.number}").status_code == 200

    def test_a_password_that_is_sent_along_means_nothing(self, world, visit, post, sink):
        visit().post("/register", data=NEW)
        assert user().password_hash is None
        assert visit().post("/sign-in", data=NEW).status_code == 422

    def test_it_can_be_switched_off(self, app, world, visit, post, sink):
        app.config["REGISTRATION_CONFIRM"] = False
        assert visit().post("/register", data=NEW).location == "/tickets"

    @pytest.mark.hardening("F-17")
    def test_one_mailbox_gets_ten_such_mails_an_hour_from_wherever_they_are_asked(self, world, visit, post, sink):
        answers = []
        for number in range(11):
            browser = visit()
            browser.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
            answers.append(self.join(browser).status_code)
        assert answers == [303] * 10 + [429]


@pytest.fixture
def token(app):
    """The one-time token of an empty desk."""
    token = actions.renew_setup()
    db.commit()
    return token


def test_the_link_makes_the_first_administrator_who_is_then_in(token, visit):
    browser = visit()
    assert browser.get(f"/setup/{token}").status_code == 200
    assert browser.post(f"/setup/{token}", data=NEW).location == "/"
    assert user().role == Role.ADMIN
    assert browser.get("/users").status_code == 200
    assert browser.post(f"/setup/{token}", data=NEW).location == "/"
    assert browser.get(f"/setup/{token}").location == "/"
    assert visit().post(f"/setup/{token}", data=NEW).status_code == 410


def test_sent_twice_the_link_leads_on_in_the_browser_that_used_it(app, token, visit):
    """Without scripts, by reload or back: the desk is set up, and the one who did it is in."""
    app.config["SECOND_FACTOR"] = "admins"
    browser, other = visit(), visit()
    assert [browser.post(f"/setup/{token}", data=NEW).location for _ in range(2)] == ["/sign-in/second"] * 2
    assert browser.get(f"/setup/{token}").location == "/sign-in/second"
    assert other.post(f"/setup/{token}", data=NEW).status_code == 410
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert browser.post(f"/setup/{token}", data=NEW).status_code == 410


@pytest.mark.hardening("H-48", "H-27", "O-11")
def test_afterwards_it_says_that_the_desk_is_set_up_and_makes_nobody(token, visit):
    visit().post(f"/setup/{token}", data=NEW)
    for answer in (
        visit().get(f"/setup/{token}"),
        visit().get("/setup/never-was-one"),
        visit().post(f"/setup/{token}", data={**NEW, "email": "second@example.org"}),
    ):
        assert answer.status_code == 410
        assert "This desk is set up already" in answer.text
        assert "a colleague who needs to be administrator is made so under People." in answer.text
        assert dom.read(answer.text).find("main").all("a", href="/sign-in")
    assert user("second@example.org") is None


def test_an_older_link_of_a_desk_that_waits_says_where_the_newer_one_is(token, visit):
    answer = visit().get("/setup/an-older-one")
    assert answer.status_code == 404
    assert "A newer one was printed when the desk was last started." in answer.text
    assert "bin/flask welcome" in answer.text
    assert "set up already" not in answer.text


def test_the_link_survives_a_mistake(token, visit):
    assert visit().post(f"/setup/{token}", data={**NEW, "again": "mistyped"}).status_code == 422
    assert visit().post(f"/setup/{token}", data=NEW).status_code == 303


def test_an_address_that_is_taken_does_not_use_the_link_up(token, visit):
    visit().post("/register", data=NEW)
    taken = visit().post(f"/setup/{token}", data=NEW)
    assert taken.status_code == 422
    assert "Take another one" in taken.text
    assert visit().post(f"/setup/{token}", data={**NEW, "email": "ana@example.org"}).status_code == 303
    assert user().role == Role.USER


@pytest.mark.hardening("H-27", "O-05")
def test_only_the_whole_token_opens(token, visit):
    for wrong in (
        "null",
        "0",
        "%00",
        token[:-1],
        token + "x",
        token.swapcase(),
        token[:12],
        queries.fingerprint(token),
    ):
        assert visit().get(f"/setup/{wrong}").status_code == 404
    assert visit().get(f"/setup/{token}").status_code == 200


@pytest.mark.hardening("H-27")
def test_ten_tries_at_the_link_are_enough(token, visit):
    answers = [visit().get(f"/setup/{number}").status_code for number in range(11)]
    assert answers == [404] * 10 + [429]


@pytest.mark.hardening("H-27")
def test_a_new_link_ends_the_old_one_and_neither_is_kept(token, visit):
    newer = actions.renew_setup()
    db.commit()
    assert visit().get(f"/setup/{token}").status_code == 404
    assert visit().get(f"/setup/{newer}").status_code == 200
    assert db.session.scalars(select(SetupToken.token_hash)).all() == [queries.fingerprint(newer)]


@pytest.mark.hardening("H-48", "O-11")
def test_a_desk_with_an_administrator_has_no_link(world):
    assert actions.renew_setup() is None


@pytest.mark.hardening("H-48")
def test_twenty_at_the_same_time_make_one_administrator(app, token):
    together = Barrier(20)

    def join(number):
        with app.app_context():
            together.wait()
            admin = actions.set_up(token, email=f"{number}@example.org", name="First", password=PASSWORD)
            db.commit()
            return admin is not None

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(join, range(20)))
    assert sum(made) == 1
    assert db.session.scalar(select(func.count(User.id)).where(User.role == Role.ADMIN)) == 1


def test_a_ticket_for_somebody_unknown_makes_a_guest(world):
    guest = actions.guest_for(world.mia, "Nia@Example.org", "Nia Okoye")
    assert (guest.email, guest.name, guest.role, guest.password_hash) == (
        "nia@example.org",
        "Nia Okoye",
        Role.GUEST,
        None,
    )
    assert log.since(0)[-1].actor == world.mia
    assert actions.guest_for(world.mia, "nia@example.org", "Somebody Else") is guest


def test_a_ticket_for_somebody_known_finds_them(world):
    assert actions.guest_for(world.mia, "REN@example.org", None) is world.ren
    assert re.fullmatch("nia", actions.guest_for(world.mia, "nia@example.org", None).name)


def test_requesters_cannot_find_out_who_is_known(world):
    with pytest.raises(Forbidden):
        actions.guest_for(world.ren, "zoe@example.org", None)
