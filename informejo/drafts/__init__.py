"""Drafts: what is typed into a form and not sent yet is kept on the server."""


def init_app(app):
    """Register the addresses to which forms save what is typed."""
    from informejo.drafts import views

    app.register_blueprint(views.bp)
