"""The addresses for programs that watch: is it alive, is it ready, what does it measure."""

from flask import Blueprint

bp = Blueprint("ops", __name__)
