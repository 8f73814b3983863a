"""Where the staff work: dashboard, queue, bin."""


def init_app(app):
    """Register the desk's pages."""
    from informejo.desk import pattern_views, views

    app.register_blueprint(views.bp)
    if app.config["DEVELOPMENT"]:
        app.register_blueprint(pattern_views.bp)
