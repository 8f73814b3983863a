"""Whether the running server answers at once: the longest time in which its event loop served nobody."""

import os
import time

from informejo import metrics
from informejo.doctor import probe
from informejo.doctor.checks import Answer, Patient, look, well

METRIC = "informejo_loop_gap_seconds_max"
LONG_GAP = 0.25  # seconds


def gap(patient: Patient) -> Answer:
    """The longest gap of the last minute; from outside, what the server at HOST and PORT says of itself."""
    seconds = metrics.gaps.lately(time.monotonic()) if patient.server == os.getpid() else _told(patient)
    if seconds is None:
        return _untold(patient.server)
    if seconds <= LONG_GAP:
        return well(f"In the last minute nobody waited longer than {seconds * 1000:.0f} ms for their turn.")
    sentence = f"In the last minute everybody waited {seconds * 1000:,.0f} ms at once."
    return look(sentence, "uptime; journalctl -u informejo -n 200")


def _untold(server: int | None) -> Answer:
    if server is None:
        return look("No server says how quick it is.", "systemctl status informejo; ss -ltnp")
    return look("The server tells how quick it is only at Health, or whoever has METRICS_TOKEN.",
                "Set METRICS_TOKEN, and start the server anew; or open Health as an administrator.")  # fmt: skip


def _told(patient: Patient) -> float | None:
    return probe.measured(patient.settings, patient.patience, METRIC)
