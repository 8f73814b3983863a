"""What administrators look after: the people of the desk."""


def init_app(app):
    """Register the pages of administration."""
    from informejo.admin import place_views, user_views, views

    app.register_blueprint(views.bp)
    app.register_blueprint(user_views.bp)
    app.register_blueprint(place_views.bp)
