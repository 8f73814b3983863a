"""Nothing typed is lost: what is in a form and not sent yet is kept here."""


def init_app(app):
    """Register the door through which forms save themselves."""
    from informejo.drafts import views

    app.register_blueprint(views.bp)
