"""Fixtures of what comes in: what goes out is there too, since one answers the other."""

from tests.mail.conftest import post, sink

__all__ = ["post", "sink"]
