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

    for door in (
        *(views, join_views, link_views, forgotten_views),
        *(profile_views, security_views, address_views, data_views, proof_views),
    ):
        app.register_blueprint(door.bp)
    views.init_app(app)
    asked_again.init_app(app)
    gate.init_app(app)
