"""Fixtures of accounts: the desk's post, because what is forgotten is mailed."""

from tests.mail.conftest import post, sink

__all__ = ["post", "sink"]
