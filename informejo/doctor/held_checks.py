"""Whether live streams reach the browsers: how many of them are held back on the way."""

import os

from informejo.doctor import probe
from informejo.doctor.checks import Answer, Patient, look, well
from informejo.live import held

METRIC = "informejo_held_back"
REMEDY = "nginx -T | grep -E 'proxy_(buffering|http_version)'; docs/troubleshooting.md, Pages are not live"


def browsers(patient: Patient) -> Answer:
    """How many browsers asked for single answers in the last minute; from outside, what the server says of itself."""
    inside = patient.server == os.getpid()
    count = held.count() if inside else probe.measured(patient.settings, patient.patience, METRIC)
    if count is None:
        return look(
            "No server says whether streams are held back.",
            "Open Health, or set METRICS_TOKEN and start the server anew.",
        )
    if not count:
        return well("In the last minute no browser said that its stream is held back on the way.")
    one = count == 1
    return look(
        f"For {count:.0f} {'browser' if one else 'browsers'} a proxy or virus scanner holds the stream back:"
        f" {'it gets' if one else 'they get'} updates every 10 to 20 seconds."
        " If it is all of them, it is a proxy of the desk; if it is one network or a few machines, it is theirs.",
        REMEDY,
    )
