"""Whether the virus scanner answers, and whether files wait for it."""

import sqlite3
from contextlib import closing

from informejo import clamd
from informejo.doctor.checks import Answer, Patient, broken, look, well
from informejo.text import file_count

HELD = "SELECT count(*) FROM attachments WHERE hold = 'unchecked'"
START = "systemctl status clamav-daemon; docs/configuration.md, What people may type"


def scanner(patient: Patient) -> Answer:
    """clamd answers. Files wait for one that does not, and for ever for none."""
    held = _held(patient)
    wait = f" {file_count(held)} {'waits' if held == 1 else 'wait'} to be checked." if held else ""
    if not patient.settings["SCANNER"]:
        told = "Files are not checked for viruses: SCANNER is empty."
        return look(told + wait, "Set SCANNER, and start the server anew.") if held else well(told)
    try:
        clamd.ping(patient.settings["SCANNER"])
    except clamd.Unchecked as error:
        return broken(f"{error} Files that come in are held until it answers.{wait}", START)
    return well(f"The virus scanner answers.{wait}")


def _held(patient: Patient) -> int:
    if patient.database is None or not patient.database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{patient.database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(HELD).fetchone()[0]
    except sqlite3.Error:  # there is more to say of that database than this
        return 0
