"""Who did what from where."""

from informejo.audit import models as models  # so that every command knows the tables


def init_app(app):
    """Register its page."""
    from informejo.audit import views

    app.register_blueprint(views.bp)
