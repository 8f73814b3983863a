"""Second factors: apps that make digits, passkeys, recovery codes."""


def init_app(app):
    """Register what this feature adds to the app."""
    from informejo.factors import models  # noqa: F401 - its tables
