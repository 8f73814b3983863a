"""Two accounts of one person become one, and nobody gains a right by it."""

import pytest
from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db, policy
from informejo.accounts import actions, merge_actions, queries, rights_actions, session_actions
from informejo.accounts.merge_queries import hanging_on
from informejo.accounts.models import Count, Role, Session, User
from informejo.counting import IN_A_ROW, key_of
from informejo.drafts.actions import save_draft
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.factors.models import Passkey
from informejo.mail.actions import watch
from informejo.mail.models import Watcher
from informejo.mail.queries import watcher_ids
from informejo.sso.models import Identity
from informejo.teams.models import Team
from informejo.teams.queries import teams_of
from informejo.tickets import actions as tickets, change_actions, confiding_actions
from informejo.tickets.models import Comment, NamedPerson, Reading, Ticket
from tests.intake.letters import come, letter
from tests.live.sse import Listener
from tests.world import PASSWORD


def merge(world, user, into):
    merge_actions.merge(world.ana, user, into)
    db.commit()


def pointing_at(user) -> dict[str, int]:
    """How many rows of each table still name that account, but for what the log and the ledgers say of then."""
    said_then = {"events", "mail_verdicts", "outgoing_mails", "accesses"}
    found = {}
    for table in db.Model.metadata.sorted_tables:
        for column in table.columns:
            if table.name not in said_then and any(key.target_fullname == "users.id" for key in column.foreign_keys):
                number = db.session.scalar(select(func.count()).select_from(table).where(column == user.id))
                found |= {f"{table.name}.{column.name}": number} if number else {}
    return found


@pytest.fixture
def rich(world):
    """Zoe, on whom hangs one of everything there is."""
    ticket = world.ticket(world.zoe, "Zoe's screen")
    others = world.ticket(world.ren, "Ren's keyboard")
    world.comment(world.zoe, ticket, "It flickers.")
    tickets.mark_seen(world.zoe, ticket, ticket.last_event_id)
    now = clock.now()
    db.session.add_all(
        [
            Watcher(ticket_id=others.id, user_id=world.zoe.id),
            NamedPerson(ticket_id=others.id, user_id=world.zoe.id),
            Draft(user_id=world.zoe.id, form="new-ticket", key="", fields={"title": "Half"}, saved_at=now),
            Identity(issuer="https://id.example.org", subject="zoe", user_id=world.zoe.id),
            Passkey(user_id=world.zoe.id, credential_id=b"z", public_key=b"k", name="Key"),
        ]
    )
    session_actions.start_session(world.zoe, "test")
    db.commit()
    return ticket


def test_everything_of_the_one_is_the_others(world, rich):
    assert {what for _, what in hanging_on(world.ana, world.zoe)} == {
        *("ticket asked for", "message", "ticket watched", "account of single sign-on"),
        "confidential ticket that names them",
    }
    merge(world, world.zoe, world.ren)
    assert pointing_at(world.zoe) == {}
    assert (rich.requester, rich.opened_by) == (world.ren, world.ren)
    assert policy.sees(world.ren, rich)
    assert db.session.scalar(select(Comment.author_id).where(Comment.body == "It flickers.")) == world.ren.id
    assert db.session.scalar(select(Identity.user_id)) == world.ren.id
    assert (world.zoe.active, world.zoe.merged_into_id, world.zoe.password_hash) == (False, world.ren.id, None)


def test_the_page_counts_no_confidential_ticket_for_who_does_not_see_it(world, rich):
    confiding_actions.set_confidential(world.mia, rich, True)
    confiding_actions.name_person(world.mia, rich, world.tom)
    db.commit()
    seen = {"ticket asked for", "message"}
    assert {what for _, what in hanging_on(world.mia, world.zoe)} >= seen
    assert not {what for _, what in hanging_on(world.ana, world.zoe)} & seen
    assert hanging_on(world.ana, world.tom) == []


def test_of_what_each_has_one_of_the_others_stays_and_the_further_reading_counts(world):
    ticket = world.ticket(world.ren)
    early, late = ticket.last_event_id, world.comment(world.mia, ticket).ticket.last_event_id
    db.session.add_all(
        [
            *(Watcher(ticket_id=ticket.id, user_id=user.id) for user in (world.mia, world.tom)),
            Reading(ticket_id=ticket.id, user_id=world.tom.id, event_id=late),
            Reading(ticket_id=ticket.id, user_id=world.mia.id, event_id=early),
            *(Draft(user_id=user.id, form="x", key="k", fields={"body": user.name}) for user in (world.tom, world.mia)),
        ]
    )
    db.commit()
    merge(world, world.tom, world.mia)
    assert db.session.scalars(select(Watcher.user_id)).all() == [world.mia.id]
    assert db.session.execute(select(Reading.user_id, Reading.event_id)).all() == [(world.mia.id, late)]
    assert db.session.scalars(select(Draft.fields)).all() == [{"body": "Mia Lund"}]


def test_the_same_once_only_key_of_both_is_no_obstacle(world):
    for user in (world.ren, world.zoe):
        ticket = world.ticket(user, key="once")
        world.comment(user, ticket, key="once")
    merge(world, world.zoe, world.ren)
    for thing in (Ticket, Comment):
        assert sorted(db.session.scalars(select(thing.key)), key=str) == [None, "once"]


@pytest.mark.hardening("S-50")
@pytest.mark.parametrize(
    ("who", "into", "role"), [("tom", "ren", Role.USER), ("ren", "tom", Role.AGENT), ("gus", "mia", Role.AGENT)]
)
def test_nobody_gains_a_role_and_staff_can_lose_theirs(world, who, into, role):
    user, other = getattr(world, who), getattr(world, into)
    merge(world, user, other)
    assert (other.role, other.narrowed) == (role, False)
    assert not policy.may(user, "ticket.open")


def test_whoever_goes_on_as_a_requester_sees_nothing_of_the_staffs_when_they_are_made_an_agent(world):
    ticket = world.ticket(world.zoe)
    confiding_actions.set_confidential(world.mia, ticket, True)
    confiding_actions.name_person(world.mia, ticket, world.tom)
    watch(world.tom, ticket, world.tom)
    merge(world, world.tom, world.ren)
    rights_actions.set_role(world.ana, world.ren, Role.AGENT, known=True)
    assert not policy.sees(world.ren, ticket)
    assert watcher_ids(ticket) == ()
    assert policy.sees(world.mia, ticket)


def test_a_note_that_was_begun_is_no_answer_unsaid_of_whoever_goes_on_as_a_requester(world, visit):
    ticket = world.ticket(world.tom)
    save_draft(world.tom, f"ticket:{ticket.id}", {"body": "Do not tell them yet.", "internal": "yes"}, "k")
    merge(world, world.tom, world.ren)
    page = visit(world.ren).get(f"/tickets/{ticket.id}").text
    assert "Do not tell them yet." in page
    assert "You began this as a note for the team." in page


def test_tickets_of_an_agent_who_becomes_a_requester_wait_for_anybody(world):
    open_one, solved = world.ticket(), world.ticket(title="Solved long ago")
    for ticket in (open_one, solved):
        change_actions.assign(world.mia, ticket, world.tom)
    change_actions.set_status(world.mia, solved, "resolved")
    merge(world, world.tom, world.ren)
    assert (open_one.assignee, solved.assignee) == (None, world.ren)


def test_between_two_of_the_staff_tickets_and_teams_go_along(world):
    team = Team(name="Network")
    db.session.add(team)
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    db.session.flush()
    merge_actions.add_member(world.ana, team, world.tom)
    db.commit()
    merge(world, world.tom, world.mia)
    assert (ticket.assignee, teams_of(world.mia), teams_of(world.tom)) == (world.mia, [team], [])


@pytest.mark.hardening("S-46", "H-33")
def test_the_merged_one_is_out_at_once_and_for_good(world, visit):
    zoe = visit(world.zoe)
    stream = Listener(zoe, "/live?on=me")
    merge(world, world.zoe, world.ren)
    assert zoe.get("/tickets").status_code == 303
    stream.heard()
    assert not db.session.scalars(select(Session.id).where(Session.user_id == world.zoe.id)).all()
    with pytest.raises(UnprocessableEntity):
        rights_actions.set_active(world.ana, world.zoe, True)


@pytest.mark.hardening("H-35", "S-36")
def test_a_try_with_the_old_address_is_one_with_that_of_the_account_that_stays(world, visit):
    merge(world, world.zoe, world.ren)

    def sign_in(who, password="wrong"):
        browser = visit()
        browser.environ_base |= {"REMOTE_ADDR": f"192.0.2.{next(places)}"}
        return browser.post("/sign-in", data={"email": f"{who}@example.org", "password": password}).status_code

    places = iter(range(99))
    assert [sign_in("zoe", PASSWORD), *(sign_in("zoe") for _ in range(9))] == [303] + [422] * 9
    kept = {"what": IN_A_ROW, "who": key_of("ren@example.org ")}
    assert db.session.query(Count).filter_by(**kept).count() == 9
    assert sign_in("ren", PASSWORD) == 429


def test_coming_in_with_the_old_address_ends_failures_in_a_row(world, visit):
    merge(world, world.zoe, world.ren)
    for password in ("wrong", PASSWORD):
        visit().post("/sign-in", data={"email": "zoe@example.org", "password": password})
    assert not db.session.query(Count).filter_by(what=IN_A_ROW).count()


def test_who_writes_from_the_old_address_is_the_one_who_stays(world):
    merge(world, world.zoe, world.ren)
    assert queries.user_by_email("ZOE@example.org") == world.ren
    ticket = come(letter(sender="zoe@example.org")).ticket
    assert ticket.requester == world.ren


def test_a_merged_account_leads_on_when_that_one_is_merged_too(world):
    merge(world, world.gus, world.zoe)
    merge(world, world.zoe, world.ren)
    assert world.gus.merged_into_id == world.ren.id
    assert queries.user_by_email("gus@example.org") == world.ren


@pytest.mark.parametrize(("who", "into"), [("ren", "ren"), ("ren", "dan"), ("gus", "ren")])
def test_what_cannot_be_merged_is_refused_and_nothing_is_changed(world, who, into):
    world.gus.merged_into_id = world.zoe.id
    db.commit()
    with pytest.raises(UnprocessableEntity):
        merge_actions.merge(world.ana, getattr(world, who), getattr(world, into))
    assert not log.since(0)


def test_only_administrators_merge_and_not_themselves_away(world):
    for actor, user, into in (("mia", "ren", "zoe"), ("ren", "ren", "zoe"), ("ana", "ana", "mia")):
        with pytest.raises(Forbidden):
            merge_actions.merge(*(getattr(world, name) for name in (actor, user, into)))


def test_the_log_says_it_of_both(world):
    merge(world, world.zoe, world.ren)
    said = [(event.name, event.user, event.changes) for event in log.since(0)]
    changes = {"merged": ["Zoe Kaur", "Ren Ito"]}
    assert ("user:deactivated", world.zoe, changes) in said
    assert said[-1] == ("user:merged", world.ren, changes)


def test_the_page_shows_first_what_it_will_do(world, visit, rich):
    ana, address = visit(world.ana), f"/users/{world.zoe.id}/merge"
    found = ana.get(f"{address}?q=ren").text
    assert f"{address}?into={world.ren.id}" in found
    assert 'id="sought" name="q" value="ren"' in found
    assert "has “nobody of ours”" in ana.get(f"{address}?q=nobody+of+ours").text
    text = ana.get(f"{address}?into={world.ren.id}").text
    for said in ("<b>1</b> ticket asked for", "Mails from zoe@example.org count as said by", "It cannot be undone."):
        assert said in text
    assert "be sure that this mailbox is theirs" not in text
    assert "be sure that this mailbox is theirs" in ana.get(f"{address}?into={world.mia.id}").text
    assert "This is the same account." in ana.get(f"{address}?into={world.zoe.id}").text
    assert db.session.get(User, world.zoe.id).active, "looking changes nothing"
    answer = ana.post(address, data={"into": world.ren.id})
    assert answer.location == f"/users/{world.ren.id}"
    assert "The two accounts are one." in ana.get(answer.location).text


@pytest.mark.hardening("O-04")
def test_a_stranger_who_made_one_of_the_two_accounts_does_not_come_in_as_the_other(world):
    stranger = actions.register(email="mia.lund@example.net", name="Mia Lund", department="", password=PASSWORD)
    db.session.add(Identity(issuer="https://id.example.org", subject="stranger", user_id=stranger.id))
    db.commit()
    merge(world, stranger, world.mia)
    assert db.session.scalars(select(Identity)).all() == []
