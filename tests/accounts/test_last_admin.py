"""One administrator who can come in always stays, whichever way one is lost, and however many go at once."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from threading import Barrier

import pytest
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import db
from informejo.accounts import erase_actions, merge_actions, queries, rights_actions
from informejo.accounts.admin_queries import able_admins
from informejo.accounts.models import Role, User
from informejo.factors import actions as factors
from informejo.factors.models import Passkey
from informejo.sso.models import Identity

WAYS = {
    "another role": lambda actor, user: rights_actions.set_role(actor, user, Role.AGENT),
    "shut out": lambda actor, user: rights_actions.set_active(actor, user, False),
    "merged": lambda actor, user: merge_actions.merge(actor, user, queries.user_by_email("ren@example.org")),
    "erased": erase_actions.erase,
    "erases themselves": lambda _actor, user: erase_actions.erase(user, user),
}
PROVIDER_ALONE = {
    "SSO_PROVIDERS": "idp",
    "PASSWORD_SIGN_IN": False,
    "SSO_IDP_ISSUER": "https://idp.example.org",
    "SSO_IDP_CLIENT_ID": "desk",
    "SSO_IDP_CLIENT_SECRET": "a secret",
}
PAIRS = list(combinations_with_replacement(WAYS, 2))


@pytest.fixture
def two(world):
    """The ids of two administrators."""
    world.tom.role = Role.ADMIN
    db.commit()
    return world.ana.id, world.tom.id


def passkey(user) -> Passkey:
    """One that nobody has to use here."""
    key = Passkey(user_id=user.id, credential_id=secrets.token_bytes(16), public_key=b"y", name="Key")
    db.session.add(key)
    db.commit()
    return key


@pytest.mark.hardening("S-50")
@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_who_take_the_rights_of_each_other_leave_one(app, two, pair):
    together = Barrier(2)

    def lose(way, actor_id, user_id):
        with app.app_context():
            actor, user = (db.session.get(User, id) for id in (actor_id, user_id))
            together.wait()
            try:
                WAYS[way](actor, user)
                db.commit()
            except (Forbidden, UnprocessableEntity):
                return False
            return True

    ana, tom = two
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lose, pair, (ana, tom), (tom, ana))) == [False, True]
    db.session.expire_all()
    assert len(able_admins()) == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_last_who_can_come_in_stays_whoever_asks(world, two, way):
    """Tom is an administrator too, but was invited and has chosen no password yet."""
    world.tom.password_hash = None
    db.commit()
    with pytest.raises(UnprocessableEntity, match="Ana Silva is the last administrator who can sign in"):
        WAYS[way](world.tom, world.ana)
    db.session.rollback()
    passkey(world.tom)
    WAYS[way](world.tom, world.ana)
    db.commit()
    assert able_admins() == [world.tom]


@pytest.mark.hardening("S-50")
def test_the_last_passkey_with_which_anybody_could_look_after_the_desk_stays(app, world, visit):
    """Passwords are off, and Ana has no account at the provider."""
    app.config |= PROVIDER_ALONE
    world.tom.role = Role.ADMIN
    address = f"/profile/security/passkeys/{passkey(world.ana).id}/removal"
    with pytest.raises(UnprocessableEntity, match="Ana Silva is the last administrator who can sign in"):
        factors.reset_factors(world.tom, world.ana)
    db.session.rollback()
    answer = visit(world.ana).post(address)
    assert (answer.status_code, "the only way in that you have" in answer.text) == (422, True)
    assert able_admins() == [world.ana]
    passkey(world.ana)
    assert visit(world.ana).post(address).status_code == 303
    assert able_admins() == [world.ana]
    passkey(world.tom)
    factors.reset_factors(world.tom, world.ana)
    assert able_admins() == [world.tom]


def test_who_is_no_administrator_can_always_leave(world):
    WAYS["shut out"](world.ana, world.mia)
    WAYS["another role"](world.ana, world.tom)
    db.commit()
    assert able_admins() == [world.ana]


def test_where_passwords_are_off_a_password_is_no_way_in_and_a_provider_is_one_that_there_is(app, world, two):
    for person, issuer in ((world.ana, "https://idp.example.org"), (world.tom, "https://gone.example.org")):
        db.session.add(Identity(issuer=issuer, subject="x", user_id=person.id))
    db.commit()
    assert set(able_admins()) == {world.ana, world.tom}
    app.config |= PROVIDER_ALONE
    assert able_admins() == [world.ana]
    with pytest.raises(UnprocessableEntity):
        rights_actions.set_active(world.tom, world.ana, False)
