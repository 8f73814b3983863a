"""What browsers keep may be forbidden, full or broken, and a script may break: everything else goes on."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.scripts.conftest import STATIC
from tests.scripts.drawn import COMMENTS, comment, composer, fresh, sent, talk, visit
from tests.scripts.stand_in import Answer, StandIn, partial
from tests.waiting import until

pytestmark = pytest.mark.browser
TROUBLES = {
    "forbidden": """for (const name of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });""",
    "not there": """for (const name of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, name, { value: null });""",
    "full": "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); };",
    "no JSON": "localStorage['draft 7 ticket:42'] = sessionStorage['held-back'] = '{';",
    "something else": "localStorage['draft 7 ticket:42'] = sessionStorage['held-back'] = '7';",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_became_of_what_browsers_keep_pages_are_live_and_messages_can_be_sent(page, server, trouble):
    page.add_init_script(TROUBLES[trouble])
    server.answers[COMMENTS] = Answer(partial("#timeline", comment(5), "place") + fresh(composer("k2")))
    visit(page)
    page.locator("#body").fill("still typed")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#comment-5")).to_be_visible()
    expect(page.locator("#body")).to_have_value("")
    assert len(sent(server)) == 1
    with page.expect_event("load"):
        server.push(event="bye")


def test_a_script_that_breaks_as_it_begins_is_reported_and_takes_no_other_along(context, tmp_path):
    static, errors = tmp_path / "static", []
    shutil.copytree(STATIC, static)
    (static / "js" / "broken.js").write_text("throw new Error('as it began');")
    server, page = StandIn(static), context.new_page()
    server.main, page.server = talk(composer()), server.address
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        visit(page)
        expect(page.locator("#live-mark")).to_have_text("Live")
        until(lambda: any("as it began" in error for error in errors) or page.wait_for_timeout(20))
    finally:
        page.close()
        server.close()
