"""Digits that somebody sends: thousands of them are no number, and nobody's fault is ours."""

import pytest

MANY = "9" * 5000


@pytest.mark.parametrize(
    ("who", "address", "fields"),
    [
        ("ana", "/users", {"people": "Nia Odd <nia@example.org>", "role": "agent", "way": "mail", "team": MANY}),
        ("ana", "/users/4/handover", {"to": f"team:{MANY}"}),
        ("mia", "/tickets/1/comments", {"body": "Hello.", "to": MANY}),
        ("mia", "/tickets/1/comments", {"body": "Hello.", "to_note": MANY, "internal": "yes"}),
        (None, "/drafts", {"draft": f"comment:{MANY}", "body": "Hello."}),
    ],
)
def test_many_digits_break_nothing(world, visit, who, address, fields):
    world.ticket()
    browser = visit(who and getattr(world, who))
    browser.set_cookie("informejo-1", "x")
    assert browser.post(address, data=fields).status_code < 500
