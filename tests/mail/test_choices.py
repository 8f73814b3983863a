"""What somebody is mailed about and when, as they choose it, and why they did or did not get something."""

import pytest

from informejo import db
from informejo.accounts import actions as accounts, password_actions, rights_actions
from informejo.accounts.models import Role
from informejo.mail import choices, told_queries
from informejo.mail.models import Verdict
from informejo.mail.words import Decision, Kind, OutState, Pace, Why
from informejo.tickets import change_actions
from tests.intake.standing import stand
from tests.live import dom
from tests.mail.deciding import catch_up

PLAIN = {"pace": "once", "bundle_minutes": "30", "daily_at": "08:00", "quiet_from": "", "quiet_to": ""}
OF_STAFF = ("assigned", "mentioned", "watched", "all_new")


@pytest.fixture
def own(visit):
    """`own(user)`: the page of one's mail as a tree."""
    return lambda user, query="": dom.read(visit(user).get(f"/profile/mail{query}").text).find("main")


def ticked(page: dom.Element) -> set[str]:
    return {box["name"] for box in page.all("input", type="checkbox") if "checked" in box.attributes}


def why(page: dom.Element) -> list[str]:
    return [" ".join(line.text.split()) for line in page.find("told").all("li")]


def test_the_page_shows_what_holds_until_somebody_chooses(world, own):
    assert ticked(own(world.ren)) == {"receipt", "mine"}
    assert ticked(own(world.mia)) == {"receipt", "mine", "assigned", "mentioned", "watched"}
    assert ticked(own(world.ana)) == ticked(own(world.mia)) | {"all_new"}


def test_a_requester_is_not_offered_what_is_of_the_staff_and_changes_none_of_it(world, visit, own):
    names = {field.attributes.get("name") for field in own(world.ren).all("input")}
    assert not names & set(OF_STAFF)
    forged = dict.fromkeys(OF_STAFF, "yes") | {"all_new": "yes"}
    assert visit(world.ren).post("/profile/mail", data=PLAIN | {"mine": "yes"} | forged).status_code == 303
    kept = choices.of(world.ren)
    assert (kept.receipt, kept.mine, kept.watched, kept.all_new) == (False, True, True, False)


def test_what_is_chosen_is_kept_and_shown_again(world, visit, own):
    asked = {"mine": "yes", "watched": "yes", "pace": "daily", "daily_at": "07:30", "bundle_minutes": "45",
             "quiet_from": "22:00", "quiet_to": "6:15"}  # fmt: skip
    assert visit(world.mia).post("/profile/mail", data=asked).status_code == 303
    kept = choices.of(world.mia)
    assert (kept.pace, kept.daily_at, kept.bundle_minutes) == (Pace.DAILY, 450, 45)
    assert (kept.quiet_from, kept.quiet_to) == (1320, 375)
    page = own(world.mia)
    assert ticked(page) == {"mine", "watched"}
    shown = {field["name"]: field["value"] for field in page.all("input", type="time")}
    assert shown == {"daily_at": "07:30", "quiet_from": "22:00", "quiet_to": "06:15"}
    assert [radio["value"] for radio in page.all("input", type="radio") if "checked" in radio.attributes] == ["daily"]


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"bundle_minutes": "4"}, "bundle_minutes", "Between 5 and 1,440 minutes fit here."),
        ({"bundle_minutes": "many"}, "bundle_minutes", "This must be a whole number."),
        ({"daily_at": "25:00"}, "daily_at", "Write a time, such as 08:00."),
        ({"daily_at": ""}, "daily_at", "Write a time, such as 08:00."),
        ({"quiet_from": "22:00"}, "quiet_to", "Write both times, or neither."),
        ({"quiet_to": "07:00"}, "quiet_to", "Write both times, or neither."),
        ({"quiet_from": "7:00", "quiet_to": "07:00"}, "quiet_to", "Quiet hours end at another time than they begin."),
        ({"quiet_from": "late", "quiet_to": "07:00"}, "quiet_from", "Write a time, such as 08:00."),
        ({"pace": "never"}, "pace", "Choose one of the values in the list."),
    ],
)
def test_what_cannot_be_comes_back_with_all_that_was_typed(world, visit, wrong, field, sentence):
    typed = PLAIN | {"watched": "yes", "pace": "bundled"} | wrong
    answer = visit(world.mia).post("/profile/mail", data=typed)
    assert answer.status_code == 422
    page = dom.read(answer.text).find("main")
    assert page.find(f"problem-{field}").text == sentence
    assert ticked(page) == {"watched"}
    for name in ("bundle_minutes", "daily_at", "quiet_from", "quiet_to"):
        assert page.find(f"field-{name}")["value"] == typed[name]
    assert choices.of(world.mia) == choices.Choices()


def test_the_time_zone_is_named_in_which_the_times_are(world, own):
    assert "Times are those of UTC, since your profile names no time zone" in own(world.ren).text
    accounts.edit_profile(world.ren, time_zone="America/New_York")
    db.commit()
    assert "Times are those of America/New York" in own(world.ren).text


def test_it_is_said_when_no_mail_can_be_sent_and_when_nobody_has_confirmed_the_address(app, world, own):
    assert "No mail server is set up" in own(world.ren).text
    assert "Nobody has shown yet" not in own(world.ren).text
    app.config["SMTP_HOST"] = "mail.example.org"
    world.ren.confirmed_at = None
    db.commit()
    assert "No mail server is set up" not in own(world.ren).text
    assert "Nobody has shown yet that this address is yours" in own(world.ren).text


def test_the_profile_leads_there(world, visit):
    links = dom.read(visit(world.ren).get("/profile").text).find("main").all("a")
    assert "/profile/mail" in [link["href"] for link in links]


def test_why_somebody_did_or_did_not_get_something_the_newest_first(world, own):
    assert "Nothing has happened yet that concerns you." in own(world.ren).text
    catch_up()
    ticket = world.ticket()
    sent, own_words = world.comment(world.mia, ticket), world.comment(world.ren, ticket)
    stand(sent, world.ren, OutState.SENT)
    lines = why(own(world.ren))
    assert lines[0].startswith(f"Ren Ito replied · #{ticket.id}")
    assert "You did it yourself. It is your ticket." in lines[0]
    assert lines[1].startswith(f"Mia Lund replied to you · #{ticket.id}")
    assert "Sent by mail," in lines[1]
    assert own_words.body not in "".join(lines)
    assert len(lines) == 3


def test_what_somebody_may_not_see_any_more_is_not_said(world, own):
    catch_up()
    ticket = world.ticket(title="The secret printer")
    world.note(ticket, "Call @Tom")
    catch_up()
    assert "added an internal note" in why(own(world.tom))[0]
    rights_actions.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    assert why(own(world.tom))[0].startswith("Something you may not see any more")
    assert "You were mentioned" not in why(own(world.tom))[0]
    assert f"#{ticket.id}" not in why(own(world.tom))[0]
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert "secret printer" not in own(world.ren).text
    assert why(own(world.ren))[0].startswith("Something you may not see any more")
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert "The secret printer" in own(world.ren).text


def test_a_link_that_was_offered_is_among_it(world, own):
    catch_up()
    password_actions.offer_password(world.ana, world.zoe)
    db.commit()
    catch_up()
    assert why(own(world.zoe))[0].startswith("Ana Silva offered a link to choose a password")


def test_what_was_decided_is_said_to_oneself(world, own):
    catch_up()
    ticket = world.ticket()
    catch_up()
    db.session.add(
        Verdict(
            event_id=ticket.last_event_id,
            user_id=world.zoe.id,
            why=Why.WATCHER,
            kind=Kind.MESSAGE,
            decision=Decision.OFF,
            detail="They do not watch the ticket any more.",
        )
    )
    ticket.requester = world.zoe
    db.commit()
    assert "You switched such mails off: You do not watch the ticket any more." in why(own(world.zoe))[0]


def test_it_is_paged(world, own, monkeypatch):
    monkeypatch.setattr(told_queries, "PAGE", 2)
    catch_up()
    for number in range(3):
        world.ticket(title=f"Printer {number}")
    catch_up()
    first, second = own(world.ren), own(world.ren, "?page=2")
    assert ["Printer 2" in why(first)[0], "Printer 1" in why(first)[1], "Printer 0" in why(second)[0]] == [True] * 3
    assert why(own(world.ren, "?page=99")) == why(second)
