"""Who did what from where."""


def init_app(app):
    """Register what this feature adds to the app."""
    from informejo.audit import models  # noqa: F401 - its tables
