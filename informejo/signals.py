"""The bells: blinker signals that say "look", never what there is to see."""

from blinker import Namespace

_namespace = Namespace()

recorded = _namespace.signal("recorded", doc="Sent once after a commit that added events to the log.")
noticed = _namespace.signal(
    "noticed", doc="Sent for what is true only now and is not kept: sender is a topic such as `ticket:42`."
)
