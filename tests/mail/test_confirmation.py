"""A link in a mail shows that an address is somebody's: by a button, since programs follow links."""

import pytest

from informejo import db
from informejo.mail import queries, signatures
from tests.live import dom


@pytest.fixture
def link(world):
    """Zoe's, which nobody has confirmed."""
    world.zoe.confirmed_at = None
    db.commit()
    return f"/mail/confirm/{signatures.confirmation(queries.key(), world.zoe.id, world.zoe.email)}"


def test_following_it_confirms_nothing_and_the_button_does(world, visit, link):
    visitor = visit()
    page = visitor.get(link)
    assert "Is this address yours?" in page.text
    assert "zoe@example.org" in page.text
    assert world.zoe.confirmed_at is None
    [form] = dom.read(page.text).find("main").all("form", method="post")
    assert form["action"] == link
    assert "Your address is confirmed" in visitor.post(link).text
    db.session.refresh(world.zoe)
    assert world.zoe.confirmed_at
    assert "Your address is confirmed" in visitor.get(link).text


def test_it_is_of_one_person_at_one_address(world, visit, link):
    zoe, key = world.zoe, queries.key()
    forged = [
        f"{zoe.id}.{'a' * 16}",
        signatures.confirmation(key, world.ren.id, zoe.email).replace(f"{world.ren.id}.", f"{zoe.id}."),
        signatures.confirmation("another key", zoe.id, zoe.email),
        "nothing",
        "9" * 17 + ".aaaaaaaaaaaaaaaa",
    ]
    for token in forged:
        assert visit().post(f"/mail/confirm/{token}").status_code == 410
    zoe.email = "zoe@example.net"
    db.commit()
    assert visit().post(link).status_code == 410
    db.session.refresh(zoe)
    assert zoe.confirmed_at is None
    zoe.email = "zoe@example.org"
    db.commit()
    assert visit().post(link.upper().replace("/MAIL/CONFIRM/", "/mail/confirm/")).status_code == 200, "any case will do"


def test_whoever_is_shut_out_confirms_nothing(world, visit, link):
    world.zoe.active = False
    db.commit()
    assert visit().get(link).status_code == 410


def test_guessing_is_counted(visit, link):
    answers = {visit().get(f"/mail/confirm/{number}").status_code for number in range(12)}
    assert answers == {410, 429}
    assert visit().get(link).status_code == 200, "looking at one that works is free"
