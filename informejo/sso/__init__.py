"""Single sign-on with OpenID Connect."""


def init_app(app):
    """Register its pages, and the way in which providers ask once more who somebody is."""
    from informejo.accounts import asked_again
    from informejo.sso import account_views, logout_views, mapping_views, models, views  # noqa: F401 - its tables

    for pages in (views, account_views, mapping_views, logout_views):
        app.register_blueprint(pages.bp)
    if account_views.elsewhere not in asked_again.ELSEWHERE:
        asked_again.ELSEWHERE.append(account_views.elsewhere)
