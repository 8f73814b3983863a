"""The way of a browser to a provider and back."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import requests

_REFRESH = re.compile(r'http-equiv="refresh" content="0; url=([^"]+)"')


def address_in(page: str) -> str:
    """Where a page that leads on to a provider leads."""
    return unescape(_REFRESH.search(page)[1])


class Way:
    """One sign-in at a provider, from the button to the page it ends on."""

    def __init__(self, browser, provider: str = "liar", deed: str = "sign-in", **fields):
        self.browser, self.provider = browser, provider
        self.page = browser.post(f"/sso/{provider}/{deed}", data=fields)

    @property
    def asked(self) -> dict[str, str]:
        """What the provider is asked."""
        query = urlsplit(address_in(self.page.text)).query
        return {name: values[0] for name, values in parse_qs(query).items()}

    def back(self, **answer):
        """Come back with that answer."""
        return self.browser.get(f"/sso/{self.provider}/callback", query_string=answer)

    def end(self, liar, **answer):
        """Come back as somebody whom the liar signs in, and who brings its true answer but for these parts."""
        liar.nonce = self.asked["nonce"]
        return self.back(**{"code": "a-code", "state": self.asked["state"]} | answer)

    def choose(self, subject: str, **fields):
        """Fill in the form of the real provider as that person, and come back."""
        there = address_in(self.page.text)
        sent = requests.post(there, data={"sub": subject, **fields}, allow_redirects=False, timeout=5)
        back = urlsplit(sent.headers["Location"])
        return self.browser.get(f"{back.path}?{back.query}")
