"""Confidential tickets: seen by requester, assignee and those they name, and always by somebody at the desk."""

import pytest
from sqlalchemy import select, update
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.accounts.models import User
from informejo.audit.models import Access
from informejo.events.models import Event
from informejo.mail import actions as mail, recipients
from informejo.mail.words import Why
from informejo.teams.actions import create_team
from informejo.tickets import actions, change_actions, confiding_actions
from informejo.tickets.models import Ticket
from informejo.tickets.sight_queries import named_on
from informejo.tickets.words import Status

STAFF = ("mia", "tom", "ana")


@pytest.fixture
def ticket(world):
    """Ren's, assigned to Mia, who made it confidential."""
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.mia)
    confiding_actions.set_confidential(world.mia, ticket, True)
    db.commit()
    return ticket


def seeing(world, ticket) -> list[str]:
    return [who for who in (*STAFF, "ren", "zoe") if policy.sees(getattr(world, who), ticket)]


def test_it_is_seen_by_whom_it_concerns_and_not_by_administrators(world, ticket):
    assert seeing(world, ticket) == ["mia", "ren"]
    confiding_actions.name_person(world.mia, ticket, world.tom)
    assert seeing(world, ticket) == ["mia", "tom", "ren"]
    confiding_actions.unname_person(world.tom, ticket, world.tom)
    assert seeing(world, ticket) == ["mia", "ren"]
    confiding_actions.set_confidential(world.mia, ticket, False)
    assert seeing(world, ticket) == ["mia", "tom", "ana", "ren"]


def test_whoever_makes_it_confidential_does_not_lock_themselves_out(world):
    ticket = world.ticket()
    confiding_actions.set_confidential(world.tom, ticket, True)
    assert named_on(ticket) == [world.tom]
    confiding_actions.set_confidential(world.tom, ticket, False)
    assert named_on(ticket) == []


def test_nobody_takes_the_last_sight_away(world, ticket):
    with pytest.raises(UnprocessableEntity, match="Nobody of the staff would see"):
        change_actions.assign(world.mia, ticket, None)
    db.session.rollback()
    confiding_actions.name_person(world.mia, ticket, world.tom)
    change_actions.assign(world.mia, ticket, None)
    with pytest.raises(UnprocessableEntity, match="Nobody of the staff would see"):
        confiding_actions.unname_person(world.tom, ticket, world.tom)


def test_whom_it_is_given_to_sees_it_and_whom_it_was_taken_from_does_not(world, ticket):
    change_actions.assign(world.mia, ticket, world.ana)
    assert seeing(world, ticket) == ["ana", "ren"]


def test_what_is_done_to_one_that_became_confidential_in_that_moment_is_not_found_and_no_refusal(world, visit):
    ticket, mia = world.ticket(), visit(world.mia)
    find = policy.find_ticket

    def found(actor, number):
        there = find(actor, number)
        with db.engine().begin() as another:
            another.execute(update(Ticket).values(confidential=True))
        return there

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "find_ticket", found)
        answer = mia.post(f"/tickets/{ticket.id}/comments", data={"body": "It burns.", "internal": "yes"})
    assert (answer.status_code, db.session.scalars(select(Access)).all()) == (404, [])
    assert "It burns." in answer.text, "what was typed comes back"
    assert answer.status_code == mia.post(f"/tickets/{ticket.id}/comments", data={"body": "It burns."}).status_code


def test_who_left_the_desk_while_somebody_waited_to_write_counts_for_nobody(world, ticket):
    confiding_actions.name_person(world.mia, ticket, world.tom)
    db.commit()
    assert world.tom.active  # as it was read
    with db.engine().begin() as another:
        another.execute(update(User).where(User.id == world.tom.id).values(active=False))
    with pytest.raises(UnprocessableEntity, match="Nobody of the staff would see"):
        change_actions.assign(world.mia, ticket, None)


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
@pytest.mark.parametrize("to", ["tom", None])
def test_when_the_last_who_sees_it_leaves_somebody_else_does(world, ticket, status, to):
    change_actions.set_status(world.mia, ticket, status)
    rights_actions.set_active(world.ana, world.mia, False, to and getattr(world, to))
    db.commit()
    assert seeing(world, ticket) == [to or "ana", "ren"]


def test_who_is_named_beside_others_leaves_without_a_word(world, ticket):
    confiding_actions.name_person(world.mia, ticket, world.tom)
    rights_actions.set_active(world.ana, world.tom, False)
    assert seeing(world, ticket) == ["mia", "ren"]


def test_only_the_staff_who_see_it_say_so(world, ticket):
    for stranger in (world.ana, world.ren, world.zoe):
        with pytest.raises(Forbidden):
            confiding_actions.name_person(stranger, ticket, world.tom)
        with pytest.raises(Forbidden):
            confiding_actions.set_confidential(stranger, ticket, False)
    with pytest.raises(UnprocessableEntity):
        confiding_actions.name_person(world.mia, ticket, world.ren)
    with pytest.raises(UnprocessableEntity):
        confiding_actions.name_person(world.mia, world.ticket(), world.tom)


def test_its_requester_knows_that_it_is_confidential_and_not_whom_it_names(world, visit, ticket):
    confiding_actions.name_person(world.mia, ticket, world.tom)
    db.commit()
    page = visit(world.ren).get(f"/tickets/{ticket.id}").text
    assert "made this confidential" in page
    assert "Tom Berg" not in page
    assert "let Tom Berg see this" in visit(world.mia).get(f"/tickets/{ticket.id}").text
    named = db.session.scalars(select(Event).where(Event.changes["named"].as_string().is_not(None))).all()
    assert {event.audience for event in named} == {"staff"}


def test_what_follows_it_is_as_confidential(world, ticket):
    confiding_actions.name_person(world.mia, ticket, world.tom)
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    again = actions.follow_up(world.ren, ticket, body="Once more.")
    db.commit()
    assert (again.confidential, again.assignee, seeing(world, again)) == (True, None, ["mia", "tom", "ren"])


def test_what_follows_it_does_not_say_its_number_to_the_staff(world, visit):
    first = world.ticket()
    change_actions.set_status(world.mia, first, Status.CLOSED)
    again = actions.follow_up(world.ren, first, body="Once more.")
    db.commit()
    ren, ana = visit(world.ren), visit(world.ana)
    follows = f'follows <a href="/tickets/{first.id}">'
    assert follows in ana.get(f"/tickets/{again.id}").text
    confiding_actions.set_confidential(world.mia, first, True)
    db.commit()
    assert follows not in ana.get(f"/tickets/{again.id}").text
    assert follows in ren.get(f"/tickets/{again.id}").text, "both are Ren's"
    confiding_actions.set_confidential(world.mia, first, False)
    change_actions.set_team(world.mia, first, create_team(world.ana, name="Phones"))
    db.commit()
    assert follows not in ana.get(f"/tickets/{again.id}").text, "it is drawn once for all of the staff"
    change_actions.set_team(world.mia, again, first.team)
    db.commit()
    assert follows in ana.get(f"/tickets/{again.id}").text


def test_what_staff_open_after_anothers_ticket_does_not_say_so_to_its_requester(world, visit):
    first = world.ticket()
    again = actions.open_ticket(world.mia, requester=world.zoe, follows=first, title="The same", description="Here.")
    db.commit()
    shown = [visit(who).get(f"/tickets/{again.id}").text for who in (world.mia, world.zoe)]
    assert [f"/tickets/{first.id}" in page for page in shown] == [True, False]


def test_nobody_who_does_not_see_it_is_mailed_mentioned_or_asked_to_watch(world, ticket):
    mail.watch(world.mia, ticket, world.mia)
    with pytest.raises(UnprocessableEntity):
        mail.watch(world.mia, ticket, world.ana)
    said = world.comment(world.ren, ticket, "It burns.")
    note = world.note(ticket, "@Tom and @Ana: come.")
    db.commit()
    for comment in (said, note):
        event = db.session.scalars(select(Event).where(Event.comment_id == comment.id)).first()
        assert {one.user for one in recipients.concerned(event)} <= {world.mia, world.ren}
    confiding_actions.name_person(world.mia, ticket, world.tom)
    event = db.session.scalars(select(Event).where(Event.comment_id == note.id)).first()
    assert (world.tom, Why.MENTIONED) in [(one.user, one.why) for one in recipients.concerned(event)]


def test_on_the_page_of_the_ticket(world, visit, ticket):
    mia, address = visit(world.mia), f"/tickets/{ticket.id}"
    assert mia.post(f"{address}/named", data={"user": str(world.tom.id)}).status_code == 303
    assert 'Remove<span class="visually-hidden"> Tom Berg' in mia.get(address).text
    assert "Confidential" in visit(world.tom).get("/queue").text
    assert mia.post(f"{address}/named/{world.tom.id}/removal").status_code == 303
    assert visit(world.tom).get(address).status_code == 404
    refused = mia.post(f"{address}/assignment", data={"value": ""})
    assert (refused.status_code, "Name somebody who shall see it first" in refused.text) == (422, True)
    db.session.rollback()
    assert mia.post(f"{address}/confidentiality", data={"value": "no"}).status_code == 303
    assert visit(world.tom).get(address).status_code == 200
    shown = visit(world.tom).post(f"{address}/confidentiality", data={"value": "yes"}, headers={"HX-Request": "true"})
    assert "ticket-confiding" in shown.text
    assert mia.post(f"{address}/confidentiality", data={"value": "perhaps"}).status_code == 422
