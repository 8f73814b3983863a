"""Whether every file that the database names is in UPLOAD_DIR, and whole."""

from pathlib import Path

from informejo.backup import manifest, rescue
from informejo.doctor.checks import Answer, Patient, broken, well
from informejo.text import are, file_count
from informejo.tickets import storage
from informejo.tickets.files import AWAY
from informejo.tickets.storage import Found

PART = 0.5  # of the patience, for looking at the disk; the rest is for asking the backups
MOST = 2_000  # lost files that backups are asked about, each of fourteen: more would take longer than a check may
MOUNT = 'findmnt --target "$UPLOAD_DIR"; ls -la "$UPLOAD_DIR"; bin/flask files  # which says more'
BRING_BACK = "bin/flask files --bring-back"
NAME_THEM = "bin/flask files  # names them, with their tickets"


def files(patient: Patient) -> Answer:
    """Every row's file is there with as many bytes as it should have. Only looked at, not read: the newest first."""
    folder = Path(patient.settings["UPLOAD_DIR"])
    if patient.database is None:
        return well("They are counted by `bin/flask files`: this is no SQLite database.")
    sizes = _sizes(patient.database)
    if sizes and storage.is_bare(folder):
        return broken(AWAY, MOUNT)
    found = storage.compare(folder, sizes, patient.patience * PART)
    return _ill(found, sizes, patient) if found.absent else _well(found, len(sizes))


def _sizes(database: Path) -> dict[str, int]:
    with manifest.reading(database) as connection:
        return storage.named(connection)


def _well(found: Found, all: int) -> Answer:
    if not all:
        return well("There is no file yet.")
    if found.looked < all:
        return well(f"The newest {found.looked:,} of {file_count(all)} are in UPLOAD_DIR; there was no time for more.")
    return well(f"All {all:,} files are in UPLOAD_DIR." if all > 1 else "It is in UPLOAD_DIR.")


def _ill(found: Found, sizes: dict[str, int], patient: Patient) -> Answer:
    gone, asked = len(found.absent), {name: sizes[name] for name in found.absent[:MOST]}
    kept = len(rescue.holders(asked, Path(patient.settings["BACKUP_DIR"])))
    told = f"{gone:,} of {file_count(found.looked)} {are(gone)} not in UPLOAD_DIR, or not whole."
    if gone > len(asked):
        return broken(
            f"{told} Of the newest {len(asked):,} of them backups have {kept:,}.", f"{BRING_BACK}; {NAME_THEM}"
        )
    lost = gone - kept
    if not lost:
        return broken(f"{told} The backups have all of them.", BRING_BACK)
    told += f" {file_count(lost)} {are(lost)} lost: no backup in BACKUP_DIR has {'it' if lost == 1 else 'them'}."
    return broken(told, f"{BRING_BACK}; {NAME_THEM}" if kept else NAME_THEM)
