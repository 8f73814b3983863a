"""The bells: blinker signals, which say that something is new and never what; who hears one reads the log."""

from blinker import Namespace

_namespace = Namespace()

recorded = _namespace.signal("recorded", doc="Sent once after a commit that added events to the log.")
noticed = _namespace.signal(
    "noticed", doc="Sent for what is true only now and is not kept: sender is a topic such as `ticket:42`."
)
