"""How Alembic runs here: inside the app, on its engine, against the models' tables."""

from alembic import context
from flask import current_app

from informejo.db import Model, Moment


def render_item(kind, item, _context):
    """A migration must stand when the code moves on: it names the database's type, not ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


OPTIONS = {"target_metadata": Model.metadata, "render_as_batch": True, "compare_type": True, "render_item": render_item}


def run_online():
    """Upgrade the database the app is configured for."""
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run_online()
