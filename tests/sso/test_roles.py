"""What somebody is at their provider says what they are here; whom a mapping changes is shown before it is saved."""

import re
from html import unescape

import pytest
from flask import current_app
from sqlalchemy import insert, select, update

from informejo import db, turns
from informejo.accounts.models import Role, Session, User
from informejo.accounts.queries import user_by_email
from informejo.events import log
from informejo.events.names import EventName
from informejo.settings.models import SavedSetting
from informejo.settings.queries import setting
from informejo.sso import actions as sso, mapping_views
from informejo.sso.claims import role_for, told
from informejo.sso.mapping_actions import save_mapping
from informejo.sso.models import Identity
from informejo.sso.providers import read, read_map
from tests.sso.way import Way

ADMIN, AGENT = {"roles": ["it_admin"]}, {"roles": ["helpdesk"]}
MAP = "it_admin=admin\nhelpdesk=agent"


@pytest.fixture
def browser(desk, world, visit):
    return visit()


def comes(visit, liar, who: str, **claims):
    """Somebody signs in at the liar; the browser they then have."""
    browser = visit()
    liar.claims = {"sub": who, "name": who.capitalize(), "email": f"{who}@example.net"} | claims
    assert Way(browser).end(liar).status_code == 303
    return browser


def role_of(who: str) -> Role:
    db.session.rollback()
    return db.session.scalar(select(User.role).where(User.email == f"{who}@example.net"))


@pytest.mark.parametrize(
    "claims",
    [
        {"realm_access": {"roles": ["offline_access", "Admin"]}},
        {"resource_access": {"desk": {"roles": ["IT_ADMIN"]}}},
        {"roles": ["administrator"]},
        {"roles": "admin"},
    ],
)
def test_the_roles_of_before_make_an_administrator(desk, claims):
    provider = read(desk.config)[1]
    roles = told(provider, {"sub": "x"} | claims).roles
    assert role_for(roles, read_map(provider.role_map)) == "admin"


@pytest.mark.parametrize(
    "claims",
    [
        {"resource_access": {"another": {"roles": ["admin"]}}},
        {"realm_access": ["admin"]},
        {"realm_access": {"roles": {"admin": True}}},
        {"roles": [{"name": "admin"}, 7, None]},
        {"groups": ["admin"]},
        {"roles": ["administrators", "not admin"]},
    ],
)
def test_nothing_else_does(desk, claims):
    provider = read(desk.config)[1]
    roles = told(provider, {"sub": "x"} | claims).roles
    assert role_for(roles or [], read_map(provider.role_map)) == "user"


@pytest.mark.hardening("S-46")
def test_a_role_follows_the_provider_and_takes_sign_ins_and_tickets_along(browser, liar, world, visit):
    nia = comes(visit, liar, "nia", **ADMIN)
    assert role_of("nia") == Role.ADMIN
    assert nia.get("/users").status_code == 200
    ticket = world.ticket()
    nia.post(f"/tickets/{ticket.number}/assignment", data={"value": "me"})
    again = comes(visit, liar, "nia", roles=["cleaner"])
    assert role_of("nia") == Role.USER
    assert nia.get("/profile").status_code == 303, "the sign-in with the old role is over"
    assert again.get("/profile").status_code == 200
    db.session.refresh(ticket)
    assert ticket.assignee_id is None
    comes(visit, liar, "nia", **ADMIN)
    comes(visit, liar, "nia", roles=None)
    assert role_of("nia") == Role.USER, "who had roles and is told none has lost them"


def test_a_role_given_here_stays_where_the_provider_knows_of_none(browser, liar, world, visit):
    comes(visit, liar, "nia")
    user_by_email("nia@example.net").role = Role.AGENT
    db.commit()
    comes(visit, liar, "nia")
    assert role_of("nia") == Role.AGENT


def test_the_last_administrator_stays_one(browser, liar, world, visit):
    comes(visit, liar, "nia", **ADMIN)
    world.ana.active = False
    db.commit()
    nia = comes(visit, liar, "nia", roles=[])
    assert role_of("nia") == Role.ADMIN
    assert "you still are" in nia.get("/profile").text


def seen(page: str) -> str:
    return re.search(r'name="seen" value="(\w+)"', page)[1]


def test_a_mapping_says_by_name_whom_it_changes_before_it_is_saved(browser, liar, world, visit):
    for who, claims in {"bob": AGENT, "cem": AGENT, "dua": AGENT, "fay": {"roles": []}}.items():
        comes(visit, liar, who, **claims)
    eve, ana = comes(visit, liar, "eve", **ADMIN), visit(world.ana)
    assert "it_admin=admin" in ana.get("/sso/mapping").text
    preview = ana.post("/sso/liar/mapping", data={"mapping-liar": "helpdesk=agent"}).text
    assert "3 people become agents" in preview
    assert "1 person leaves the staff" in preview
    assert [name for name in ("Bob", "Cem", "Dua", "Eve", "Fay") if name in preview] == ["Bob", "Cem", "Dua", "Eve"]
    assert [role_of(who) for who in ("bob", "eve")] == [Role.USER, Role.ADMIN], "nothing is saved yet"
    assert eve.get("/users").status_code == 200
    saved = ana.post("/sso/liar/mapping", data={"mapping-liar": "helpdesk=agent", "seen": seen(preview)})
    assert saved.location == "/sso/mapping"
    assert [role_of(who) for who in ("bob", "cem", "dua", "eve")] == [*[Role.AGENT] * 3, Role.USER]
    assert eve.get("/profile").status_code == 303
    assert "helpdesk=agent" in ana.get("/sso/mapping").text
    assert setting("SSO_LIAR_ROLE_MAP") == "helpdesk=agent"
    changed = next(event for event in log.since(0) if event.name == EventName.SETTING_CHANGED)
    assert (changed.changes["SSO_LIAR_ROLE_MAP"][1], changed.actor_id) == ("helpdesk=agent", world.ana.id)
    comes(visit, liar, "eve", **ADMIN)
    assert role_of("eve") == Role.USER, "the next sign-in goes by it too"


def test_others_than_were_shown_are_shown_first(browser, liar, world, visit):
    comes(visit, liar, "bob", **AGENT)
    ana = visit(world.ana)
    mapping = {"mapping-liar": MAP}
    shown = seen(ana.post("/sso/liar/mapping", data=mapping).text)
    comes(visit, liar, "cem", **AGENT)
    again = ana.post("/sso/liar/mapping", data=mapping | {"seen": shown})
    assert "2 people become agents" in again.text
    assert "look once more" in again.text
    assert role_of("bob") == Role.USER


def test_also_where_somebody_signs_in_while_it_waits_for_its_turn(browser, liar, world, visit, monkeypatch):
    for who in ("bob", "cem"):
        comes(visit, liar, who, **AGENT)
    db.session.execute(update(Identity).where(Identity.user.has(User.name == "Cem")).values(claims={}))
    db.commit()
    ana, mapping, take_the_turn = visit(world.ana), {"mapping-liar": MAP}, turns.begin_write
    shown = seen(ana.post("/sso/liar/mapping", data=mapping).text)

    def wait(connection):
        monkeypatch.setattr(turns, "begin_write", take_the_turn)
        with db.engine().begin() as another:
            another.execute(update(Identity).values(claims=AGENT))
        take_the_turn(connection)

    monkeypatch.setattr(turns, "begin_write", wait)
    again = ana.post("/sso/liar/mapping", data=mapping | {"seen": shown})
    assert "2 people become agents" in again.text
    assert [role_of(who) for who in ("bob", "cem")] == [Role.USER, Role.USER]
    ana.post("/sso/liar/mapping", data=mapping | {"seen": seen(again.text)})
    assert [role_of(who) for who in ("bob", "cem")] == [Role.AGENT, Role.AGENT]


def test_whoever_saves_second_looks_at_what_the_first_made_of_people(browser, desk, liar, world, visit, monkeypatch):
    comes(visit, liar, "bob", **AGENT)
    take_the_turn = turns.begin_write

    def second(connection):
        monkeypatch.setattr(turns, "begin_write", take_the_turn)
        with db.engine().begin() as first:
            first.execute(insert(SavedSetting).values(name="SSO_LIAR_ROLE_MAP", value="helpdesk=admin"))
            first.execute(update(User).where(User.email == "bob@example.net").values(role=Role.ADMIN))
        take_the_turn(connection)

    monkeypatch.setattr(turns, "begin_write", second)
    moves = save_mapping(world.ana, read(desk.config)[1], "it_admin=admin")
    db.commit()
    assert [(move.name, move.old, move.new) for move in moves] == [("Bob", Role.ADMIN, Role.USER)]
    assert (role_of("bob"), setting("SSO_LIAR_ROLE_MAP")) == (Role.USER, "it_admin=admin")


def test_of_two_who_change_a_mapping_the_second_is_asked_also_where_it_moves_nobody(desk, world, visit, monkeypatch):
    """What was shown before are people, and not what the other has written meanwhile."""
    ana, field = visit(world.ana), "mapping-liar"
    was = unescape(re.search(rf'name="was-{field}" value="([^"]*)"', ana.get("/sso/mapping").text)[1])
    mine = {field: f"{was}\nnurses=agent", f"was-{field}": was}
    preview = ana.post("/sso/liar/mapping", data=mine).text
    assert unescape(re.search(rf'name="was-{field}" value="([^"]*)"', preview)[1]) == was
    theirs = f"{was}\nporters=agent"
    save_mapping(world.ana, read(desk.config)[1], theirs)
    db.commit()
    for waits in (True, False):  # saved while it waits for its turn, or before
        with monkeypatch.context() as patched:
            patched.setattr(mapping_views, "_saved", lambda _: was) if waits else None
            asked = ana.post("/sso/liar/mapping", data=mine | {"seen": seen(preview)})
        assert (asked.status_code, "porters=agent" in asked.text, "nurses=agent" in asked.text) == (409, True, True)
    assert unescape(re.search(rf'name="was-{field}" value="([^"]*)"', asked.text)[1]) == theirs
    mine[f"was-{field}"] = theirs
    saved = ana.post("/sso/liar/mapping", data=mine | {"seen": seen(ana.post("/sso/liar/mapping", data=mine).text)})
    assert (saved.location, setting("SSO_LIAR_ROLE_MAP")) == ("/sso/mapping", mine[field])


def test_nobody_changes_their_own_role_by_a_mapping(browser, liar, world, visit):
    nia = comes(visit, liar, "nia", **ADMIN)
    preview = nia.post("/sso/liar/mapping", data={"mapping-liar": "helpdesk=agent"}).text
    assert "Nobody changes their own role" in preview
    nia.post("/sso/liar/mapping", data={"mapping-liar": "helpdesk=agent", "seen": seen(preview)})
    assert role_of("nia") == Role.ADMIN
    assert nia.get("/sso/mapping").status_code == 200


@pytest.mark.parametrize("text", ["admin", "a=king", "a=admin\na=agent"])
def test_what_is_no_mapping_is_said_beside_it(browser, liar, world, visit, text):
    answer = visit(world.ana).post("/sso/liar/mapping", data={"mapping-liar": text})
    assert answer.status_code == 422
    assert "problem-mapping-liar" in answer.text
    assert text.partition("\n")[0] in answer.text


def test_to_save_it_one_has_to_show_who_one_is(browser, liar, world, visit):
    nia = comes(visit, liar, "nia", **ADMIN)
    shown = seen(nia.post("/sso/liar/mapping", data={"mapping-liar": MAP}).text)
    db.session.execute(update(Session).values(proved_at=None))
    db.commit()
    asked = nia.post("/sso/liar/mapping", data={"mapping-liar": MAP, "seen": shown})
    assert asked.status_code == 403
    assert "Is it you?" in asked.text
    assert 'action="/sso/liar/proof"' in asked.text


@pytest.mark.hardening("S-46", "X-52")
def test_a_mapping_that_is_saved_while_somebody_is_on_their_way_in_holds_for_them_too(
    browser, liar, world, monkeypatch
):
    lock, saved = sso.db.lock, []

    def save_meanwhile(row):
        if not saved:
            saved.append(save_mapping(world.ana, read(current_app.config)[1], "it_admin=agent"))
            db.commit()
        lock(row)

    monkeypatch.setattr(sso.db, "lock", save_meanwhile)
    comes(lambda: browser, liar, "nia", **ADMIN)
    assert role_of("nia") == Role.AGENT
