"""The pages of mail that goes out, for staff, and of mail that was caught, for administrators."""

import pytest

from informejo import clock, db
from informejo.mail.models import CaughtMail, MailWay
from informejo.mail.words import Kind, OutState
from informejo.tickets import change_actions
from tests.live.dom import read


@pytest.fixture
def failed(post, sink, world):
    """A receipt that was given up, beside one that was sent."""
    world.ticket(title="The <b>printer</b> is on fire")
    sink.answers["RCPT"] = lambda address: "550 5.1.1 No <i>such</i> person" if address == "ren@example.org" else None
    post.deliver()
    return next(mail for mail in post.mails if mail.state == OutState.FAILED)


def page(browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.text


def test_each_mail_says_to_whom_about_what_how_it_stands_and_why(failed, visit, world):
    shown = page(visit(world.mia), "/mail/out")
    assert "Failed: 1" in shown
    assert "Sent: 1" in shown
    for words in ("Ren Ito, ren@example.org", "550 5.1.1 No &lt;i&gt;such&lt;/i&gt; person", "Receipt of the ticket"):
        assert words in shown
    assert "The &lt;b&gt;printer&lt;/b&gt; is on fire" in shown
    assert shown.count('action="/mail/out/') == 1  # only what failed can be sent again
    assert read(shown)


def test_the_title_of_a_ticket_in_the_bin_is_not_shown(failed, visit, world):
    assert "is on fire" in page(visit(world.mia), "/mail/out")
    change_actions.delete_ticket(world.ana, failed.ticket)
    db.commit()
    shown = page(visit(world.mia), "/mail/out")
    assert "is on fire" not in shown
    assert f"#{failed.ticket_id}, in the bin" in shown


def test_the_list_can_be_narrowed_to_one_state(failed, visit, world):
    shown = page(visit(world.mia), "/mail/out?state=sent")
    assert "ana@example.org" in shown
    assert "ren@example.org" not in shown
    assert "No mail is in this state." in page(visit(world.mia), "/mail/out?state=bounced")
    assert "ren@example.org" in page(visit(world.mia), "/mail/out?state=nonsense")


def test_sending_again_says_so_and_happens_once(failed, post, sink, visit, world):
    browser = visit(world.mia)
    sink.answers.clear()
    for _ in range(2):
        assert browser.post(f"/mail/out/{failed.id}/attempts").status_code == 303
    shown = page(browser, "/mail/out")
    assert "on its way again" in shown
    assert "0 tries" not in shown
    post.send()
    assert sink.to.count("ren@example.org") == 1
    assert browser.post(f"/mail/out/{failed.id}/attempts").status_code == 422  # it was sent


def test_whoever_reads_mail_sees_where_they_are(failed, visit, world):
    for address in ("/mail/out", "/mail/in", "/mail/in?state=reply", "/mail/caught"):
        rail = read(page(visit(world.ana), address)).find("desk-counts")
        assert [link.text for link in rail.all("a") if "aria-current" in link.attributes] == ["Mail"], address


def test_on_a_tickets_page_it_is_sent_again_without_leaving_it(failed, visit, world):
    answer = visit(world.mia).post(f"/mail/out/{failed.id}/attempts", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (200, "")
    assert "HX-Redirect" not in answer.headers
    assert failed.state == OutState.WAITING


def test_the_page_says_why_nothing_leaves(post, visit, world):
    browser = visit(world.mia)
    assert "No mail has gone out yet." in page(browser, "/mail/out")
    assert "No server for mail is set" in page(browser, "/mail/out")
    post.app.config["SMTP_HOST"] = "127.0.0.1"
    assert "has not worked" not in page(browser, "/mail/out")
    db.session.add(MailWay(name="SMTP", failing_since=clock.now(), error="535 <b>No</b>"))
    db.commit()
    assert "<q>535 &lt;b&gt;No&lt;/b&gt;</q>. Mails wait" in page(browser, "/mail/out")
    post.app.config["MAIL_CATCH"] = True
    assert "Mails do not leave" in page(browser, "/mail/out")


def test_fifty_are_on_a_page(post, visit, world):
    for number in range(60):
        post.queue(Kind.CHECK, f"person{number}@example.org")
    browser = visit(world.mia)
    first, second = page(browser, "/mail/out"), page(browser, "/mail/out?page=2")
    assert first.count('<li class="mail"') == 50
    assert second.count('<li class="mail"') == 10
    assert "person59@" in first
    assert "person0@" in second


def test_staff_are_led_to_it_and_requesters_are_not(visit, world):
    assert 'href="/mail/out"' in page(visit(world.mia), "/queue")
    assert 'href="/mail/out"' not in page(visit(world.ren), "/tickets")


@pytest.fixture
def caught(post, world):
    post.app.config["MAIL_CATCH"] = True
    ticket = world.ticket(title="<script>alert(1)</script>")
    world.comment(world.mia, ticket, "<script>alert(2)</script> **Yes.**")
    post.deliver()
    return db.session.query(CaughtMail).filter_by(address="ren@example.org").order_by(CaughtMail.id.desc()).first()


def test_a_caught_mail_is_shown_whole_and_acts_nowhere(caught, visit, world):
    browser = visit(world.ana)
    assert f'href="/mail/caught/{caught.id}"' in page(browser, "/mail/caught")
    shown = page(browser, f"/mail/caught/{caught.id}")
    assert f'src="/mail/caught/{caught.id}/html"' in shown
    assert "Message-Id" in shown
    assert "&lt;script&gt;alert(2)&lt;/script&gt; **Yes.**" in shown
    assert "<script>alert" not in shown


@pytest.mark.hardening("H-15")
def test_its_html_stands_in_a_frame_that_runs_and_loads_nothing(caught, visit, world):
    framed = visit(world.ana).get(f"/mail/caught/{caught.id}/html")
    assert "<strong>Yes.</strong>" in framed.text
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "frame-ancestors 'none'" in visit(world.ana).get("/mail/caught").headers["Content-Security-Policy"]


def test_nothing_was_caught_yet(visit, world):
    assert "No mail has been caught." in page(visit(world.ana), "/mail/caught")
