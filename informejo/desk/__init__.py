"""Where the staff work: dashboard, queue, bin."""


def init_app(app):
    """Register the desk's pages."""
    from informejo.desk import views

    app.register_blueprint(views.bp)
