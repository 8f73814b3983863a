"""Teams: who is in them, what they get, and what their members see."""

import pytest
from sqlalchemy import delete, insert
from werkzeug.exceptions import Forbidden, NotFound, UnprocessableEntity

from informejo import db, policy, turns
from informejo.accounts import rights_actions, session_actions
from informejo.accounts.models import Role, Session
from informejo.events import log
from informejo.guests import link_actions
from informejo.teams import actions
from informejo.teams.models import Team, TeamMember
from informejo.teams.queries import categories_of, members_of, team_for, teams_of
from informejo.tickets import change_actions
from informejo.tickets.actions import follow_up
from informejo.tickets.batch_actions import hand_over
from informejo.tickets.change_actions import Conflict
from informejo.tickets.models import Ticket
from informejo.tickets.words import Category, Status


@pytest.fixture
def team(world):
    """Networks, of which Tom is: he sees what is theirs or nobody's."""
    team = actions.create_team(world.ana, name="Networks")
    actions.change_team(world.ana, team, name="Networks", sees_all=False, categories=[Category.NETWORK])
    actions.add_member(world.ana, team, world.tom)
    db.commit()
    return team


@pytest.fixture
def other(world):
    other = actions.create_team(world.ana, name="Accounts")
    db.commit()
    return other


def sees(person, ticket) -> bool:
    return db.session.scalar(policy.visible_tickets(person).where(Ticket.id == ticket.id)) is not None


def test_who_is_in_teams_that_see_their_own_sees_those_and_what_is_nobodys(world, team, other):
    theirs, nobodys, others = world.ticket(), world.ticket(), world.ticket()
    change_actions.set_team(world.mia, theirs, team)
    change_actions.set_team(world.mia, others, other)
    db.commit()
    assert [sees(world.tom, ticket) for ticket in (theirs, nobodys, others)] == [True, True, False]
    assert [sees(world.mia, ticket) for ticket in (theirs, nobodys, others)] == [True, True, True]
    change_actions.assign(world.mia, others, world.tom)
    assert sees(world.tom, others), "whoever is given a ticket sees it"


def test_one_team_that_sees_all_is_enough(world, team, other):
    assert world.tom.narrowed
    actions.add_member(world.ana, other, world.tom)
    assert not world.tom.narrowed
    actions.change_team(world.ana, other, name="Accounts", sees_all=False, categories=[])
    assert world.tom.narrowed
    actions.delete_team(world.ana, other)
    assert world.tom.narrowed
    actions.remove_member(world.ana, team, world.tom)
    assert (world.tom.narrowed, teams_of(world.tom)) == (False, [])


def test_administrators_see_all_whatever_teams_they_are_in(world, team):
    actions.add_member(world.ana, team, world.ana)
    rights_actions.set_role(world.ana, world.tom, Role.ADMIN)
    db.commit()
    assert not world.ana.narrowed
    assert not world.tom.narrowed
    rights_actions.set_role(world.ana, world.tom, Role.AGENT)
    assert world.tom.narrowed


def test_whoever_sees_other_tickets_from_now_on_has_an_event_of_their_own(world, team):
    since, named = log.standing().latest, {"team": ["Networks", "Networks"]}
    actions.change_team(world.ana, team, name="Networks", sees_all=True, categories=[])
    actions.remove_member(world.ana, team, world.tom)
    db.commit()
    told = [(event.name.value, event.user_id, event.changes) for event in log.since(since)]
    assert told == [
        ("team:updated", None, named | {"sees_all": [False, True], "categories": [["network"], []]}),
        ("user:updated", world.tom.id, {"narrowed": [True, False]}),
        ("team:updated", None, named | {"members": [["Tom Berg"], []]}),
        ("user:updated", world.tom.id, {"teams": [["Networks"], []]}),
    ]


def test_a_new_ticket_goes_to_the_team_of_its_category_and_a_follow_up_to_that_of_the_first(world, team, other):
    ticket = world.ticket(category=Category.NETWORK)
    assert ticket.team == team
    assert world.ticket().team is None
    change_actions.set_team(world.mia, ticket, other)
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    again = follow_up(world.ren, ticket, body="Not yet.")
    assert again.team == other
    actions.change_team(world.ana, other, name="Accounts", sees_all=True, categories=[Category.NETWORK])
    assert (team_for("network"), categories_of(team)) == (other.id, [])


def test_the_tickets_of_a_team_that_is_no_more_are_nobodys_and_stay_where_they_are_in_lists(world, team, other):
    ticket = world.ticket(category=Category.NETWORK)
    newest = ticket.last_event_id
    actions.delete_team(world.ana, team)
    db.commit()
    db.session.refresh(ticket)
    assert (ticket.team_id, ticket.last_event_id) == (None, newest)
    assert not world.tom.narrowed
    assert team_for("network") is None


def test_nothing_is_given_to_a_team_that_is_gone_by_then(world, team, other):
    ticket, id = world.ticket(), other.id
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    with db.engine().begin() as meanwhile:  # somebody else makes an end of it, after it was found and before the turn
        meanwhile.execute(delete(Team).where(Team.id == id))
    for give in (
        lambda: change_actions.set_team(world.mia, ticket, other),
        lambda: hand_over(world.mia, world.tom, other),
        lambda: rights_actions.set_active(world.ana, world.tom, False, other),
    ):
        with pytest.raises(NotFound):
            give()
        db.session.rollback()
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    assert ticket.team == team


def test_others_go_on_while_very_many_see_otherwise_or_are_signed_out(world, team, monkeypatch):
    for _ in range(10):
        session_actions.start_session(world.tom, "a browser")
    db.commit()
    pauses = []
    monkeypatch.setattr(turns, "give_way", lambda: pauses.append(1))
    session_actions.end_sessions(world.tom, world.tom)
    actions.keep_in_step(world.ana, [world.tom] * 10)
    link_actions.end_links(world.mia, world.ticket(), [Session(id=number) for number in range(10)])
    assert len(pauses) == 3


def test_whoever_comes_in_while_a_change_waits_sees_by_it_too(world, team, other, monkeypatch):
    take_the_turn, mia, id = db.begin_write, world.mia.id, other.id

    def second(connection):
        monkeypatch.setattr(db, "begin_write", take_the_turn)
        with db.engine().begin() as first:
            first.execute(insert(TeamMember).values(team_id=id, user_id=mia))
        take_the_turn(connection)

    monkeypatch.setattr(db, "begin_write", second)
    actions.change_team(world.ana, other, name="Accounts", sees_all=False, categories=[])
    db.commit()
    assert world.mia.narrowed


def test_two_give_a_ticket_to_different_teams_and_the_second_is_asked(world, team, other):
    ticket = world.ticket()
    change_actions.set_team(world.mia, ticket, team, was="")
    with pytest.raises(Conflict):
        change_actions.set_team(world.ana, ticket, other, was="")
    change_actions.set_team(world.ana, ticket, other, was=str(team.id))
    assert ticket.team == other


def test_its_requester_hears_nothing_of_teams(world, visit, team):
    ticket = world.ticket()
    public = ticket.last_public_event_id
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    assert ticket.last_public_event_id == public
    assert "Networks" not in visit(world.ren).get(f"/tickets/{ticket.id}").text
    assert "gave this to the team Networks" in visit(world.mia).get(f"/tickets/{ticket.id}").text
    assert len(visit(world.ren).get("/tickets?team=none").text) == len(
        visit(world.ren).get(f"/tickets?team={team.id}").text
    )


def test_the_queue_of_a_team(world, visit, team):
    ticket, other = world.ticket(title="Switch"), world.ticket(title="Mouse pad")
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    queue = visit(world.mia).get(f"/queue?team={team.id}").text
    assert "Switch" in queue
    assert "Mouse pad" not in queue
    assert "Mouse pad" in visit(world.mia).get("/queue?team=none").text
    assert "Mouse pad" in visit(world.mia).get("/queue?team=99").text, "a team that is not there narrows nothing"
    assert other.team is None


def test_only_staff_join_and_only_administrators_say_so(world, team):
    with pytest.raises(UnprocessableEntity):
        actions.add_member(world.ana, team, world.ren)
    with pytest.raises(Forbidden):
        actions.add_member(world.mia, team, world.mia)
    assert members_of(team) == [world.tom]


def test_a_name_is_taken_however_it_is_written(world, visit, team):
    ana = visit(world.ana)
    taken = ana.post("/teams", data={"name": "NÉTWORKS"})
    assert taken.status_code == 422
    assert "There is a team of that name already" in taken.text
    made = ana.post("/teams", data={"name": "Printers"})
    assert made.status_code == 303
    assert ana.post(made.location, data={"name": "networks", "sees": "own"}).status_code == 422
    assert ana.post(made.location, data={"name": "Printers", "sees": "sideways"}).status_code == 422


@pytest.mark.parametrize("name", ["\u0301\u0301\u0301", "\u2800\u2800", " \u3000 "])
def test_a_team_has_a_name_that_can_be_read(world, visit, name):
    assert visit(world.ana).post("/teams", data={"name": name}).status_code == 422


def test_a_team_on_its_pages(world, visit, team):
    ana, address = visit(world.ana), f"/teams/{team.id}"
    assert ana.post(f"{address}/members", data={"user": str(world.mia.id)}).status_code == 303
    saved = {"name": "Cables", "sees": "all", "categories": ["network", "hardware", "network"]}
    assert ana.post(address, data=saved).status_code == 303
    page = ana.get(address).text
    assert all(word in page for word in ("Cables", "Mia Lund", "Tom Berg"))
    assert "network, hardware" in str(categories_of(team)) or len(categories_of(team)) == 2
    assert ana.post(f"{address}/members/{world.mia.id}/removal").status_code == 303
    assert "2 members" not in visit(world.mia).get("/teams").text
    assert ana.post(f"{address}/deletion").location == "/teams"
    assert visit(world.mia).get(address).status_code == 404


def test_whoever_gives_a_ticket_out_of_their_sight_is_led_to_the_queue(world, visit, team, other):
    ticket = world.ticket()
    answer = visit(world.tom).post(f"/tickets/{ticket.id}/team", data={"value": str(other.id), "was": ""})
    assert answer.location == "/queue"
    assert visit(world.tom).get(f"/tickets/{ticket.id}").status_code == 404
    assert visit(world.mia).get(f"/tickets/{ticket.id}").status_code == 200


def test_so_is_whoever_gives_one_away_that_was_only_theirs_to_see(world, visit, team, other):
    ticket, tom = world.ticket(), visit(world.tom)
    change_actions.assign(world.mia, ticket, world.tom)
    change_actions.set_team(world.mia, ticket, other)
    db.commit()
    answer = tom.post(f"/tickets/{ticket.id}/assignment", data={"value": str(world.mia.id)})
    assert answer.location == "/queue"
    assert "where you sent it" in tom.get("/queue").text
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    asked = tom.post(f"/tickets/{ticket.id}/assignment", data={"value": ""}, headers={"HX-Request": "true"})
    assert asked.headers["HX-Redirect"] == "/queue"


def test_so_is_whoever_opens_one_that_goes_to_a_team_whose_tickets_they_do_not_see(world, visit, team, other):
    actions.change_team(world.ana, other, name="Accounts", sees_all=True, categories=[Category.ACCESS])
    db.commit()
    tom, new = visit(world.tom), {"title": "No way in", "description": "The badge does not open.", "priority": "low"}
    new |= {"category": "access", "requester_email": "ren@example.org"}
    assert tom.post("/tickets", data=new).location == "/queue"
    assert "a team whose tickets you do not see" in tom.get("/queue").text
    assert visit(world.mia).post("/tickets", data=new).location.startswith("/tickets/")
