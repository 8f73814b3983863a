"""A cache that was switched on by mistake, for everything, gives nobody somebody else's page."""

import re

import pytest

from tests.chain.asking import ask
from tests.chain.chain import Chain

pytestmark = pytest.mark.server
MISTAKE = """proxy_cache_path {folder}/cache keys_zone=mistake:1m;
    proxy_cache mistake;
    proxy_cache_key $request_uri;
    add_header X-Cached $upstream_cache_status;"""


@pytest.fixture(scope="module")
def caching(tmp_path_factory, server):
    folder = tmp_path_factory.mktemp("caching")
    with Chain(folder, server, more=MISTAKE.format(folder=folder)) as chain:
        yield chain


@pytest.mark.hardening("W-08")
def test_a_page_of_one_is_never_given_to_another(caching, cookie, world):
    world.ticket(title="The secret of Ren")
    ren, zoe = cookie(world.ren), cookie(world.zoe)
    fragment = {"HX-Request": "true"}
    for path in ("/tickets", "/profile", "/me.css", "/unread", "/tickets/new", "/"):
        for who, as_htmx in ((ren, {}), (zoe, {}), (ren, fragment), (zoe, fragment), ({}, {})):
            cached = ask(caching.nginx.port, path, headers=who | as_htmx)
            fresh = ask(caching.server.port, path, headers=who | as_htmx | {"X-Forwarded-Proto": "https"}, tls=False)
            assert cached.status == fresh.status
            assert (b"secret of Ren" in cached.content) == (b"secret of Ren" in fresh.content)
            assert (b"Zoe Kaur" in cached.content) == (b"Zoe Kaur" in fresh.content)


def test_what_may_be_kept_is_kept_so_the_mistake_was_made(caching):
    assert kept(caching) == 0
    address = re.search(rb"/assets/\w+\.css", ask(caching.nginx.port, "/sign-in").content)[0].decode()
    for _ in range(2):
        assert ask(caching.nginx.port, address).status == 200
    assert kept(caching) == 1


def kept(caching) -> int:
    return sum(path.is_file() for path in (caching.access_log.parent / "cache").rglob("*"))
