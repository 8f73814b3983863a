"""Readers of the log: each a name, a bookmark in the database, and what it does with one event."""
