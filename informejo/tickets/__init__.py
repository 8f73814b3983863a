"""Tickets: opening, talking, changing, finding them, and the files that come with them."""


def init_app(app):
    """Register the pages of tickets and their files."""
    from informejo import work
    from informejo.tickets import change_views, file_views, rechecking, requester_views, show_views, sight_views, views

    app.register_blueprint(views.bp)
    app.register_blueprint(show_views.bp)
    app.register_blueprint(requester_views.bp)
    app.register_blueprint(change_views.bp)
    app.register_blueprint(sight_views.bp)
    app.register_blueprint(file_views.bp)
    work.beside(app, "scanner", rechecking.watch)
