"""The `flask` commands for running the desk, each after `flask --app app`."""

from flask import Flask


def init_app(app: Flask):
    """Register the commands."""
