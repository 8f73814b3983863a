"""Inviting people: an account without a password, and a link for its owner alone."""

import re
import time
from html import unescape

import pytest
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden

from informejo import db
from informejo.accounts import actions, invite_actions, people_inputs, queries
from informejo.accounts.models import PasswordToken, Role, Session, User
from informejo.factors.models import Authenticator, Passkey
from informejo.mail.models import OutgoingMail
from informejo.sso.models import Identity
from informejo.teams.models import Team
from informejo.teams.queries import teams_of
from tests.mail.deciding import catch_up
from tests.world import PASSWORD

SAID = {"title": "It smokes", "description": "At the back of it."}
KIM = {"people": "Kim Oda <Kim@Example.org>", "role": "agent", "way": "mail"}


def invite(browser, **fields):
    return browser.post("/users", data=KIM | fields)


def test_somebody_new_has_an_account_without_a_password_and_a_mail(world, visit):
    answer = invite(visit(world.ana), department="Harbour")
    kim = queries.user_by_email("kim@example.org")
    assert (answer.status_code, answer.location) == (303, f"/users/{kim.id}")
    assert (kim.name, kim.role, kim.department, kim.password_hash) == ("Kim Oda", Role.AGENT, "Harbour", None)
    assert actions.sign_in("kim@example.org", "") is None
    catch_up()
    assert db.session.scalars(select(OutgoingMail.address)).all() == ["kim@example.org"]


def test_a_link_is_shown_once_and_lets_its_owner_in_with_their_role(world, visit):
    text = invite(visit(world.ana), way="link").text
    token = re.search(r"/choose-password/([\w-]+)", text)[1]
    visit().post(
        f"/choose-password/{token}", data={"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
    )
    kim = queries.user_by_email("kim@example.org")
    assert (kim.role, kim.password_hash is not None) == (Role.AGENT, True)


def test_many_at_once_each_on_a_line_of_their_own(world, visit):
    lines = "Kim Oda <kim@example.org>\n\n lee.park@example.org,\nRen <ren@example.org>\nkim@example.org"
    text = invite(visit(world.ana), people=lines, role="user").text
    assert "2 accounts were made." in text
    assert "There is an account with this address already." in text
    assert queries.user_by_email("lee.park@example.org").name == "Lee Park"
    assert queries.user_by_email("kim@example.org").name == "Kim Oda", "who stands there once more"
    assert world.ren.name == "Ren Ito"


def test_whoever_has_a_long_address_has_a_name_that_fits(world, visit):
    long = ["x" * 200 + "@example.net", "x@" + "e" * 63 + "." + "e" * 63 + ".org"]
    invite(visit(world.ana), people="\n".join(long), role="user")
    visit(world.mia).post("/tickets", data=SAID | {"requester_email": "y" + long[0]})
    for email in (*long, "y" + long[0]):
        user = queries.user_by_email(email)
        saved = visit(world.ana).post(f"/users/{user.id}/person", data={"name": user.name, "department": "Roof"})
        assert saved.status_code == 303


def test_whose_address_says_too_little_is_named_by_all_of_it(world, visit):
    invite(visit(world.ana), people="j@example.org", role="user")
    assert queries.user_by_email("j@example.org").name == "j at example.org"


def test_an_address_that_a_mail_program_wrote_in_the_place_of_a_name_is_none(world, visit):
    invite(visit(world.ana), people='"lee.park@example.org" <lee.park@example.org>', role="user")
    assert queries.user_by_email("lee.park@example.org").name == "Lee Park"


def test_a_line_of_very_many_blanks_holds_nobody_up():
    began = time.process_time()
    with pytest.raises(PydanticCustomError, match="is no address"):
        people_inputs._each(f"a{' ' * 50_000}b")  # five times what may be sent
    assert time.process_time() - began < 1, "one blank after the other, each up to the last, takes many seconds"


def test_whoever_is_known_leads_to_their_page_and_stays_as_they_are(world, visit):
    answer = invite(visit(world.ana), people="ren@example.org", role="admin")
    assert answer.location == f"/users/{world.ren.id}"
    assert (world.ren.role, world.ren.password_hash is not None) == (Role.USER, True)


def test_teams_come_with_the_invitation(world, visit):
    team = Team(name="Network")
    db.session.add(team)
    db.commit()
    invite(visit(world.ana), team=str(team.id))
    assert teams_of(queries.user_by_email("kim@example.org")) == [team]
    answer = invite(visit(world.ana), people="lee@example.org", role="user", team=str(team.id))
    assert answer.status_code == 422
    assert queries.user_by_email("lee@example.org") is None


@pytest.mark.hardening("H-06")
@pytest.mark.parametrize(
    "people", ["", "nobody", "a@b@c", "Kim <kim>", "\n".join(f"p{n}@example.org" for n in range(51))]
)
def test_what_is_no_address_makes_nobody_and_is_kept(world, visit, people):
    answer = invite(visit(world.ana), people=people)
    assert answer.status_code == 422
    assert people.split("\n")[0] in unescape(answer.text)
    assert db.session.scalar(select(func.count(User.id))) == 7


@pytest.mark.hardening("H-06")
def test_fields_that_the_forms_do_not_have_change_nothing(world, visit):
    ana = visit(world.ana)
    more = {
        "id": "1",
        "active": "no",
        "narrowed": "yes",
        "merged_into_id": "1",
        "password_hash": "x",
        "confirmed_at": "1",
    }
    before = (world.zoe.id, world.zoe.active, world.zoe.password_hash, world.zoe.confirmed_at)
    ana.post(
        f"/users/{world.zoe.id}/person", data={"name": "Zoe Kohl", "email": "x@example.org", "role": "admin"} | more
    )
    assert (world.zoe.name, world.zoe.email, world.zoe.role) == ("Zoe Kohl", "zoe@example.org", Role.USER)
    assert (world.zoe.id, world.zoe.active, world.zoe.password_hash, world.zoe.confirmed_at) == before
    invite(ana, **more)
    kim = queries.user_by_email("kim@example.org")
    assert (kim.active, kim.narrowed, kim.merged_into_id, kim.password_hash, kim.confirmed_at) == (
        True,
        False,
        *[None] * 3,
    )


def test_nobody_can_be_invited_as_what_is_no_role(world, visit):
    for role in ("guest", "root", ""):
        assert invite(visit(world.ana), role=role).status_code == 422


def test_where_a_team_is_gone_meanwhile_nobody_is_invited_and_the_list_is_kept(world, visit):
    many = "Kim Oda <kim@example.org>\nLee Park <lee@example.org>"
    answer = invite(visit(world.ana), people=many, team="77")
    assert (answer.status_code, many in unescape(answer.text)) == (422, True)
    assert "A team that you chose is not there any more." in answer.text
    assert queries.user_by_email("kim@example.org") is None


def test_a_team_that_cannot_be_is_none(world, visit):
    assert invite(visit(world.ana), role="agent", team="9" * 5_000).status_code == 303


def test_only_administrators_invite(world):
    for who in (world.mia, world.ren):
        with pytest.raises(Forbidden):
            invite_actions.invite(who, email="kim@example.org", name="Kim", role=Role.USER)


# Whoever registers first, with an address of somebody else, waits for it to become an agent's.


@pytest.fixture
def squatter(world):
    """An account that a stranger made with the address of a colleague who has not come yet."""
    world.zoe.confirmed_at = None
    db.session.add_all(
        [
            Passkey(user_id=world.zoe.id, credential_id=b"z", public_key=b"k", name="Key"),
            Authenticator(user_id=world.zoe.id, secret="JBSWY3DP"),
            Identity(issuer="https://id.example.org", subject="zoe", user_id=world.zoe.id),
        ]
    )
    db.commit()
    return world.zoe


def ways_in(user) -> int:
    ways = (Passkey, Authenticator, Identity, Session, PasswordToken)
    return sum(db.session.query(way).filter_by(user_id=user.id).count() for way in ways) + bool(user.password_hash)


@pytest.mark.hardening("H-33", "S-50")
def test_a_stranger_who_took_the_address_before_does_not_become_an_agent(world, visit, squatter):
    stranger = visit(squatter)
    ana = visit(world.ana)
    assert "Nobody has shown yet that zoe@example.org is theirs" in ana.get(f"/users/{squatter.id}/rights").text
    answer = ana.post(f"/users/{squatter.id}/role", data={"value": "agent"})
    assert "password and sign-ins are void" in ana.get(answer.location).text
    assert (squatter.role, ways_in(squatter)) == (Role.AGENT, 0)
    assert stranger.get("/queue").status_code == 303
    assert actions.sign_in("zoe@example.org", PASSWORD) is None


def test_whom_an_administrator_knows_keeps_the_password(world, visit, squatter):
    visit(world.ana).post(f"/users/{squatter.id}/role", data={"value": "agent", "known": "yes"})
    assert actions.sign_in("zoe@example.org", PASSWORD) == squatter


def test_whose_address_is_confirmed_keeps_everything(world, visit):
    visit(world.ana).post(f"/users/{world.zoe.id}/role", data={"value": "agent"})
    assert actions.sign_in("zoe@example.org", PASSWORD) == world.zoe
