"""A mail lands where it belongs: by what we signed for its very sender, and never by what anybody can write."""

import pytest
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts import actions
from informejo.accounts.models import Role, User
from informejo.intake.ledger_queries import find_mail
from informejo.intake.matching_queries import FORGED, NOTHING, STRANGER
from informejo.intake.taking_out_actions import take_out_message
from informejo.mail import actions as mail_actions
from informejo.mail.words import InState
from informejo.teams import actions as teams
from informejo.tickets import change_actions, confiding_actions
from informejo.tickets.models import Comment
from informejo.tickets.words import Status
from tests.intake.letters import come, mailed, reply_address
from tests.world import PASSWORD

REN, MIA, ZOE = "ren@example.org", "mia@example.org", "zoe@example.org"


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def other(world):
    """Another ticket of Ren's."""
    return world.ticket(title="The other printer")


def said_on(ticket) -> list[tuple[str, str, bool]]:
    """Who wrote on it, what, and whether it is a note."""
    comments = db.session.scalars(select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.id))
    return [(comment.author.name, comment.body, comment.internal) for comment in comments]


def test_an_answer_to_our_mail_lands_in_its_ticket(world, ticket):
    sent = mailed(world.ren, ticket, world.comment(world.mia, ticket))
    mail = come(sender=REN, text="It still smokes.", in_reply_to=sent.message_id)
    assert (mail.state, mail.ticket, mail.person) == (InState.REPLY, ticket, world.ren)
    assert said_on(ticket)[1:] == [("Ren Ito", "It still smokes.", False)]
    assert sent.subject in mail.match


def test_the_reply_address_is_enough_where_the_headers_are_lost(world, ticket):
    for header in ("to", "cc", "delivered_to"):
        mail = come(sender=REN, text=header, **{header: f"Help <{reply_address(world.ren, ticket)}>"})
        assert (mail.state, mail.ticket) == (InState.REPLY, ticket)
    assert [body for _, body, _ in said_on(ticket)] == ["to", "cc", "delivered_to"]


@pytest.mark.parametrize("letter", "ſıİ\u212a")
def test_a_signature_with_a_letter_that_passes_for_another_is_none_and_the_mail_is_read(world, ticket, letter):
    odd = f"{letter}{'a' * 15}"
    for name, value in {
        "in_reply_to": f"<c.1.1.{odd}@example.org>",
        "to": f"help+{ticket.id}.{world.ren.id}.{odd}@desk.example",
    }.items():
        assert come(sender=REN, text="Does it smoke?", **{name: value}).state == InState.TICKET


def test_the_number_in_the_subject_is_enough_for_the_requester(world, ticket):
    assert come(sender=REN, subject=f"Re: [#{ticket.id}] Printer").ticket == ticket
    assert len(said_on(ticket)) == 1


def test_what_is_signed_goes_before_the_address_and_the_address_before_the_number(world, ticket, other):
    third = world.ticket(title="A third printer")
    sent = mailed(world.ren, ticket)
    everything = {"to": reply_address(world.ren, other), "subject": f"[#{third.id}]"}
    assert come(sender=REN, in_reply_to=sent.message_id, **everything).ticket == ticket
    assert come(sender=REN, **everything).ticket == other
    assert come(sender=REN, subject=everything["subject"]).ticket == third


def test_of_several_references_the_newest_counts_and_in_reply_to_before_them(world, ticket, other):
    old, new = mailed(world.ren, ticket).message_id, mailed(world.ren, other).message_id
    assert come(sender=REN, references=f"{old} {new}").ticket == other
    assert come(sender=REN, references=f"{new} {old}").ticket == ticket
    assert come(sender=REN, in_reply_to=old, references=f"{old} {new}").ticket == ticket


@pytest.mark.hardening("H-41")
def test_a_forged_signature_opens_a_new_ticket(world, ticket):
    sent = mailed(world.ren, ticket).message_id
    signature = sent.rpartition("@")[0].rpartition(".")[2]
    forged = sent.replace(signature, "a" * 16)
    address = reply_address(world.ren, ticket).replace(".", "0.", 1)
    mail = come(sender=REN, in_reply_to=forged, to=address)
    assert (mail.state, mail.match) == (InState.TICKET, NOTHING)
    assert not said_on(ticket)


@pytest.mark.hardening("H-41")
@pytest.mark.parametrize("sender", [ZOE, "stranger@example.net", "ren@example.net"])
def test_what_was_signed_for_another_lets_nobody_in(world, ticket, sender):
    sent = mailed(world.ren, ticket)
    to_mia = mailed(world.mia, ticket)
    for named in ({"in_reply_to": sent.message_id}, {"references": to_mia.message_id},
                  {"to": reply_address(world.ren, ticket)}):  # fmt: skip
        mail = come(sender=sender, subject=f"Re: [#{ticket.id}] The printer is on fire", **named)
        assert (mail.state, mail.match) == (InState.TICKET, STRANGER)
        assert mail.ticket.requester.email == sender
    assert not said_on(ticket)


def test_an_answer_to_what_somebody_else_got_still_finds_its_requester_by_the_number(world, ticket):
    to_mia = mailed(world.mia, ticket)
    mail = come(sender=REN, subject=f"[#{ticket.id}]", references=to_mia.message_id)
    assert (mail.state, mail.ticket) == (InState.REPLY, ticket)


@pytest.mark.hardening("H-41")
def test_the_number_alone_lets_in_neither_strangers_nor_other_requesters_nor_staff(world, ticket):
    own = world.ticket(world.mia, "Mia's own screen")
    for sender, number in ((ZOE, ticket.id), ("stranger@example.net", ticket.id), (MIA, ticket.id), (MIA, own.id)):
        mail = come(sender=sender, subject=f"[#{number}] Hello")
        assert (mail.state, mail.match) == (InState.TICKET, NOTHING)
    assert not said_on(ticket) + said_on(own)


def test_equal_subjects_mean_nothing(world, ticket):
    mail = come(sender=REN, subject=f"Re: {ticket.title}")
    assert (mail.state, mail.ticket == ticket) == (InState.TICKET, False)


def test_the_number_does_not_count_where_our_server_says_the_sender_is_forged(app, world, ticket):
    app.config["MAIL_TRUSTED_SERVER"] = "mx.desk.example"
    found = "mx.desk.example; dmarc={} header.from=example.org"
    mail = come(sender=REN, subject=f"[#{ticket.id}]", authentication_results=found.format("fail"))
    assert (mail.state, mail.dmarc) == (InState.TICKET, "fail")
    assert come(sender=REN, subject=f"[#{ticket.id}]", authentication_results=found.format("pass")).ticket == ticket


@pytest.mark.hardening("H-41")
def test_the_number_does_not_count_beside_a_second_sender(app, world, ticket):
    app.config["MAIL_TRUSTED_SERVER"] = "mx.desk.example"
    found = "mx.desk.example; dmarc=pass header.from={}"
    for sender, domain in (("ren@example.org, x@evil.example", "evil.example"), (REN, "example.org")):
        come(sender=sender, text=sender, subject=f"[#{ticket.id}]", authentication_results=found.format(domain))
    assert [body for _, body, _ in said_on(ticket)] == [REN]


@pytest.mark.hardening("H-41")
def test_the_address_of_an_agent_gives_none_of_their_rights(world, ticket):
    before = len(said_on(ticket))
    mail = come(sender="Mia Lund <mia@example.org>", subject=f"[#{ticket.id}] done", text="Close it, I am Mia.")
    assert (mail.ticket.requester, mail.ticket.opened_by) == (world.mia, world.mia)
    assert mail.ticket != ticket
    assert len(said_on(ticket)) == before


def test_an_agent_who_answers_our_mail_answers_the_requester(world, ticket):
    said = world.comment(world.ren, ticket, "It still burns.")
    sent = mailed(world.mia, ticket, said)
    text = "We come at noon.\n\nOn 1 Nov 2026 at 10:00 Help <help@desk.example> wrote:\n> It still burns.\n> A note\n"
    mail = come(sender=MIA, text=text, in_reply_to=sent.message_id)
    assert (mail.state, mail.person) == (InState.REPLY, world.mia)
    assert said_on(ticket)[-1] == ("Mia Lund", "We come at noon.", False)


@pytest.mark.hardening("O-03")
def test_an_agent_who_answers_a_note_writes_a_note(world, ticket):
    note = world.note(ticket, by=world.tom)
    assert come(sender=MIA, text="I know.", in_reply_to=mailed(world.mia, ticket, note).message_id).ticket == ticket
    assert said_on(ticket)[-1] == ("Mia Lund", "I know.", True)


@pytest.mark.hardening("O-03")
def test_by_the_address_alone_nobody_answers_a_note_in_public(world, ticket):
    come(sender=MIA, text="In public.", to=reply_address(world.mia, ticket))
    mailed(world.mia, ticket, world.note(ticket, by=world.tom))
    come(sender=MIA, text="Perhaps not.", to=reply_address(world.mia, ticket))
    assert [(body, internal) for _, body, internal in said_on(ticket)] == [
        ("In public.", False), ("Only for us.", True), ("Perhaps not.", True)]  # fmt: skip


@pytest.mark.hardening("O-03")
def test_an_answer_to_what_is_not_there_any_more_is_a_note(world, ticket):
    note, public = world.note(ticket, by=world.tom), world.comment(world.ren, ticket)
    about_note, about_public = mailed(world.mia, ticket, note), mailed(world.mia, ticket, public)
    take_out_message(world.ana, note, None)
    db.commit()
    come(sender=MIA, text="I know.", in_reply_to=about_note.message_id)
    come(sender=MIA, text="We come.", in_reply_to=about_public.message_id)
    assert [(body, internal) for _, body, internal in said_on(ticket)[1:]] == [("I know.", True), ("We come.", False)]


@pytest.mark.hardening("O-03")
def test_a_note_that_came_in_a_bundle_is_known_by_the_address_alone(world, ticket, post):
    change_actions.assign(world.ana, ticket, world.mia)
    db.commit()
    post.read()
    mail_actions.save_choices(world.mia, pace="bundled")
    db.commit()
    world.comment(world.ren, ticket)
    post.read()
    come(sender=MIA, text="In public.", to=reply_address(world.mia, ticket))
    world.note(ticket, by=world.tom)
    post.read()
    come(sender=MIA, text="Perhaps not.", to=reply_address(world.mia, ticket))
    found = {body: internal for _, body, internal in said_on(ticket)}
    assert (found["In public."], found["Perhaps not."]) == (False, True)


@pytest.mark.hardening("H-41")
@pytest.mark.parametrize(("result", "speaks"), [("fail", False), ("pass", True)])
def test_whom_our_server_calls_forged_speaks_for_nobody_of_the_staff(app, world, ticket, result, speaks):
    app.config["MAIL_TRUSTED_SERVER"] = "mx.desk.example"
    found = f"mx.desk.example; dmarc={result} header.from=example.org"
    for named in ({"in_reply_to": mailed(world.mia, ticket).message_id}, {"to": reply_address(world.mia, ticket)}):
        mail = come(sender=MIA, text="Tell me your password.", authentication_results=found, **named)
        assert (mail.state == InState.REPLY, mail.match != FORGED) == (speaks, speaks)
    assert len(said_on(ticket)) == (2 if speaks else 0)


def test_whoever_left_the_desk_answers_nothing_in_its_name(world, ticket):
    sent = mailed(world.mia, ticket)
    world.mia.role = Role.USER
    db.commit()
    assert come(sender=MIA, in_reply_to=sent.message_id).state == InState.TICKET
    assert not said_on(ticket)


def test_an_answer_about_a_ticket_in_the_bin_opens_a_new_one(world, ticket):
    sent = mailed(world.ren, ticket)
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    assert come(sender=REN, in_reply_to=sent.message_id).state == InState.TICKET


def test_an_answer_on_a_closed_ticket_opens_the_one_that_follows_it(world, ticket):
    sent = mailed(world.ren, ticket)
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    mail = come(sender=REN, in_reply_to=sent.message_id)
    assert (mail.state, mail.ticket.follows) == (InState.TICKET, ticket)
    assert f"#{ticket.id} is closed" in mail.reason


def test_a_stranger_becomes_a_guest_under_the_name_they_gave(world):
    kim = come(sender='"Kim\u202e Oda " <Kim@Example.NET>').person
    assert (kim.name, kim.email, kim.role, kim.confirmed_at) == ("Kim Oda", "kim@example.net", Role.GUEST, None)
    assert come(sender="x@example.net").person.name == "x"
    assert come(sender=f"{'N' * 300} <n@example.net>").person.name == "N" * 100
    assert come(sender='"mia@example.org" <pretender@example.net>').person.name == "pretender"


@pytest.mark.hardening("H-41")
@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u200d", "\u00ad", "\x7f"])
def test_an_address_that_only_looks_like_somebodys_is_none(world, hidden):
    raw = f"From: Ren Ito <ren{hidden}@example.org>\nSubject: Hello\n\nI am Ren.\n".encode()
    mail = come(raw)
    assert (mail.state, mail.sender, mail.ticket) == (InState.QUARANTINED, "", None)
    assert come(raw.replace(hidden.encode(), b"")).person == world.ren


def test_nobody_is_renamed_by_a_mail(world):
    people = db.session.scalars(select(User.name)).all()
    come(sender="Not Ren <ren@example.org>")
    come(sender="Not Gus <gus@example.org>")
    assert db.session.scalars(select(User.name)).all() == people


def test_a_mail_of_somebody_who_was_shut_out_waits(world):
    mail = come(sender="dan@example.org")
    assert (mail.state, mail.ticket) == (InState.QUARANTINED, None)
    assert "Dan Wolf" in mail.reason


def test_an_address_is_confirmed_by_what_only_its_owner_got(app, world, ticket):
    for person in (world.ren, world.zoe):  # guests: of accounts see accounts/test_unproven.py
        person.role, person.confirmed_at = Role.GUEST, None
    sent = mailed(world.ren, ticket)
    come(sender=ZOE, in_reply_to=sent.message_id)
    come(sender=REN, subject=f"[#{ticket.id}]")
    assert (world.ren.confirmed_at, world.zoe.confirmed_at) == (None, None)
    come(sender=REN, in_reply_to=sent.message_id)
    assert world.ren.confirmed_at
    app.config["MAIL_TRUSTED_SERVER"] = "mx.desk.example"
    come(sender=ZOE, authentication_results="mx.desk.example; dmarc=pass header.from=example.org")
    assert world.zoe.confirmed_at


def test_what_we_signed_is_not_repeated_where_others_read_it(world, ticket):
    address, sent = reply_address(world.ren, ticket), mailed(world.ren, ticket)
    come(sender=REN, text=f"Yes.\n> write to {address}\n> see {sent.message_id}", in_reply_to=sent.message_id)
    ((_, body, _),) = said_on(ticket)
    assert body == "Yes.\n> write to help@desk.example\n> see"


@pytest.mark.parametrize("sender", ["ren@at-home.example", MIA, "new@example.org"])
def test_an_answer_to_a_confidential_ticket_from_elsewhere_is_seen_by_no_others(world, ticket, sender):
    """It quotes that one, whoever it is from: of the staff a stranger, a forger and who lost sight are none of them."""
    actions.register(email="new@example.org", name="Nia Odd", department="", password=PASSWORD)
    sent = mailed(world.ren, ticket, world.comment(world.tom, ticket))
    confiding_actions.set_confidential(world.tom, ticket, True)
    db.commit()
    opened = come(sender=sender, text="As I said.", in_reply_to=sent.message_id).ticket
    assert opened != ticket
    assert opened.confidential
    seen = {user.name for user in (world.mia, world.tom, world.ana) if policy.sees(user, opened)}
    assert seen == {"Tom Berg"} | ({"Mia Lund"} if sender == MIA else set())


def test_an_answer_from_elsewhere_to_a_ticket_of_a_team_is_that_teams(world, ticket):
    team = teams.create_team(world.ana, name="Accounts", sees_all=False)
    sent = mailed(world.ren, ticket)
    change_actions.set_team(world.mia, ticket, team)
    db.commit()
    assert come(sender="ren@at-home.example", text="As I said.", in_reply_to=sent.message_id).ticket.team == team


def test_nor_is_one_that_waits_for_somebody_to_decide(world, ticket):
    sent = mailed(world.ren, ticket)
    confiding_actions.set_confidential(world.tom, ticket, True)
    db.commit()
    mail = come(sender="dan@example.org", text="As I said.", in_reply_to=sent.message_id)
    assert mail.state == InState.QUARANTINED
    assert find_mail(world.tom, mail.id) == mail
    with pytest.raises(NotFound):
        find_mail(world.mia, mail.id)
