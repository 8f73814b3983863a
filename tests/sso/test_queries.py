"""Who could still come in, who looks after the desk alone, and whom a mapping moves: asked of the database itself."""

from datetime import timedelta

import pytest
from werkzeug.exceptions import Forbidden

from informejo import clock, cookies, db
from informejo.accounts.half_queries import half_sign_in, key_in
from informejo.accounts.models import HalfSignIn, Role
from informejo.accounts.queries import fingerprint
from informejo.accounts.ways_in_queries import comes_in_without
from informejo.factors.models import Passkey
from informejo.settings.models import SavedSetting
from informejo.sso import own, queries
from informejo.sso.claims import told
from informejo.sso.models import Identity
from tests.sso.test_claims import PROVIDER, SETTINGS


@pytest.fixture
def desk(app, world):
    app.config |= SETTINGS | {"PASSWORD_SIGN_IN": True}
    return app


def linked(user, issuer: str = PROVIDER.issuer, subject: str = "x", hours: int = 0, **claims) -> Identity:
    seen = clock.now() - timedelta(hours=hours)
    identity = Identity(user_id=user.id, issuer=issuer, subject=subject, claims=claims, seen_at=seen)
    db.session.add(identity)
    db.commit()
    return identity


def test_what_waits_is_the_browsers_own_in_its_time_and_for_that_way_alone(desk):
    now = clock.now()
    for name, lasts in (("a", 60), ("over", 0)):
        values = {"way": "link", "facts": {}, "expires_at": now + timedelta(seconds=lasts)}
        db.session.add(HalfSignIn(token_hash=fingerprint(f"browser {name}"), **values))
    db.commit()
    asked = {
        ("browser", "a", "link"): True,
        ("browser", "a", "sign-in", "link"): True,
        ("browser", "a", "sign-in"): False,
        ("other", "a", "link"): False,
        ("browser", "b", "link"): False,
        ("", "a", "link"): False,
        ("browser", "over", "link"): False,
    }
    with clock.at(now):
        found = {words: half_sign_in(key_in(*words[:2]), *words[2:]) is not None for words in asked}
    assert found == asked


def test_an_account_is_that_of_issuer_and_subject_together(desk, world):
    mine = linked(world.mia)
    assert queries.identity(PROVIDER.issuer, "x") == mine
    assert queries.identity(PROVIDER.issuer, "y") is queries.identity("https://other.example.org", "x") is None
    newer = linked(world.mia, "https://other.example.org", hours=9)
    linked(world.tom, subject="t")
    assert queries.identities_of(world.mia) == [mine, newer]


def test_another_way_in_is_a_password_that_is_taken_a_passkey_or_an_account_at_a_provider_that_is_set_up(desk, world):
    one = linked(world.mia)
    assert comes_in_without(world.mia, one)
    desk.config["PASSWORD_SIGN_IN"] = False
    assert not comes_in_without(world.mia, one)
    linked(world.mia, "https://gone.example.org")
    linked(world.tom, subject="t")
    assert not comes_in_without(world.mia, one)
    other = linked(world.mia, "https://other.example.org")
    assert comes_in_without(world.mia, one)
    key = Passkey(user_id=world.mia.id, credential_id=b"x", public_key=b"y", name="Key")
    db.session.add(key)
    assert comes_in_without(world.mia, one, other)
    assert not comes_in_without(world.mia, one, other, key)
    desk.config["PUBLIC_URL"] = "http://192.0.2.7:3003"
    assert not comes_in_without(world.mia, one, other), "no passkey is asked there"
    desk.config["PASSWORD_SIGN_IN"], world.tom.password_hash = True, None
    assert not comes_in_without(world.tom, queries.identities_of(world.tom)[0])


def test_the_last_administrator_is_nobody_else(desk, world):
    assert queries.is_last_administrator(world.ana)
    assert not queries.is_last_administrator(world.mia)
    world.mia.role = Role.ADMIN
    db.commit()
    assert not queries.is_last_administrator(world.ana)


def test_a_mapping_moves_by_what_was_told_last_whoever_may_come_in_by_name(desk, world):
    world.zoe.name, world.tom.name = "alba", "Bea"
    linked(world.zoe, subject="z", roles=["help"])
    linked(world.tom, subject="t", roles=["cook"])
    linked(world.ren, subject="r1", hours=2, roles=["help"])
    linked(world.ren, subject="r2", hours=1, roles=["it"])
    linked(world.mia, subject="m", roles=["help"])
    linked(world.dan, subject="d", roles=["it"])
    linked(world.gus, subject="g", roles=["it"])
    linked(world.ana, "https://other.example.org", roles=["cook"])
    linked(world.ana, subject="a", roles=None)
    found = queries.moves(world.ana, PROVIDER, {"help": "agent", "it": "admin"})
    roles = [("alba", "user", "agent"), ("Bea", "agent", "user"), (world.ren.name, "user", "admin")]
    assert [(move.name, move.old, move.new) for move in found] == roles
    assert [move.user_id for move in found] == [world.zoe.id, world.tom.id, world.ren.id]
    with pytest.raises(Forbidden):
        queries.moves(world.mia, PROVIDER, {})


def test_a_saved_mapping_goes_before_that_of_the_environment_also_when_it_is_empty(desk, world):
    db.session.add(SavedSetting(name="SSO_DESK_ROLE_MAP", value=""))
    db.commit()
    provider = PROVIDER._replace(role_map="a=agent")
    assert queries.role_map(provider) == {}
    assert queries.role_map(provider._replace(name="other")) == {"a": "agent"}


def test_ones_page_shows_what_is_linked_and_what_could_be(desk, world):
    shown = own.accounts_of(world.mia)
    assert ([one.word for one in shown["linked"]], [one.name for one in shown["linkable"]]) == ([], ["desk", "other"])
    linked(world.mia)
    gone = linked(world.mia, "https://gone.example.org")
    linked(world.tom, "https://other.example.org")
    shown = own.accounts_of(world.mia)
    assert [(one.word, one.id) for one in shown["linked"]][1] == ("https://gone.example.org", gone.id)
    assert shown["linked"][0].word == "Desk"
    assert shown["linked"][1].seen_at == gone.seen_at
    assert [one.name for one in shown["linkable"]] == ["other"]


def test_whoever_came_from_a_provider_waits_in_that_browser_for_their_own_account(desk, world):
    desk.config["PASSWORD_SIGN_IN"] = False
    mia, tom, hidden = world.mia, world.tom, {"kept-body": "It smokes."}
    facts = {"told": told(PROVIDER, {"sub": "x", "email": mia.email})._asdict(), "hidden": hidden}
    key, expires_at = fingerprint("browser link"), clock.now() + timedelta(minutes=1)
    half = HalfSignIn(token_hash=key, way="sso-link", facts=facts, expires_at=expires_at)
    db.session.add(half)
    db.commit()
    with desk.test_request_context(headers={"Cookie": f"{cookies.cookie_name()}-sso=browser"}):
        assert [own.takes_passwords(email) for email in (None, mia.email, tom.email)] == [True, True, False]
        assert (own.kept_for(own.LINK), own.kept_for("/tickets")) == (hidden, {})
        came = own.waiting()
        assert [own.fits(came, user) for user in (mia, tom)] == [True, False]
        half.facts = {"told": facts["told"]}
        assert own.kept_for(own.LINK) == {}
    with desk.test_request_context():
        assert (own.waiting(), own.takes_passwords(mia.email), own.kept_for(own.LINK)) == (None, False, {})
    mia.confirmed_at = None
    assert not own.fits(came, mia)
    assert not own.fits(None, tom)


def test_providers_are_known_by_their_issuers(desk):
    assert queries.names_of([PROVIDER.issuer, "https://gone.example.org"]) == ["desk"]
    assert queries.names_of([]) == []
