"""Who came in and who was refused is written down, with where it came from, and never without bound."""

import pytest
from sqlalchemy import select

from informejo import db
from informejo.accounts import actions as accounts
from informejo.audit.accesses import note
from informejo.audit.models import Access
from informejo.events.models import Event
from tests.world import PASSWORD

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def written() -> list[tuple]:
    rows = db.session.scalars(select(Access).order_by(Access.id))
    return [(row.kind, row.user and row.user.name, row.who) for row in rows]


def test_a_sign_in_is_written_down_with_address_and_browser(world, visit):
    visit().post("/sign-in", data={"email": world.ren.email, "password": PASSWORD}, headers=FIREFOX)
    access = db.session.scalar(select(Access))
    assert (access.kind, access.user, access.origin, access.agent) == (
        "signed-in",
        world.ren,
        "127.0.0.1",
        "Firefox on Linux",
    )


def test_a_failed_sign_in_names_the_account_or_the_address_that_is_nobodys(world, visit):
    for email in (world.ren.email, "nobody@example.org"):
        visit().post("/sign-in", data={"email": email, "password": "wrong"})
    assert written() == [("sign-in-failed", "Ren Ito", ""), ("sign-in-failed", None, "nobody@example.org")]


def test_failures_are_written_as_often_as_the_limits_let_through_and_then_one_word_of_it(world, visit):
    browser = visit()
    for _ in range(40):
        browser.post("/sign-in", data={"email": world.ren.email, "password": "wrong"})
    kinds = [kind for kind, _, _ in written()]
    assert kinds.count("sign-in-failed") == 10
    assert kinds.count("too-many") == 20


def test_a_refusal_of_somebody_who_is_signed_in_is_written_down_and_a_strangers_is_not(world, visit):
    visit(world.ren).get("/health")
    visit().get("/health")
    visit().post("/tickets", headers={"Origin": "https://elsewhere.example"})
    assert written() == [("refused", "Ren Ito", "")]
    assert db.session.scalar(select(Access)).said == "GET /health"


def test_an_event_says_where_the_request_came_from_and_a_command_leaves_it_empty(world, visit):
    visit(world.ren).post("/tickets", data={"title": "It smokes", "description": "At the back."})
    world.ticket(title="By a command")
    created = db.session.scalars(select(Event).where(Event.ticket_id.is_not(None)).order_by(Event.id))
    assert [event.origin for event in created] == ["127.0.0.1", ""]


def test_an_access_goes_with_the_transaction_it_belongs_to(world):
    accounts.edit_profile(world.ren, name="Ren")
    note("signed-in", user=world.ren)
    db.session.rollback()
    assert written() == []
    with pytest.raises(ValueError, match="signed-inn"):
        note("signed-inn")


@pytest.mark.parametrize(
    "password", ["Correct horse 7!", "P@ssw0rd12345!!", "horse@battery", "a@b.9", "a@.b.c", "Pa$$@w.ö!"]
)
def test_a_password_typed_as_the_address_is_not_written_down(world, visit, password):
    visit().post("/sign-in", data={"email": password, "password": password})
    assert written() == [("sign-in-failed", None, "")]
