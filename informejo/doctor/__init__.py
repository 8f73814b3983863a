"""What is wrong, since when, and what to do: for the page Health and the command `doctor`."""

from informejo import clock


def init_app(app):
    """Register the page, the probe and the commands."""
    # Not above: every page asks the doctor's queries whether something is broken, so `web` imports this package.
    from informejo.doctor import commands, probe_views, views

    app.extensions["started"] = clock.now()  # of this worker: what is imported may be older, see `preload`
    app.register_blueprint(views.bp)
    app.register_blueprint(probe_views.bp)
    commands.init_app(app)
