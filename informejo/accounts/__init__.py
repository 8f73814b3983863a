"""People: who they are, how they come in, and what they decide about themselves."""


def init_app(app):
    """Register the doors of accounts, and what a visitor is answered who needs to sign in first."""
    from informejo.accounts import (
        address_views,
        asked_again,
        data_views,
        forgotten_views,
        gate,
        join_views,
        link_views,
        profile_views,
        proof_views,
        security_views,
        views,
    )

    app.register_blueprint(views.bp)
    app.register_blueprint(join_views.bp)
    app.register_blueprint(link_views.bp)
    app.register_blueprint(forgotten_views.bp)
    app.register_blueprint(profile_views.bp)
    app.register_blueprint(security_views.bp)
    app.register_blueprint(address_views.bp)
    app.register_blueprint(data_views.bp)
    app.register_blueprint(proof_views.bp)
    views.init_app(app)
    asked_again.init_app(app)
    gate.init_app(app)
