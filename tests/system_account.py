"""Being somebody else than root for a moment, for tests of what the service's own account may do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def account(number: int) -> Iterator[None]:
    """As the account of that number inside the block; only root can."""
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
