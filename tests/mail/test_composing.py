"""What a mail says, to whom, and how it says what kind of mail it is."""

import io
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import FileStorage

from informejo import clock, db
from informejo.accounts.queries import password_link
from informejo.intake import inbound
from informejo.intake.matching_queries import match
from informejo.mail import actions, outgoing_actions
from informejo.mail.conversation import MOST_ATTACHED
from informejo.mail.models import IncomingMail
from informejo.mail.queries import key
from informejo.mail.signatures import is_confirmation, read_message_id, read_reply_address
from informejo.mail.words import Kind
from informejo.mime import plain, quotes
from informejo.mime.parsing import parse
from informejo.mime.quotes import MARKER
from informejo.tickets import change_actions
from informejo.tickets.files import kept
from informejo.tickets.words import Status
from tests.intake.letters import come, letter
from tests.mail.everything import NOTE, OURS, STRANGE, sent

PUBLIC, REN, GUS = "https://desk.example.org", "ren@example.org", "gus@example.org"
STRANGER = "big@example.net"

_READ = {}
NAMELESS = (
    Kind.PASSWORD,
    Kind.FORGOTTEN,
    Kind.ADDRESS,
    Kind.MOVED,
    Kind.FACTORS,
    Kind.REFUSED,
    Kind.CHECK,
    Kind.UNDELIVERED,
    Kind.WATCHING,
)  # their answers name no ticket


@pytest.fixture(params=[True, False], ids=["confirmed", "unconfirmed"])
def is_confirmed(request):
    return request.param


@pytest.fixture
def mails(request, is_confirmed):
    """Every kind; sent anew for tests that look at the desk's own rows too, and once for all that only read them."""
    if "post" not in request.fixturenames and is_confirmed in _READ:
        return _READ[is_confirmed]
    app, *desk = map(request.getfixturevalue, ("app", "post", "sink", "world"))
    app.config.update(PUBLIC_URL=PUBLIC, MAIL_REPLY_TO="help+@example.org")
    _READ[is_confirmed] = sent(*desk, is_confirmed)
    return _READ[is_confirmed]


def text(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def whole(message: EmailMessage) -> str:
    """All that a reader gets to see, and all that their program does."""
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), text(message), html(message)])


def to(message: EmailMessage) -> str:
    return message["To"].addresses[0].addr_spec


def last_to(sink, address: str) -> EmailMessage:
    return next(message for addresses, message in reversed(sink.mails) if addresses == [address])


def of_kind(mails, kind: Kind, address: str) -> EmailMessage:
    return next(message for found, message in mails if found == kind and to(message) == address)


def test_every_kind_is_sent_and_read_in_both_forms(mails):
    assert {kind for kind, _ in mails} == set(Kind)
    for kind, message in mails:
        assert len(message["To"].addresses) == 1
        assert message["From"].addresses[0].addr_spec == "help@example.org"
        assert "\n" not in message["Subject"]
        for said in (text(message), html(message)):
            assert said.strip()
            assert not re.search(r"\bNone\b|\{[{%]|<Ticket|UTC UTC", said), (kind, said)
        assert "<style>" in html(message)
        assert 'name="color-scheme" content="light dark"' in html(message)


def test_a_mail_that_can_be_answered_begins_with_the_line_to_write_above(mails):
    begin = set()
    for kind, message in mails:
        can_be_answered = re.search(r"answer this mail|answer to this mail", text(message)) is not None
        assert text(message).lstrip().startswith(MARKER) == can_be_answered, kind
        assert plain.to_text(html(message)).startswith(MARKER) == can_be_answered, kind
        begin.add(can_be_answered)
    assert begin == {True, False}


def test_of_a_mail_of_ours_that_is_quoted_without_any_mark_nothing_counts_as_new(mails):
    quoted = [form for _, message in mails for form in (text(message), plain.to_text(html(message)))]
    for ours in filter(lambda ours: MARKER in ours, quoted):
        assert len(quotes.split(f"I am on my way.\n\nSaatja, Desk\n{ours}").said) < 40
    assert any(OURS in ours for ours in quoted)


@pytest.mark.hardening("W-05")
def test_every_link_begins_with_the_public_address(mails):
    for _, message in mails:
        links = re.findall(r'(?:href|src|action)="([^"]*)"', html(message)) + re.findall(r"\w+://\S+", text(message))
        for link in links:
            assert link.startswith(f"{PUBLIC}/"), link
    assert links


@pytest.mark.hardening("H-45")
def test_to_an_address_nobody_confirmed_goes_nothing_a_stranger_chose(mails, is_confirmed):
    strange = [to(message) for _, message in mails if STRANGE in whole(message)]
    if is_confirmed:
        assert {"ren@example.org", "tom@example.org", "ana@example.org", "gus@example.org"} <= set(strange)
    else:
        assert strange == []


def test_what_the_staff_wrote_to_somebody_reaches_them_confirmed_or_not(mails):
    for address in ("ren@example.org", "gus@example.org"):
        message = of_kind(mails, Kind.MESSAGE, address)
        assert OURS in text(message)
        assert OURS in html(message)


@pytest.mark.hardening("O-03")
def test_a_note_is_silence_to_all_but_the_staff(mails):
    heard = {to(message) for _, message in mails if "Hush" in whole(message) or "internal" in text(message)}
    assert heard == {"tom@example.org", "ana@example.org"}
    assert NOTE in text(of_kind(mails, Kind.BUNDLE, "ana@example.org"))


def test_an_address_can_be_confirmed_from_the_mail_until_it_is(mails, world, is_confirmed):
    found = re.search(rf"{PUBLIC}/mail/confirm/(\S+)", text(of_kind(mails, Kind.MESSAGE, "ren@example.org")))
    assert bool(found) != is_confirmed
    assert is_confirmed or is_confirmation(key(), found[1], world.ren.id, world.ren.email)


def test_a_guest_is_led_to_no_page_that_asks_for_a_password(mails):
    for kind, message in mails:
        if to(message) == "gus@example.org" and not kind.of_account:
            pages = set(re.findall(rf"{PUBLIC}(/[a-z]*)", whole(message)))
            assert pages <= {"/t", "/check"}, kind
            assert "/t" in pages, "a link of their own"
    assert f"{PUBLIC}/tickets/1" in text(of_kind(mails, Kind.MESSAGE, "ren@example.org"))


def test_the_link_to_choose_a_password_stands_in_the_mail_alone_and_works(mails, post, world):
    (link,) = set(
        re.findall(rf"{PUBLIC}/choose-password/(\S+)", text(of_kind(mails, Kind.PASSWORD, "ren@example.org")))
    )
    assert password_link(link).user == world.ren
    assert password_link(link).made_by == world.ana
    assert "invited" in text(of_kind(mails, Kind.PASSWORD, "gus@example.org"))
    assert sum(link in whole(message) for _, message in mails) == 1


def test_programs_are_told_not_to_answer_what_nobody_wrote_and_may_answer_a_person(mails):
    for kind, message in mails:
        by_hand = kind == Kind.MESSAGE and to(message) in ("ren@example.org", "gus@example.org")
        assert message["Auto-Submitted"] == (None if by_hand else "auto-generated"), kind
        assert (message["X-Auto-Response-Suppress"] is None) == by_hand
        assert "NDR" not in re.split(r", ?", message["X-Auto-Response-Suppress"] or "")  # bounces have to come back
        assert message["X-Informejo-Loop"] == "help@example.org"


def test_a_mail_that_can_be_switched_off_says_where(mails):
    for kind, message in mails:
        says = to(message) not in ("gus@example.org", "big@example.org", "help@example.org") and not kind.of_account
        by_hand = kind == Kind.MESSAGE and to(message) == "ren@example.org"
        assert message["List-Unsubscribe"] == (f"<{PUBLIC}/profile/mail>" if says and not by_hand else None)
        assert (f"{PUBLIC}/profile/mail" in text(message)) == says
        assert "List-Unsubscribe-Post" not in message


def test_each_mail_has_a_signed_id_of_its_own_that_names_it(mails, post):
    ids = [message["Message-Id"] for _, message in mails]
    assert len(set(ids)) == len(ids)
    by_id = {mail.message_id: mail for mail in post.mails}
    for id in ids:
        named, mail = read_message_id(key(), id), by_id[id]
        assert named.mail == mail.id
        if mail.kind != Kind.BUNDLE:  # one that tells of a single ticket names that one
            assert named.thing == (mail.comment_id or mail.ticket_id or 0)


def test_an_answer_goes_to_an_address_that_names_ticket_and_reader(mails, world):
    for kind, message in mails:
        address = message["Reply-To"].addresses[0].addr_spec
        if kind in NAMELESS or "News on" in message["Subject"]:
            assert address == "help@example.org"
        else:
            named = read_reply_address(key(), address)
            assert named.user == db.session.query(type(world.ren)).filter_by(email=to(message)).one().id


def test_mails_of_one_ticket_refer_to_what_the_very_same_person_got(mails):
    mine: dict[str, set[str]] = {}
    for _, message in mails:
        refers = (message["References"] or "").split()
        assert set(refers) <= mine.setdefault(to(message), set())
        assert message["In-Reply-To"] == (refers[-1] if refers else None)
        mine[to(message)].add(message["Message-Id"])
    assert of_kind(mails, Kind.MESSAGE, "ren@example.org")["References"]


def test_the_subject_carries_the_number_and_the_title_where_it_may(mails, is_confirmed):
    subject = of_kind(mails, Kind.MESSAGE, "ren@example.org")["Subject"]
    assert subject == ("[#1] Zebra on the roof" if is_confirmed else "[#1] Your request")


def test_the_last_messages_are_quoted_newest_first_for_whom_it_may_concern(mails, is_confirmed):
    said = text(of_kind(mails, Kind.MESSAGE, "ren@example.org"))
    quoted = [line for line in said.splitlines() if line.startswith("> ")]
    assert quoted == (
        ["> The Zebra is still there.", "> A Zebra stands there, and looks down."] if is_confirmed else []
    )


def test_a_bundle_tells_ticket_by_ticket_what_happened_oldest_first(mails, is_confirmed):
    said = text(of_kind(mails, Kind.BUNDLE, "ren@example.org"))
    assert re.findall(r"^#(\d)", said, re.MULTILINE) == ["3", "4"]
    assert said.count(OURS) == 2
    assert urlsplit(PUBLIC).netloc in said


def test_files_of_an_answer_go_with_the_mail_to_whom_cannot_open_the_page(post, sink, world, visit):
    for requester in (world.gus, world.ren):
        ticket = world.ticket(world.mia, requester=requester)
        files = [(io.BytesIO(b"Switch it off."), "Anleitung für 👩‍💻.txt"), (io.BytesIO(b"On."), "b.txt")]
        fields = {"body": OURS, "files": files}
        visit(world.mia).post(f"/tickets/{ticket.number}/comments", data=fields, content_type="multipart/form-data")
    post.deliver()
    guests, rens = (next(m for a, m in sink.mails if a == [who] and m["References"]) for who in (GUS, REN))
    got = [(part.get_filename(), part.get_content()) for part in guests.iter_attachments()]
    assert [name for name, _ in got] == ["Anleitung für 👩💻.txt", "b.txt"]
    assert "Switch it off." in str(got[0][1])
    assert re.search(r"staff\.\n\nAttached: .*\nAttached: b\.txt \(3 bytes\)\n", text(guests))
    assert not list(rens.iter_attachments())
    assert "On the ticket’s page: b.txt (3 bytes)" in text(rens)


@pytest.mark.parametrize(("more", "attached"), [(0, 1), (1, 0)])
def test_a_mail_with_its_files_is_no_larger_than_mail_servers_take(post, sink, world, more, attached):
    ticket = world.ticket(world.mia, requester=world.gus)
    file = FileStorage(io.BytesIO(bytes(MOST_ATTACHED + more)), filename="image.bin")
    with kept([file], world.mia, ticket) as found:
        world.comment(world.mia, ticket, OURS, files=found)
    post.deliver()
    raw, mail = next((r, m) for r, (a, m) in zip(sink.raw, sink.mails, strict=True) if a == [GUS] and m["References"])
    assert len(list(mail.iter_attachments())) == attached
    assert len(raw) < 10_240_000  # message_size_limit of Postfix, as it comes
    assert ("Attached: image.bin" if attached else "On the ticket’s page: image.bin") in text(mail)


def test_a_receipt_of_a_mail_answers_that_mail(post, sink, world):
    ticket = world.ticket()
    about = {"mailbox": "help", "stored_name": "x", "size": 9, "person": world.ren, "ticket": ticket}
    came = IncomingMail(**about, message_id="<hello@ren.example>", sender=REN)
    strange = IncomingMail(mailbox="help", stored_name="y", size=9, person=world.zoe, ticket=ticket, message_id="<z@z>")
    db.session.add_all([came, strange])
    db.session.flush()
    post.queue(Kind.OPENED, REN, user=world.ren, ticket=ticket, incoming_id=came.id)
    post.send()
    assert sink.last["In-Reply-To"] == sink.last["References"] == "<hello@ren.example>"
    assert sink.last["Auto-Submitted"] == "auto-replied"


def test_times_are_those_of_the_reader(post, sink, world):
    world.ren.time_zone = "Asia/Tokyo"
    with clock.at(datetime(2026, 11, 30, 20, 15, tzinfo=UTC)):
        ticket = world.ticket()
        world.comment(world.mia, ticket)
        post.deliver()
    assert "1 Dec 2026, 05:15 JST" in text(next(m for a, m in sink.mails if a == [REN] and m["References"]))


def test_a_time_zone_that_this_machine_does_not_know_any_more_stops_no_mail(post, sink, world):
    world.ren.time_zone = "Mars/Olympus_Mons"
    with clock.at(datetime(2026, 11, 30, 20, 15, tzinfo=UTC)):
        ticket = world.ticket()
        world.comment(world.mia, ticket)
        post.deliver()
    assert "30 Nov 2026, 20:15 UTC" in text(next(m for a, m in sink.mails if a == [REN] and m["References"]))


def test_at_most_ten_earlier_mails_are_referred_to(post, sink, world):
    ticket = world.ticket()
    for number in range(13):
        world.comment(world.mia, ticket, f"Answer {number}.")
        post.deliver()
    ids = [message["Message-Id"] for addresses, message in sink.mails if addresses == [REN]]
    last = next(message for addresses, message in reversed(sink.mails) if addresses == [REN])
    assert last["References"].split() == ids[-11:-1]


def test_whoever_is_given_a_ticket_is_told_what_it_is_about_however_much_was_said(post, sink, world):
    ticket = world.ticket(description="It all began with a spark.")
    for number in range(5):
        world.comment(world.ren, ticket, f"Message {number}.")
    post.deliver()
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    post.deliver()
    said = text(next(message for addresses, message in sink.mails if addresses == ["tom@example.org"]))
    assert "Mia Lund gave this ticket to you." in said
    assert re.search(r"to you\.\n\nRen Ito, .* UTC:\n\nIt all began with a spark\.", said)
    assert re.findall(r"Message \d", said) == ["Message 4", "Message 3", "Message 2"]


@pytest.mark.hardening("O-03")
@pytest.mark.parametrize("answers_go_out", [True, False])
def test_notes_are_quoted_only_where_an_answer_is_a_note_too(post, sink, world, answers_go_out):
    post.app.config["MAIL_REPLY_TO"] = "help+@example.org"
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    world.note(ticket, NOTE)
    post.deliver()
    about = world.comment(world.ren, ticket) if answers_go_out else world.note(ticket, "One more.")
    post.deliver()
    sent = next(mail for mail in post.mails if mail.user == world.tom and mail.comment == about)
    said = text(next(message for _, message in sink.mails if message["Message-Id"] == sent.message_id))
    assert ("goes to the requester" in said) == answers_go_out
    assert (NOTE in said) == (not answers_go_out)


@pytest.mark.hardening("O-03")
def test_whoever_is_given_a_ticket_is_quoted_no_note_since_their_answer_goes_out(post, sink, world):
    post.app.config["MAIL_REPLY_TO"] = "help+@example.org"
    ticket = world.ticket()
    world.note(ticket, NOTE)
    world.comment(world.mia, ticket, OURS)
    post.deliver()
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    post.deliver()
    said = text(next(message for addresses, message in sink.mails if addresses == ["tom@example.org"]))
    assert "goes to the requester" in said
    assert OURS in said
    assert NOTE not in said


@pytest.mark.hardening("H-45")
@pytest.mark.parametrize("confirmed", [True, False])
def test_what_came_under_an_address_of_the_staff_is_not_taken_for_their_words(post, sink, world, confirmed):
    world.mia.confirmed_at = world.ana.confirmed_at = clock.now() if confirmed else None
    db.commit()
    come(sender="mia@example.org", subject=f"{STRANGE} on the roof", text=f"The {STRANGE} is there.")
    post.deliver()
    heard = {address for addresses, message in sink.mails for address in addresses if STRANGE in whole(message)}
    assert {address for addresses, _ in sink.mails for address in addresses} == {"mia@example.org", "ana@example.org"}
    assert heard == ({"mia@example.org", "ana@example.org"} if confirmed else set())


def test_a_reminder_says_what_the_desk_asked_last_and_no_note(mails):
    said = text(of_kind(mails, Kind.REMINDER, GUS))
    assert "We wait for your answer to what Mia Lund wrote" in said
    assert OURS in said


def test_another_status_says_to_its_requester_what_it_means_and_to_nobody_else(post, sink, world):
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    told = {
        "waiting": "We wait for your answer.",
        "resolved": "then it is open again",
        "closed": "a new ticket follows",
    }
    for status, words in told.items():
        change_actions.set_status(world.mia, ticket, Status(status))
        db.commit()
        post.deliver()
        assert words in text(last_to(sink, REN)), status
        assert words not in text(last_to(sink, "tom@example.org")), status


def test_a_status_that_is_past_asks_nothing_of_anybody(post, sink, world):
    ticket = world.ticket()
    for status in (Status.WAITING, Status.IN_PROGRESS):
        change_actions.set_status(world.mia, ticket, status)
    db.commit()
    post.deliver()
    assert any("to Waiting." in text(message) for _, message in sink.mails)
    assert not any("We wait" in text(message) for _, message in sink.mails)


def test_a_mail_that_was_too_large_is_told_the_limit_and_no_size_of_what_was_kept(post, sink, world):
    post.app.config["MAIL_LARGEST"] = 10_000
    came = inbound.store(letter(sender=STRANGER, text="x" * 20_000), "help")
    post.send()
    said = text(last_to(sink, STRANGER))
    assert "it is larger than 9.8 kB" in said
    assert f"{came.size} bytes" not in said


def test_a_long_message_is_quoted_in_part_and_sent_whole(post, sink, world):
    ticket = world.ticket(description=f"Begin {'x ' * 3_000} end of it.")
    world.comment(world.mia, ticket, f"Begin {'y ' * 3_000} end of the answer.")
    post.deliver()
    said = text(next(message for addresses, message in sink.mails if addresses == [REN] and message["References"]))
    assert "end of the answer." in said
    assert "end of it." not in said
    assert "> Begin x x" in said


def test_an_answer_to_what_was_for_the_staff_alone_is_no_message_to_the_requester(post, sink, world):
    post.app.config["MAIL_REPLY_TO"] = "help+@example.org"
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.tom)
    actions.watch(world.mia, ticket, world.ana)
    world.comment(world.mia, ticket, OURS)
    world.note(ticket, NOTE)
    post.deliver()
    outgoing_actions.mark_bounced(next(mail for mail in post.mails if mail.kind == Kind.MESSAGE), "550 no")
    db.commit()
    post.deliver()
    kinds = {mail.message_id: mail.kind for mail in post.mails}
    for addresses, message in sink.mails:
        about = kinds[message["Message-Id"]], "added an internal note" in text(message)
        headers = f"From: {addresses[0]}\r\nTo: {message['Reply-To']}\r\nIn-Reply-To: {message['Message-Id']}\r\n"
        found = match(parse(f"{headers}\r\nI see.\r\n".encode()), "pass")
        assert found.ticket == ticket
        assert ("becomes a note" in text(message)) == found.internal
        assert ("goes to the requester" in text(message)) == (not found.internal and addresses != [REN])
        assert found.internal == (about[0] in (Kind.UNDELIVERED, Kind.WATCHING) or about[1]), about
    assert {Kind.UNDELIVERED, Kind.WATCHING, Kind.MESSAGE} <= set(kinds.values())


def test_nobody_is_asked_to_answer_where_no_answer_is_read(post, sink, world):
    world.comment(world.mia, world.ticket(), OURS)
    post.deliver()
    assert not any("answer" in text(message) for _, message in sink.mails)
