"""Which sign-ins hold, asked in every way there is: pages, streams, writes and lists agree."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts import sign_ins
from informejo.accounts.models import Role, Session
from informejo.accounts.queries import fingerprint
from informejo.events import log

# Hours since it was used, hours until it expires, whether it is a link; and whether it holds.
CASES = {
    "fresh": (0, 24, False, True),
    "nearly idle": (71.9, 24, False, True),
    "idle": (72, 24, False, False),
    "nearly expired": (0, 0.01, False, True),
    "expired": (0, 0, False, False),
    "link": (0, 24, True, True),
    "link that waits for its mail": (720, 24, True, True),
    "link that expired": (720, 0, True, False),
}


@pytest.fixture
def now(app):
    app.config["SESSION_IDLE_HOURS"] = 72
    app.config["ADMIN_IDLE_MINUTES"] = 30
    with clock.at(clock.now()):
        yield clock.now()


@pytest.fixture
def ticket(world):
    return world.ticket()


def signed_in(user, token: str, now, idle: float = 0, lasts: float = 24, ticket=None) -> Session:
    session = Session(user_id=user.id, token_hash=fingerprint(token), created_at=now, agent=token)
    session.seen_at, session.expires_at = now - timedelta(hours=idle), now + timedelta(hours=lasts)
    session.ticket_id = ticket and ticket.id
    db.session.add(session)
    db.commit()
    return session


@pytest.mark.hardening("S-45", "S-50")
@pytest.mark.parametrize("case", CASES)
def test_every_question_about_a_sign_in_has_the_same_answer(world, ticket, now, case):
    idle, lasts, link, holds = CASES[case]
    session, theirs = signed_in(world.ren, "t", now, idle, lasts, ticket if link else None), ticket.id if link else None
    viewer = sign_ins.Viewer(world.ren.id, world.ren.name, world.ren.role, only=theirs)
    asking, stream = sign_ins.who_asks("t", theirs), sign_ins.viewer_for("t", theirs)
    assert (asking is not None, stream is not None) == (holds, holds)
    assert sign_ins.holds(session.id, world.ren.role, False) is holds
    assert (sign_ins.here_while_holding(session.id, viewer) is not None) is holds
    assert sign_ins.sessions_of(world.ren) == ([session] if holds and not link else [])
    assert sign_ins.holding_of(world.ren) == ({session.id} if holds else set())
    if holds:
        assert (asking.session, asking.session.user.only) == (session, theirs)
        ends = min(session.expires_at, now + timedelta(hours=max(72 - idle, 0) if not link else 999))
        assert stream.session == (session.id, ends, viewer)
        assert asking[1:] == stream[1:]
        assert asking.standing.bookmark == sign_ins.here_while_holding(session.id, viewer) == log.standing().bookmark
    for token, of in (("t", 987), ("t", None if link else ticket.id), ("u", theirs), ("", theirs)):
        assert sign_ins.who_asks(token, of) is sign_ins.viewer_for(token, of) is None, (token, of)


@pytest.mark.hardening("S-46", "S-50")
def test_a_stream_holds_only_for_the_person_as_they_were(world, now):
    session = signed_in(world.mia, "t", now)
    mia = sign_ins.viewer_for("t").session.user
    assert mia.is_staff
    assert not mia._replace(only=1).is_staff
    assert not mia._replace(role=Role.USER).is_staff
    for role, narrowed, held in (("agent", False, True), ("agent", True, False), ("admin", False, False)):
        assert sign_ins.holds(session.id, Role(role), narrowed) is held
        changed = mia._replace(role=Role(role), narrowed=narrowed)
        assert (sign_ins.here_while_holding(session.id, changed) is not None) is held
    assert not sign_ins.holds(0, Role.AGENT, False)
    world.mia.narrowed = True
    db.commit()
    assert sign_ins.viewer_for("t").session.user.narrowed
    assert not sign_ins.holds(session.id, Role.AGENT, False)


@pytest.mark.hardening("S-46")
def test_of_whoever_is_shut_out_no_sign_in_holds(world, now):
    session, other = signed_in(world.mia, "t", now), signed_in(world.tom, "u", now)
    mia = sign_ins.viewer_for("t").session.user
    world.mia.active = False
    db.commit()
    assert sign_ins.who_asks("t") is sign_ins.viewer_for("t") is None
    assert not sign_ins.holds(session.id, Role.AGENT, False)
    assert sign_ins.here_while_holding(session.id, mia) is None
    assert sign_ins.holds(other.id, Role.AGENT, False)


def test_an_administrators_sign_in_lies_idle_sooner_and_never_later_than_all_others(app, world, now):
    for minutes, hours, holds in ((29, 72, True), (30, 72, False), (29, 0.4, False)):
        app.config["SESSION_IDLE_HOURS"] = hours
        token = f"{minutes} {hours}"
        signed_in(world.ana, token, now, minutes / 60)
        asking, stream = sign_ins.who_asks(token), sign_ins.viewer_for(token)
        assert (asking is not None, stream is not None) == (holds, holds), token
        assert not holds or stream.session[1] == now + timedelta(minutes=1)
        assert sign_ins.why_ended(token) == ("" if holds else "idle")
    assert sign_ins.why_ended("") == sign_ins.why_ended("never was") == ""


def test_ones_sign_ins_stand_in_the_order_of_their_use_and_are_ones_own(world, now):
    mine = [signed_in(world.ren, str(hours), now, hours) for hours in (2, 0, 1)]
    signed_in(world.zoe, "z", now)
    assert sign_ins.sessions_of(world.ren) == [mine[1], mine[2], mine[0]]
    assert sign_ins.holding_of(world.ren) == {session.id for session in mine}


@pytest.mark.hardening("S-40")
@pytest.mark.parametrize(("demanded", "of"), [("", ""), ("admins", "ana"), ("staff", "mia ana")])
def test_where_a_second_factor_is_demanded_a_sign_in_without_one_holds_no_more_and_a_link_does(
    app, world, ticket, now, demanded, of
):
    app.config["SECOND_FACTOR"] = demanded
    weak = {who: signed_in(getattr(world, who), who, now) for who in ("ren", "mia", "ana")}
    strong = signed_in(world.ana, "strong", now)
    strong.factor = "app"
    link, idle, over = (signed_in(world.ana, name, now, idle, lasts, of) for name, idle, lasts, of in
                        (("link", 0, 1, ticket), ("idle", 72, 1, None), ("over", 0, 0, None)))  # fmt: skip
    db.commit()
    for who, session in weak.items():
        lacks = who in of.split()
        assert (sign_ins.who_asks(who) is None, sign_ins.viewer_for(who) is None) == (lacks, lacks), who
        assert sign_ins.lacking_factor(who) == (session if lacks else None)
        assert sign_ins.why_ended(who) == ("factor" if lacks else "")
    assert sign_ins.who_asks("strong").session == strong
    assert sign_ins.who_asks("link", ticket.id).session == link
    assert [sign_ins.lacking_factor(token) for token in ("strong", "link", "idle", "over", "", "no")] == [None] * 6
    assert [sign_ins.why_ended(token) for token in ("idle", "over", "link")] == ["idle", "", ""]
    theirs = [weak[who].id for who in of.split()] + ([idle.id, over.id] if of else [])
    assert sign_ins.without_factor(demanded) == set(theirs)
