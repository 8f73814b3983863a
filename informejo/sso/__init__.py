"""Single sign-on with OpenID Connect."""


def init_app(app):
    """Register what this feature adds to the app."""
    from informejo.sso import models  # noqa: F401 - its tables
