"""Settings that administrators change in a page."""


def init_app(app):
    """Register what this feature adds to the app."""
    from informejo.settings import models  # noqa: F401 - its tables
