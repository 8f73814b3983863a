"""What administrators look after: the people of the desk."""


def init_app(app):
    """Register the pages of administration."""
    from informejo.admin import (
        erase_views,
        invite_views,
        merge_views,
        place_views,
        rights_views,
        sign_in_views,
        user_views,
        views,
    )

    for door in (views, invite_views, user_views, rights_views, sign_in_views, merge_views, erase_views, place_views):
        app.register_blueprint(door.bp)
