"""A ticket as its requester sees it: the very page, and nothing that is not theirs."""

import re

import pytest

from informejo import db
from informejo.accounts import rights_actions
from informejo.drafts.actions import key_for, save_draft
from informejo.guests.actions import submit_ticket
from informejo.tickets import actions, confiding_actions, queries

PERSONAL = re.compile(
    r'<input type="hidden" name="(key|drawn_for)" value="[^"]*">|<input hidden disabled name="[^"]*">'
)
BEGIN = '<div class="ticket-whole"'


def within(page: str, begin: str, end: str) -> list[str]:
    """The lines of what stands between, without what is made anew for each page."""
    content = PERSONAL.sub("", page[page.index(begin) + len(begin) : page.rindex(end)])
    return [line for line in map(str.strip, content.splitlines()) if line]


def shown(browser, ticket) -> list[str]:
    page = browser.get(f"/tickets/{ticket.number}/as-requester").text
    return within(page, BEGIN, "</fieldset>")


@pytest.fixture
def ticket(world):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "We are looking into it.")
    world.note(ticket, "never-for-the-requester")
    world.comment(world.ren, ticket, "It still burns.")
    return ticket


def test_it_is_the_very_page_that_the_requester_gets(world, visit, ticket):
    own = visit(world.ren).get(f"/tickets/{ticket.number}").text
    assert len(within(own, BEGIN, "</main>")) > 20
    assert shown(visit(world.mia), ticket) == within(own, BEGIN, "</main>")


def test_no_note_is_in_it_and_nothing_of_the_staffs(world, visit, ticket):
    page = "".join(shown(visit(world.mia), ticket))
    assert "It still burns." in page
    assert "never-for-the-requester" not in visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").text
    assert "Internal note" not in page
    assert "ticket-properties" not in page


def test_it_says_whose_eyes_these_are_and_nothing_can_be_sent(world, visit, ticket):
    page = visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").text
    assert "as <bdi>Ren Ito</bdi> sees it" in page
    assert '<fieldset class="as-requester-page" disabled>' in page
    assert 'id="stream"' not in page
    assert "Mia Lund: your account" in page  # around it, one is oneself


def test_neither_their_draft_is_in_it_nor_is_anything_read(world, visit, ticket):
    draft = f"ticket:{ticket.number}"
    save_draft(world.ren, draft, {"body": "half-a-sentence"}, key_for(draft))
    db.commit()
    before = [queries.seen_by(person, ticket) for person in (world.ren, world.mia)]
    assert "half-a-sentence" not in visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").text
    assert [queries.seen_by(person, ticket) for person in (world.ren, world.mia)] == before


def test_an_agents_own_ticket_is_shown_as_a_requester_would_see_it(world, visit):
    ticket = world.ticket(world.mia)
    world.note(ticket, "never-for-the-requester", by=world.tom)
    page = visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").text
    assert "never-for-the-requester" not in page
    assert 'class="rail"' in page
    assert world.mia.is_staff


def test_whoever_is_shut_out_sees_nothing(world, visit, ticket):
    rights_actions.set_active(world.ana, world.ren, False)
    db.commit()
    page = visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").text
    assert "They see nothing: their account is deactivated." in page
    assert "It still burns." not in page


def test_whoever_has_not_shown_that_a_ticket_is_theirs_is_not_called_deactivated(world, visit):
    world.zoe.confirmed_at = None
    sent = submit_ticket(name="Zoe", email=world.zoe.email, title="It smokes", description="At the back of it.")
    db.commit()
    page = visit(world.mia).get(f"/tickets/{sent.number}/as-requester").text
    assert "They see nothing: nobody has shown yet that their address is theirs" in page
    assert "deactivated" not in page


def test_it_is_for_staff_who_see_the_ticket(world, visit, ticket):
    assert visit(world.ren).get(f"/tickets/{ticket.number}/as-requester").status_code == 403
    assert visit(world.zoe).get(f"/tickets/{ticket.number}/as-requester").status_code == 404
    ticket.confidential = True
    db.commit()
    assert visit(world.mia).get(f"/tickets/{ticket.number}/as-requester").status_code == 404


def test_a_guests_page_is_the_one_behind_their_link(world, visit):
    ticket = world.ticket()
    ticket.requester = world.gus
    db.commit()
    assert "".join(shown(visit(world.mia), ticket))


@pytest.mark.parametrize("who", ["mia", "tom"])
def test_of_their_other_tickets_nothing_is_in_it_that_whoever_looks_does_not_see(world, visit, ticket, who):
    again = actions.open_ticket(world.ren, title="Again", description="It burns.", follows=ticket)
    confiding_actions.set_confidential(world.tom, ticket, True)
    db.commit()
    page = visit(getattr(world, who)).get(f"/tickets/{again.number}/as-requester?list=/tickets").text
    assert "It burns." in page
    assert (f'follows <a href="/tickets/{ticket.number}">' in page) == (who == "tom"), "it names Tom"
    assert (f"/tickets/{ticket.number}" in page) == (who == "tom")
    assert f'follows <a href="/tickets/{ticket.number}">' in visit(world.ren).get(f"/tickets/{again.number}").text
