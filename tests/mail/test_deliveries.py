"""Under each message the staff see what became of its mails, as it is now; requesters and paper do not."""

import pytest

from informejo import clock, db
from informejo.live import presence
from informejo.live.wire import Channel
from informejo.mail.actions import save_choices, watch
from informejo.mail.models import MailWay
from informejo.mail.words import OutState, Pace
from informejo.tickets import change_actions
from informejo.tickets.queries import RECENT
from informejo.tickets.words import Priority
from tests.intake.standing import stand
from tests.live import dom
from tests.live.sse import Listener
from tests.mail.deciding import catch_up


@pytest.fixture
def ticket(world):
    """Ren's, which Mia has and Tom watches."""
    catch_up()
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.mia)
    watch(world.mia, ticket, world.tom)
    db.commit()
    return ticket


@pytest.fixture
def lines(app, world, visit, ticket):
    """`lines(comment)`: what stands under that message on the page of the staff."""
    app.config["SMTP_HOST"] = "mail.example.org"

    def lines(comment) -> list[str]:
        timeline = dom.read(visit(world.mia).get(f"/tickets/{ticket.id}").text).find("timeline")
        below = timeline.find(f"delivery-{comment.id}")
        return [] if below is None else [line.text for line in below.all("div") if "data-standing" in line.attributes]

    return lines


def test_it_waits_is_sent_fails_and_comes_back(world, ticket, lines):
    said = world.comment(world.mia, ticket)
    assert lines(said) == [], "nobody has decided anything yet"
    catch_up()
    assert lines(said) == ["Waits to be mailed to Ren Ito"]
    stand(said, world.ren, OutState.SENT)
    [line] = lines(said)
    assert line.startswith("Mailed to Ren Ito, ")
    stand(said, world.ren, OutState.FAILED, error="550 no such user")
    [line] = lines(said)
    assert line.startswith("Could not be mailed to Ren Ito: 550 no such user")
    assert line.endswith("Send again to Ren Ito")
    stand(said, world.ren, OutState.BOUNCED, error="552 mailbox full")
    [line] = lines(said)
    assert line.startswith("Came back from the mail server of Ren Ito: 552 mailbox full")


def test_what_keeps_a_mail_that_waits_is_said(app, world, ticket, lines):
    said = world.comment(world.mia, ticket)
    stand(said, world.ren, OutState.WAITING, tries=1, error="451 try later", due_at=clock.now())
    assert lines(said)[0].startswith("Waits to be mailed to Ren Ito: 451 try later. Next try")
    stand(said, world.ren, OutState.WAITING, tries=0, error="")
    db.session.add(MailWay(name="SMTP", failing_since=clock.now(), error="connection refused"))
    db.commit()
    assert lines(said) == ["Waits to be mailed to Ren Ito: connection refused"]
    app.config["SMTP_HOST"] = ""
    assert lines(said) == ["Waits to be mailed to Ren Ito: no mail server is set up"]


def test_who_bundles_or_switched_off_is_said_to_get_no_mail_now(world, ticket, lines):
    save_choices(world.ren, pace=Pace.BUNDLED)
    db.commit()
    first = world.comment(world.mia, ticket)
    catch_up()
    assert lines(first)[0].startswith("Waits to be mailed to Ren Ito with other news, at")
    save_choices(world.ren, mine=False)
    db.commit()
    second = world.comment(world.mia, ticket)
    catch_up()
    assert lines(second) == ["Not mailed: Ren Ito switched such mails off, and reads it here"]


def test_of_colleagues_only_how_many_it_was_mailed_to_and_whom_it_did_not_reach(world, ticket, lines):
    said = world.comment(world.mia, ticket)
    stand(said, world.ren, OutState.SENT)
    assert len(lines(said)) == 1, "Tom's waits, which is nobody's concern"
    stand(said, world.tom, OutState.SENT)
    assert lines(said)[1] == "Mailed to 1 colleague"
    stand(said, world.tom, OutState.FAILED, error="554 no")
    assert [line.partition(":")[0] for line in lines(said)] == [lines(said)[0].partition(":")[0],
                                                                "Could not be mailed to Tom Berg"]  # fmt: skip


def test_it_stands_right_after_its_message_whatever_came_in_between(world, visit, ticket):
    first, second = world.comment(world.mia, ticket, "One."), world.comment(world.mia, ticket, "Two.")
    catch_up()
    ids = [
        item["id"] for item in dom.read(visit(world.mia).get(f"/tickets/{ticket.id}").text).find("timeline").children
    ]
    for said in (first, second):
        assert ids[ids.index(f"comment-{said.id}") + 1] == f"delivery-{said.id}"


def test_an_open_page_of_the_staff_is_told_and_that_of_the_requester_is_not(world, visit, ticket):
    said = world.comment(world.mia, ticket)
    catch_up()
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    ren = Listener(visit(world.ren), f"/live?on=ticket:{ticket.id}&on=me")
    mia.heard(), ren.heard()
    stand(said, world.ren, OutState.FAILED, error="550 no such user")
    told = "".join(message.data for message in mia.heard())
    assert f'id="delivery-{said.id}"' in told
    assert "550 no such user" in told
    assert ren.heard() == []


def test_that_a_message_is_to_be_mailed_appears_as_soon_as_it_is_decided(world, visit, ticket):
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    said = world.comment(world.mia, ticket)
    assert "delivery-" not in "".join(message.data for message in mia.heard())
    catch_up()
    assert f'id="delivery-{said.id}"' in "".join(message.data for message in mia.heard())


def test_an_open_page_is_told_of_every_message_that_stands_on_it(world, visit, ticket):
    comments = [world.comment(world.mia, ticket, f"Number {number}.") for number in range(25)]
    catch_up()
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    mia.heard()
    stand(comments[0], world.ren, OutState.BOUNCED)
    told = "".join(message.data for message in mia.heard())
    assert told.count('id="delivery-') == len(comments)
    page = visit(world.mia).get(f"/tickets/{ticket.id}").text
    assert page.count('id="delivery-') == len(comments)


def test_who_comes_back_is_told_what_became_of_mails_meanwhile_and_who_types_tells_nothing_of_it(world, visit, ticket):
    said = world.comment(world.mia, ticket)
    catch_up()
    stand(said, world.ren, OutState.SENT)
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    assert f'id="delivery-{said.id}"' in "".join(message.data for message in mia.heard())
    here = Channel(f"ticket:{ticket.id}", "staff", "html")
    assert [part.id for part in presence.noticed(f"ticket:{ticket.id}", here)] == ["presence", "seen"]
    assert [part.id for part in presence.noticed(f"mails:{ticket.id}", here)] == [f"delivery-{said.id}"]


def test_a_note_is_mailed_to_colleagues_and_never_said_to_go_to_the_requester(world, ticket, lines):
    note = world.note(ticket)
    stand(note, world.tom, OutState.SENT)
    assert lines(note) == ["Mailed to 1 colleague"]


def test_requesters_and_paper_show_nothing_of_it(world, visit, ticket):
    said = world.comment(world.mia, ticket)
    stand(said, world.ren, OutState.FAILED, error="550 no such user")
    ren, mia = visit(world.ren), visit(world.mia)
    shown = [ren.get(f"/tickets/{ticket.id}{rest}").text for rest in ("", "?all=yes", "/print")]
    shown += [mia.get(f"/tickets/{ticket.id}/print{rest}").text for rest in ("", "?notes=yes")]
    assert not [page for page in shown if "delivery" in page or "no such user" in page]
    assert "no such user" in mia.get(f"/tickets/{ticket.id}").text


def test_a_caught_mail_is_not_said_to_be_sent(app, world, ticket, lines):
    app.config["MAIL_CATCH"] = True
    said = world.comment(world.mia, ticket)
    stand(said, world.ren, OutState.SENT)
    assert lines(said)[0].startswith("Caught here, and not sent: a mail to Ren Ito")


def test_an_open_page_is_told_nothing_of_messages_that_may_be_folded_away(world, visit, ticket):
    old = world.comment(world.mia, ticket)
    for number in range(RECENT):
        change_actions.set_priority(world.mia, ticket, Priority.HIGH if number % 2 else Priority.LOW)
    db.commit()
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    mia.heard()
    stand(old, world.ren, OutState.SENT)
    assert "delivery-" not in "".join(message.data for message in mia.heard())
    fresh = world.comment(world.mia, ticket, "A new one.")
    stand(fresh, world.ren, OutState.SENT)
    told = "".join(message.data for message in mia.heard())
    assert [f'id="delivery-{said.id}"' in told for said in (old, fresh)] == [False, True]


def test_of_a_message_that_was_taken_out_nothing_is_left_to_stand_under(world, visit, ticket):
    said, kept = world.comment(world.mia, ticket, "Elsewhere."), world.comment(world.mia, ticket, "Here.")
    stand(said, world.ren, OutState.SENT)
    other = world.ticket(title="Where it belongs")
    said.ticket = other
    db.commit()
    mia = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}&on=desk")
    mia.heard()
    stand(kept, world.ren, OutState.SENT)
    told = "".join(message.data for message in mia.heard())
    assert [f'id="delivery-{one.id}"' in told for one in (said, kept)] == [False, True]
