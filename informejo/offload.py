"""Running one slow call in a thread beside the event loop, so that nobody else has to wait for it."""

import sys
from collections.abc import Callable


def offload(function: Callable, *args):
    """What `function(*args)` returns or raises, run in a thread of gevent's hub; without gevent it is simply called.

    Ten run at a time, further ones wait for their turn while other requests go on. A thread has neither the request nor
    its database session: pass plain values and get plain values back.
    """
    if not _in_gevent():
        return function(*args)
    import gevent

    return gevent.get_hub().threadpool.apply(function, args)


def offloaded() -> int:
    """How many such calls run or wait for their turn."""
    if not _in_gevent():
        return 0
    import gevent

    return len(gevent.get_hub().threadpool)


def _in_gevent() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")
