"""Teams: members, what they see, and the categories they get."""


def init_app(app):
    """Register what this feature adds to the app."""
    from informejo.teams import models  # noqa: F401 - its tables
