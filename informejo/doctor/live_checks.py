"""Whether live messages arrive, and how it went with those who were cut off and came back."""

import os
import re
import time
from collections import Counter

from informejo import metrics
from informejo.doctor import probe
from informejo.doctor.checks import Answer, Patient, broken, look, well
from informejo.live import echo as own

LATE_SECONDS = 3 * own.EVERY_SECONDS
SLOW_SECONDS = 1
FEW = 20  # returns of which nothing can be concluded
MANY = 0.2  # the part of them that may have had to load anew, or been refused
LOGS = "journalctl -u informejo -n 200"


def echo(patient: Patient) -> Answer:
    """Whether the message that the server sends itself each minute arrives."""
    if patient.server != os.getpid():
        return well("The server sends itself a message each minute; Health and /metrics tell how that went.")
    if own.last is None:
        return well("The server will send itself a message within a minute.")
    if own.last.seconds is None:
        return broken("A message that the server sent itself did not arrive: live pages stand still.", LOGS)
    if time.monotonic() - own.last.at > LATE_SECONDS:
        return broken("The server has not sent itself a message for minutes: its background work stands still.", LOGS)
    took = f"The last message that the server sent itself was on its way for {own.last.seconds * 1000:,.0f} ms."
    return well(took) if own.last.seconds <= SLOW_SECONDS else look(took, LOGS)


def returns(patient: Patient) -> Answer:
    """How the browsers fared that were cut off and came back, since the server began."""
    if patient.server is None:
        return well("Nobody can be cut off while no server runs.")
    ended = _own() if patient.server == os.getpid() else _told(patient)
    whole, anew, refused = sum(ended.values()), ended["reset"], ended["refused"]
    if not whole:
        return well("No browser was cut off and came back so far.")
    told = (
        f"Of {whole:,.0f} returns of browsers that were cut off, {ended['nothing_missed']:,.0f} had missed nothing,"
        f" {ended['replayed']:,.0f} were brought up to date, {anew:,.0f} had to load their page anew and"
        f" {refused:,.0f} were refused."
    )
    return look(told, LOGS) if whole >= FEW and anew + refused > MANY * whole else well(told)


def _own() -> Counter[str]:
    samples = [sample for family in metrics.reconnects.collect() for sample in family.samples]
    return Counter({sample.labels["ended"]: sample.value for sample in samples})


def _told(patient: Patient) -> Counter[str]:
    text = probe.metrics(patient.settings, patient.patience)
    found = re.findall(r'^informejo_reconnects_total\{ended="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return Counter({ended: float(number) for ended, number in found})
