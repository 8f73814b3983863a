"""What a browser keeps after the sign-out, and what an attached page can do when somebody opens it: nothing."""

import pytest
from playwright.sync_api import Error, expect
from sqlalchemy import select

from informejo import db
from informejo.tickets.models import Attachment

pytestmark = [pytest.mark.browser, pytest.mark.server]

SECRET = "The safe's number is 4711"
EVIL = "<script>document.title='pwned'; fetch('/evil')</script>"
PAGES = {
    "page.html": f"<!doctype html><body onload=\"document.title='pwned'\">{EVIL}",
    "drawing.svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1">{EVIL}</svg>',
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{EVIL}</body></html>',
    "picture.png": f"<!doctype html>{EVIL}",
    "picture.gif": f"GIF89a/*{EVIL}*/",
}


@pytest.mark.hardening("H-51", "S-56", "H-33")
def test_after_the_sign_out_back_shows_the_sign_in_page_and_nothing_is_kept(browse, world, newcomer):
    kim = browse(newcomer())
    kim.loses_the_sign_in()
    ticket = world.ticket(by=kim.user, title=SECRET)
    page = kim.open("/tickets")
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").press_sequentially("Half a secret")
    expect(page.locator("#draft-state")).to_contain_text("saved")
    page.get_by_role("button", name="your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    for _ in range(2):
        page.go_back()
        expect(page.get_by_label("Password")).to_be_visible()
        assert SECRET not in page.content()
        assert "Half a secret" not in page.content()
    kept = page.evaluate("async () => JSON.stringify([{...localStorage}, {...sessionStorage}, await caches.keys()])")
    assert "secret" not in kept
    assert SECRET not in kept


@pytest.mark.hardening("H-21", "X-29")
def test_an_attached_page_is_saved_and_runs_nowhere(browse, world, newcomer):
    kim, mia = browse(newcomer()), browse(world.mia)
    mia.forgives("status of 404", r"Applying inline style", "is sandboxed")  # Chromium's own, around a picture
    mia.context.on("request", lambda request: request.url.endswith("/evil") and mia.broken.append(request.url))
    ticket = world.ticket(by=kim.user)
    page = kim.open(f"/tickets/{ticket.number}")
    files = [{"name": name, "mimeType": "text/html", "buffer": text.encode()} for name, text in PAGES.items()]
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#timeline .attachment")).to_have_count(len(PAGES))
    db.session.rollback()
    tokens = db.session.scalars(select(Attachment.token).where(Attachment.ticket_id == ticket.id)).all()
    assert len(tokens) == len(PAGES)
    mia.open(f"/tickets/{ticket.number}")
    for token in tokens:
        with mia.page.expect_download(), pytest.raises(Error, match=r"Download is starting|ERR_ABORTED"):
            mia.page.goto(f"/files/{token}/page.html")
        mia.page.goto(f"/files/{token}")
        assert "pwned" not in mia.page.title()
