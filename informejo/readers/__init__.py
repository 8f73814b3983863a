"""Readers of the log: each a name, a bookmark in the database, and what it does with one event."""

from informejo.readers import models as models  # so that every command knows the tables
from informejo.readers.following import Following, Reader


def init_app(app):
    """No reader yet: features add theirs."""
    app.extensions["readers"] = {}


def add(app, reader: Reader):
    """Have the background work of this app follow the log with that reader too."""
    # Not above: the doctor asks what readers have kept, and it is among what `work` does.
    from informejo import work

    app.extensions["readers"][reader.name] = reader
    work.beside(app, reader.name, Following(reader).run)
