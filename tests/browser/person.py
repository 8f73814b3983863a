"""Somebody at a browser of their own, and what broke in it."""

import re

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from informejo.accounts import session_actions
from informejo.accounts.models import User
from informejo.db import commit
from tests.server import Server
from tests.waiting import PATIENCE

WATCH = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sample}`));"""
OTHERS = "net::ERR_NETWORK_CHANGED"  # other tests make networks of their own, and Chromium lets go of what is under way
LIVE = "#live-mark[data-state=live]"
# What fades in is drawn sixty times a second, which was half of what a message costs; tests/scripts has it in motion.
CALM = {"reduced_motion": "reduce"}


class Person:
    """`page` is the tab they look at, `user` who they are; a visitor is nobody.

    Errors in scripts, on the console, dialogs and what the content security policy blocks all land in `broken`, unless
    they match one of the patterns of `forgives`: a browser writes every answer of 4xx on its console, for instance.
    """

    def __init__(self, browser: Browser, server: Server, user: User | None = None, at: str = "", **options):
        self.user, self.server, self.at = user, server, at or server.address
        self.broken, self._forgiven = [], [OTHERS]
        self.context: BrowserContext = browser.new_context(base_url=self.at, **CALM | options)
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(WATCH)
        self.context.on("page", self._watch)
        if user is not None:
            self.context.add_cookies([{"name": "informejo", "value": _signed_in(user), "url": self.at}])
        self.page = self.context.new_page()

    def open(self, path: str) -> Page:
        """Go to a page, and wait until it is live if it can be."""
        try:
            self.page.goto(path)
        except Error as error:
            if OTHERS not in str(error) and "interrupted by another navigation" not in str(error):
                raise
            self.page.goto(path)
        return self.until_live()

    def until_live(self) -> Page:
        if self.page.locator("#stream").count():
            expect(self.page.locator(LIVE)).to_be_visible()
        return self.page

    def new_tab(self, path: str) -> Page:
        """Another tab of the same browser, in front of the others."""
        self.page = self.context.new_page()
        return self.open(path)

    def post(self, path: str, **form) -> int:
        """Send a form past the page, as another device would; returns the status."""
        headers = {"Origin": self.server.address}
        answer = self.context.request.post(self.server.address + path, form=form, headers=headers, max_redirects=0)
        return answer.status

    def forgives(self, *patterns: str):
        """What this test expects to break."""
        self._forgiven.extend(patterns)

    def loses_the_sign_in(self):
        """This test ends it while a page is open: what the page asks for next, or its stream, is refused with a 401."""
        self.forgives("status of 401", "reconnect failed with status 401")

    @property
    def unforgiven(self) -> list[str]:
        return [text for text in self.broken if not any(re.search(pattern, text) for pattern in self._forgiven)]

    def _watch(self, page: Page):
        page.on("pageerror", lambda error: self.broken.append(f"{page.url}: {error}"))
        page.on("console", lambda line: line.type == "error" and self.broken.append(f"{page.url}: {line.text}"))
        page.on("dialog", self._dismiss)

    def _dismiss(self, dialog):
        self.broken.append(f"{dialog.page.url}: dialog {dialog.message}")
        dialog.dismiss()


def _signed_in(user: User) -> str:
    token = session_actions.start_session(user, "test")
    commit()
    return token
