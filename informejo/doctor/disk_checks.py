"""Whether there is room for what is written, whether it is ours alone, and whether there is a copy of it."""

import os
import sqlite3
import tempfile
from datetime import timedelta
from pathlib import Path

from informejo import clock
from informejo.backup.manifest import newest
from informejo.doctor.checks import Answer, Patient, broken, event_at, look, reason, well
from informejo.text import file_size

LEAST_BYTES, LEAST_SHARE, SMALL_SHARE = 100 * 1024 * 1024, 0.01, 0.05
OTHERS = 0o007  # the bits of a folder's mode that let every account of the machine in
MAKE = "bin/flask backup"


def disk(patient: Patient) -> Answer:
    """There is room, and the folders are ours alone."""
    places = {name: place for name, place in patient.places.items() if place.exists() or name != "BACKUP_DIR"}
    answers = [_place(name, place, _owner(patient)) for name, place in places.items()]
    ill = [answer for answer in answers if answer.remedy]
    if not ill:
        return well(" ".join(answer.sentence for answer in answers))
    worst = broken if any(answer.state == "broken" for answer in ill) else look
    remedies = dict.fromkeys(remedy for answer in ill for remedy in answer.remedy.split("; "))
    return worst(" ".join(answer.sentence for answer in ill), "; ".join(remedies))


def backups(patient: Patient) -> Answer:
    """There is a copy, it is young enough, and not lost with what it is a copy of."""
    hours, folder = patient.settings["BACKUP_HOURS"], Path(patient.settings["BACKUP_DIR"])
    if not hours:
        return well("Backups are made by others: BACKUP_HOURS is 0.")
    last = newest(folder)
    if last is None and _is_new(patient, hours):
        return look("There is no backup yet; the desk is new.", MAKE)
    if last is None:
        return broken("There is no backup yet.", MAKE)
    age, late = clock.now() - last.at, last.at + timedelta(hours=hours)
    if clock.now() > late:
        sentence = f"The newest backup is {_hours(age)} old; BACKUP_HOURS is {hours}."
        return broken(sentence, f"{MAKE}  # docs/backup.md says how to have it done every night", since=late)
    if patient.database and folder.stat().st_dev == patient.database.stat().st_dev:
        sentence = f"The newest backup is {_hours(age)} old, but lies on the same disk as the database."
        return look(sentence, "Set BACKUP_DIR to a folder on another disk, or copy the folder to another machine.")
    return well(f"The newest backup is {_hours(age)} old.")


def _is_new(patient: Patient, hours: int) -> bool:
    """Whether a backup that was due once would be younger than the desk."""
    try:
        first = event_at(patient, "first")
    except sqlite3.Error:  # there is more to say of that database than this
        return False
    return first is not None and clock.now() - first < timedelta(hours=hours)


def _place(name: str, place: Path, owner: int) -> Answer:
    if not place.is_dir():
        return broken(
            f"{name}: the folder is not there. If it was, look for its disk first.", f'install -d -m 700 "${name}"'
        )
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return broken(f"{name} cannot be written to: {reason(error)}.", f'ls -ld "${name}"; df -h "${name}"')
    return _room(name, place) or _rights(name, place, owner) or well(f"{name}: {file_size(_free(place))} free.")


def _room(name: str, place: Path) -> Answer | None:
    volume = os.statvfs(place)
    left = [free / all for free, all in ((volume.f_bavail, volume.f_blocks), (volume.f_favail, volume.f_files)) if all]
    share = min(left, default=1)
    if share >= SMALL_SHARE and _free(place) >= LEAST_BYTES:
        return None
    sentence = f"{name}: {file_size(_free(place))} are free, {share:.1%} of its disk."
    remedy = f'df -h "${name}"; df -i "${name}"; bin/flask prune'
    return broken(sentence, remedy) if share < LEAST_SHARE or _free(place) < LEAST_BYTES else look(sentence, remedy)


def _rights(name: str, place: Path, owner: int) -> Answer | None:
    facts = place.stat()
    if facts.st_mode & OTHERS:
        return look(f"{name}: every account of this machine can look into the folder.", f'chmod o-rwx "${name}"')
    if facts.st_uid != owner:
        return look(f"{name} belongs to another account than the server's.", f'ls -ld "${name}"')
    return None


def _owner(patient: Patient) -> int:
    return Path(f"/proc/{patient.server}").stat().st_uid if patient.server else os.geteuid()


def _free(place: Path) -> int:
    volume = os.statvfs(place)
    return volume.f_bavail * volume.f_frsize


def _hours(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    if hours >= 1.5:
        return f"{hours:.0f} hours"
    minutes = round(hours * 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
