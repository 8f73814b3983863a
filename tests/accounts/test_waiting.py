"""Whoever is asked to sign in, or who they are, reads what waits for it."""

from urllib.parse import urlencode

import pytest
from flask import g

from informejo.accounts.waiting import ANYTHING, DEEDS, MOST, waiting
from tests.accounts.test_kept_text import hidden, idle, late, sent_on, sign_in, write
from tests.world import PASSWORD

__all__ = ["idle", "late"]

NEVER_WAITS = {  # scripts send it, or it is a step of showing who one is
    "changes.seen",
    "changes.writing",
    "drafts.save",
    "passkeys.challenge_to_add",
    "proof.challenge_to_prove",
    "proof.mail_a_link",
    "proof.prove",
    "sso_accounts.begin_proof",
}


@pytest.fixture
def anas(app, world):
    """What Ana reads of a form, by its address and fields."""

    def anas(address: str, **fields: str):
        with app.test_request_context():
            g.actor = world.ana
            return waiting(address, fields)

    return anas


def test_every_form_of_somebody_who_is_signed_in_has_words(app):
    views, rules = app.view_functions, app.url_map.iter_rules()
    forms = {rule.endpoint for rule in rules if "POST" in rule.methods}
    private = {name for name in forms if not getattr(views[name], "public", False)} - NEVER_WAITS
    assert private - DEEDS.keys() == set()
    assert DEEDS.keys() - forms == set()


@pytest.mark.parametrize(("to", "deed"), [("/tickets/12/comments", "your reply to #12"), ("/users", "inviting people")])
def test_after_the_sign_in_it_is_said_what_waits_and_what_was_typed(world, visit, idle, to, deed):
    fields = {"people": "Kim <kim@example.org>", "body": "It still\nsmokes.", "role": "agent"}
    again = idle.post(
        "/sign-in",
        data={"to": to, "form": urlencode(fields), "email": world.ana.email, "password": PASSWORD},
    )
    assert sent_on(again, to)
    for words in (deed, "Kim &lt;kim@example.org&gt;", "It still\nsmokes."):
        assert words in again.text


def test_a_reply_of_no_draft_is_read_once_more_before_it_goes(world, late):
    world.ticket()
    asked = write(late, "/tickets/1/comments", draft="nonsense", body="It <b>smokes</b>.")
    assert hidden(asked)["form"]
    again = sign_in(late, asked)
    assert "your reply to #1" in again.text
    assert "It &lt;b&gt;smokes&lt;/b&gt;." in again.text


def test_who_is_asked_whether_it_is_them_reads_about_whom_it_is(world, visit, app):
    app.config["PROOF_MINUTES"] = 0
    ana, address = visit(world.ana), f"/users/{world.zoe.id}/role"
    asked = ana.post(address, data={"value": "agent"})
    right = ana.post("/prove", data={"to": address, "field-value": "agent", "password": PASSWORD})
    assert "another role for Zoe Kaur" in asked.text
    assert "another role for Zoe Kaur" in right.text


def test_a_name_is_told_to_nobody_who_may_not_know_it(world, visit):
    answer = visit(world.ren).post("/prove", data={"to": f"/users/{world.zoe.id}/role", "password": "wrong"})
    assert "another role for somebody" in answer.text
    assert "Zoe" not in answer.text


def test_a_note_is_called_one_and_what_is_no_form_of_ours_is_not_guessed(anas):
    assert anas("/tickets/7/comments?all=yes", internal="yes").deed == "your note on #7"
    assert anas("/nowhere/{number}").deed == ANYTHING
    assert anas(f"/users/{'9' * 30}/role").deed == "another role for somebody"


def test_of_a_long_text_its_beginning_is_enough(anas):
    [(_word, text)] = anas("/tickets", description="so " * MOST).texts
    assert len(text) <= MOST + 2
    assert text.endswith(" …")
