"""Teams: members, what they see, and the categories they get."""


def init_app(app):
    """Register the pages of teams."""
    from informejo.teams import views

    app.register_blueprint(views.bp)
