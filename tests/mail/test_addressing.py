"""The form for a message names who gets it, and asks first when that changed since its author began."""

import io

import pytest

from informejo import db
from informejo.mail.actions import save_choices, unwatch, watch
from informejo.shelf import shelf
from informejo.tickets import actions, change_actions
from informejo.tickets.queries import timeline_for
from tests.live import dom

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ticket(app, world):
    """Ren's, which Mia has."""
    app.config["SMTP_HOST"] = "mail.example.org"
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.mia)
    db.commit()
    return ticket


@pytest.fixture
def form(visit, ticket):
    """`form(user)`: the composer of that person's page of the ticket, and what it would send."""

    def form(user, address="") -> tuple[dom.Element, dict]:
        composer = dom.read(visit(user).get(address or f"/tickets/{ticket.id}").text).find("composer")
        return composer, hidden(composer)

    return form


def hidden(composer: dom.Element) -> dict[str, str]:
    return {field["name"]: field["value"] for field in composer.all("input", type="hidden")}


def told(composer: dom.Element, kind: str = "of-reply") -> str:
    [line] = composer.all("p", class_name=kind)
    return line.text


def button(composer: dom.Element) -> str:
    return next(one.text for one in composer.all("button") if "composer-reply" in one.attributes["class"])


def said(world, ticket) -> list[str]:
    return [event.comment.body for event in timeline_for(world.mia, ticket) if event.comment]


def test_the_button_names_the_requester_and_one_colleague_or_how_many(world, ticket, form):
    assert button(form(world.mia)[0]) == "Send to Ren Ito"
    watch(world.tom, ticket, world.tom)
    db.commit()
    composer, _ = form(world.mia)
    assert button(composer) == "Send to Ren Ito and Tom Berg"
    assert told(composer) == "Goes by mail to Ren Ito and Tom Berg."
    assert told(composer, "of-note") == "Goes by mail to Tom Berg."
    watch(world.ana, ticket, world.ana)
    db.commit()
    composer, _ = form(world.mia)
    assert button(composer) == "Send to Ren Ito and 2 colleagues"
    assert told(composer) == "Goes by mail to Ren Ito, Tom Berg and Ana Silva."


def test_who_switched_such_mails_off_is_said_to_read_it_here(world, ticket, form):
    save_choices(world.ren, mine=False)
    db.commit()
    assert told(form(world.mia)[0]) == "No mail goes to Ren Ito, who reads it here."
    save_choices(world.ren, mine=True)
    db.commit()
    assert told(form(world.mia)[0]) == "Goes by mail to Ren Ito."


def test_without_a_mail_server_it_says_so(app, world, ticket, form):
    app.config["SMTP_HOST"] = ""
    assert told(form(world.mia)[0]) == "No mail server is set up: Ren Ito reads it here, and gets the mail later."


def test_where_mails_are_caught_it_does_not_say_that_they_leave(app, world, ticket, form):
    app.config["MAIL_CATCH"] = True
    assert told(form(world.mia)[0]) == "No mail leaves this desk: the one to Ren Ito is caught."


def test_of_a_guest_nobody_says_that_they_read_it_here(app, world, form):
    ticket = actions.open_ticket(world.mia, title="By telephone", description="It smokes all day.", requester=world.gus)
    change_actions.assign(world.mia, ticket, world.mia)
    db.commit()
    assert told(form(world.mia, f"/tickets/{ticket.id}")[0]) == "Goes by mail to Gus Visser."
    app.config["SMTP_HOST"] = ""
    waits = "No mail server is set up: the mail to Gus Visser waits until there is one."
    assert told(form(world.mia, f"/tickets/{ticket.id}")[0]) == waits
    world.gus.active = False
    db.commit()
    shelf.forget()  # that somebody is shut out is an event, which this leaves out
    assert told(form(world.mia, f"/tickets/{ticket.id}")[0]) == "No mail goes to Gus Visser."


def test_a_requester_is_named_nobody_and_asked_nothing(world, visit, ticket, form):
    watch(world.tom, ticket, world.tom)
    db.commit()
    composer, fields = form(world.ren)
    assert "to" not in fields
    assert not [name for name in ("Tom Berg", "Mia Lund", "Mailed") if name in composer.text]
    answer = visit(world.ren).post(f"/tickets/{ticket.id}/comments", data={"body": "Hello.", "to": "1 2 3"})
    assert answer.status_code == 303


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_when_somebody_came_to_it_the_form_comes_back_with_all_of_it_and_then_sends(
    world, visit, ticket, form, headers
):
    mia, address = visit(world.mia), f"/tickets/{ticket.id}/comments"
    _, fields = form(world.mia)
    watch(world.tom, ticket, world.tom)
    db.commit()
    fields |= {"body": "Which tray is it?", "internal": "no"}
    answer = mia.post(address, data=fields, headers=headers)
    assert answer.status_code == 409
    composer = dom.read(answer.text).find("composer")
    assert composer.find("field-body").text.strip() == "Which tray is it?"
    [asked] = [one for one in composer.walk() if one.attributes.get("role") == "alert"]
    assert "Tom Berg, who watches it, would get this too. It goes to Ren Ito and Tom Berg now." in asked.text
    assert said(world, ticket) == []
    again = hidden(composer)
    assert again["key"] == fields["key"]
    assert mia.post(address, data=fields | again, headers=headers).status_code in (200, 303)
    assert said(world, ticket) == ["Which tray is it?"]


def test_a_note_is_asked_about_by_who_is_mailed_notes(world, visit, ticket, form):
    mia, address = visit(world.mia), f"/tickets/{ticket.id}/comments"
    watch(world.tom, ticket, world.tom)
    db.commit()
    _, fields = form(world.mia)
    unwatch(world.tom, ticket, world.tom)
    db.commit()
    answer = mia.post(address, data=fields | {"body": "Between us.", "internal": "yes"})
    assert answer.status_code == 409
    assert "Tom Berg would get it no more. Nobody is mailed it now." in dom.read(answer.text).text
    assert dom.read(answer.text).find("internal-note").attributes.keys() >= {"checked"}
    other = mia.post(address, data=fields | {"body": "Choose the files.", "files": (io.BytesIO(b"x"), "x.txt")})
    assert other.status_code == 409
    assert "Choose the files again." in dom.read(other.text).text


def test_when_the_ticket_went_to_somebody_else_it_is_said_who_has_it(world, visit, ticket, form):
    _, fields = form(world.mia)
    change_actions.assign(world.ana, ticket, world.tom)
    db.commit()
    answer = visit(world.mia).post(f"/tickets/{ticket.id}/comments", data=fields | {"body": "Hello."})
    assert "Tom Berg, who has the ticket, would get this too" in dom.read(answer.text).text


def test_what_was_sent_already_is_not_asked_about_when_it_is_sent_again(world, visit, ticket, form):
    mia, address = visit(world.mia), f"/tickets/{ticket.id}/comments"
    _, fields = form(world.mia)
    fields["body"] = "Which tray is it?"
    assert mia.post(address, data=fields).status_code == 303
    watch(world.tom, ticket, world.tom)
    db.commit()
    assert mia.post(address, data=fields).status_code == 303
    assert said(world, ticket) == ["Which tray is it?"]


def test_what_says_nothing_of_whom_it_goes_to_is_taken_as_before(world, visit, ticket):
    watch(world.tom, ticket, world.tom)
    db.commit()
    assert visit(world.mia).post(f"/tickets/{ticket.id}/comments", data={"body": "Hello."}).status_code == 303


def test_open_forms_are_told_to_look_who_gets_it(world, visit, ticket):
    mia = visit(world.mia)
    waits = dom.read(mia.get(f"/tickets/{ticket.id}").text).find("composer").all("span")
    [looks] = [one for one in waits if "hx-get" in one.attributes]
    assert looks["hx-trigger"] == "recipients-changed from:body"
    watch(world.tom, ticket, world.tom)
    db.commit()
    now = mia.get(looks["hx-get"], headers=HTMX).text
    assert "Send" not in now, "the button keeps its place"
    assert "and <bdi>Tom Berg</bdi>" in now
    assert f'data-to="{world.ren.id} {world.tom.id}"' in now


def test_a_member_of_the_staff_who_asked_for_it_themselves_hears_of_notes_as_the_one_who_has_it(world, visit, form):
    own = world.ticket(world.tom, "My own keyboard")
    change_actions.assign(world.mia, own, world.tom)
    db.commit()
    composer, _ = form(world.mia, f"/tickets/{own.id}")
    assert (told(composer), told(composer, "of-note")) == ("Goes by mail to Tom Berg.", "Goes by mail to Tom Berg.")
