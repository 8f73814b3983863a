"""A link in a mail shows that an address is somebody's: by a button, since programs follow links."""

import re

import pytest

from informejo import db
from informejo.accounts.address_actions import change_address
from informejo.accounts.invite_actions import invite
from informejo.accounts.models import Role
from informejo.mail import actions, queries, signatures
from tests.live import dom

ODD = "ſıİ\u212a"  # the last one is the sign for kelvin: as s, i and k in another case, says Unicode


@pytest.fixture
def link(world):
    """That of Gus, a guest, which nobody has confirmed."""
    return unconfirmed(world.gus)


def unconfirmed(user) -> str:
    """A link to confirm the address of somebody who has not."""
    user.confirmed_at = None
    db.commit()
    return f"/mail/confirm/{signatures.confirmation(queries.key(), user.id, user.email)}"


def test_following_it_confirms_nothing_and_the_button_does(world, visit, link):
    visitor = visit()
    page = visitor.get(link)
    assert "Is this address yours?" in page.text
    assert "gus@example.org" in page.text
    assert world.gus.confirmed_at is None
    [form] = dom.read(page.text).find("main").all("form", method="post")
    assert form["action"] == link
    assert "Your address is confirmed" in visitor.post(link).text
    db.session.refresh(world.gus)
    assert world.gus.confirmed_at
    assert "Your address is confirmed" in visitor.get(link).text


@pytest.mark.parametrize("who", ["gus", "kim", "ren"])
def test_whoever_is_given_another_address_is_mailed_a_link_they_can_use(world, visit, post, sink, who):
    kim = invite(world.ana, email="kim@example.org", name="Kim Oda", role=Role.AGENT)
    user = kim if who == "kim" else getattr(world, who)
    browser = visit(user) if who == "ren" else visit()
    change_address(world.ana, user, "right@example.net")
    db.commit()
    post.deliver()
    [text] = [mail.get_body(("plain",)).get_content() for to, mail in sink.mails if to == ["right@example.net"]]
    address = re.search(r"http://localhost:3003(/(?:profile/address|mail/confirm)/\S+)", text)[1]
    assert "Is this address yours?" in browser.get(address).text
    browser.post(address)
    db.session.refresh(user)
    assert (user.email, bool(user.confirmed_at)) == ("right@example.net", True)


def test_it_is_of_one_person_at_one_address(world, visit, link):
    gus, key = world.gus, queries.key()
    forged = [
        f"{gus.id}.{'a' * 16}",
        signatures.confirmation(key, world.ren.id, gus.email).replace(f"{world.ren.id}.", f"{gus.id}."),
        signatures.confirmation("another key", gus.id, gus.email),
        "nothing",
        "9" * 17 + ".aaaaaaaaaaaaaaaa",
    ]
    for token in forged:
        assert visit().post(f"/mail/confirm/{token}").status_code == 410
    gus.email = "gus@example.net"
    db.commit()
    assert visit().post(link).status_code == 410
    db.session.refresh(gus)
    assert gus.confirmed_at is None
    gus.email = "gus@example.org"
    db.commit()
    assert visit().post(link.upper().replace("/MAIL/CONFIRM/", "/mail/confirm/")).status_code == 200, "any case will do"


def test_whoever_is_shut_out_confirms_nothing(world, visit, link):
    world.gus.active = False
    db.commit()
    assert visit().get(link).status_code == 410


@pytest.mark.hardening("H-30", "F-24")
@pytest.mark.parametrize("letter", ODD)
def test_with_a_letter_that_passes_for_another_it_is_void_whoever_it_names(world, visit, letter):
    ids = {"here": world.ren.id, "shut out": world.dan.id, "nobody": 999}
    answers = {who: visit().get(f"/mail/confirm/{id}.{letter}{'a' * 15}").status_code for who, id in ids.items()}
    assert answers == dict.fromkeys(ids, 410)


def test_guessing_is_counted(visit, link):
    answers = {visit().get(f"/mail/confirm/{number}").status_code for number in range(12)}
    assert answers == {410, 429}
    assert visit().get(link).status_code == 200, "looking at one that works is free"
    assert visit().post(link).status_code == 200, "and so is using it"


@pytest.mark.hardening("X-52")
def test_another_address_is_not_confirmed_that_was_given_meanwhile(world, visit, link, monkeypatch):
    lock = db.lock

    def change_meanwhile(row):
        monkeypatch.undo()
        change_address(world.ana, world.gus, "another@example.net")
        db.commit()
        lock(row)

    monkeypatch.setattr(actions.db, "lock", change_meanwhile)
    visit().post(link)
    db.session.refresh(world.gus)
    assert (world.gus.email, world.gus.confirmed_at) == ("another@example.net", None)


def test_of_an_account_only_who_is_signed_in_to_it_says_so(world, visit):
    link = unconfirmed(world.zoe)
    for browser in (visit(), visit(world.ren)):
        page = browser.post(link).text
        assert "An account was made with it." in page
        assert f"/sign-in?next={link}" in page
        assert "/forgot-password?email=zoe%40example.org" in page
    db.session.refresh(world.zoe)
    assert world.zoe.confirmed_at is None
    assert "Your address is confirmed" in visit(world.zoe).post(link).text
