"""Guests: people without a sign-in, who open tickets by a form and come back to them by a link or a code."""


def init_app(app):
    """Register the doors for guests."""
    from informejo.guests import check_views, link_views, own_link_views, submit_views

    app.register_blueprint(submit_views.bp)
    app.register_blueprint(link_views.bp)
    app.register_blueprint(check_views.bp)
    app.register_blueprint(own_link_views.bp)
