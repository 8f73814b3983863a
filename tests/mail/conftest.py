"""Fixtures of mail: the desk's post, and a server that takes what it sends."""

import pytest

from tests.mail.post import Post
from tests.mail.sink import running


@pytest.fixture
def post(app, world):
    return Post(app)


@pytest.fixture
def sink(post):
    """A server that takes everything, unless it is told otherwise."""
    with running() as sink:
        post.to(sink)
        yield sink
