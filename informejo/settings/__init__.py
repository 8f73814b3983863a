"""What administrators change in a page."""

from informejo.settings import models as models  # so that every command knows the tables


def init_app(app):
    """Register its pages; `setting(name)` is what holds, for templates."""
    from informejo.settings import category_views, mail_views, queries, views

    app.register_blueprint(views.bp)
    app.register_blueprint(category_views.bp)
    app.register_blueprint(mail_views.bp)
    of_templates = (queries.setting, queries.mark_of, queries.offered_categories)
    app.jinja_env.globals |= {function.__name__: function for function in of_templates}
