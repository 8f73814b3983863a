"""What the tests of live pages share."""

import pytest

from tests.live.sse import Listener


@pytest.fixture
def ticket(world):
    """Ren's, fresh."""
    return world.ticket()


@pytest.fixture
def listen(visit):
    """`listen(user, "ticket:1", ...)`: an open stream of that person on those topics."""

    def listen(user, *topics, since="", bookmark="", path="/live"):
        query = "&".join(f"on={topic}" for topic in topics) + (f"&since={since}" if since else "")
        return Listener(visit(user), f"{path}?{query}", bookmark)

    return listen
