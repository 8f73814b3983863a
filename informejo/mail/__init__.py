"""Mail: a reader of the log on the way out, a door on the way in, and a ledger that explains both."""

from informejo.mail import models as models
from informejo.readers import models as reader_models


def init_app(app):
    """Nothing yet."""
