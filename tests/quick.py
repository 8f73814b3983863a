"""What takes long on purpose takes no time where no test asks for it: hashes, and answers that wait for one another.

Each can be had as it is: `monkeypatch.setattr(*quick.as_it_is("hasher"))`.
"""

from argon2 import PasswordHasher

from informejo import security
from informejo.accounts import passwords

_AS_THEY_ARE = {
    "hasher": (passwords, "_hasher", passwords._hasher),
    "nobody": (passwords, "_NOBODY", passwords._NOBODY),
    "even seconds": (security, "EVEN_SECONDS", security.EVEN_SECONDS),
}
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
passwords._NOBODY = passwords._hasher.hash("nobody's")
security.EVEN_SECONDS = 0


def as_it_is(name: str) -> tuple:
    """The module, the name in it and the value that people have."""
    return _AS_THEY_ARE[name]
