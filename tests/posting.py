"""A desk at work: the real server with the cast at it, and people who post without a pause."""

import http.client
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import delete

from informejo import create_app, db, policy, signals
from informejo.accounts import queries, session_actions
from informejo.db import commit
from informejo.events import log
from informejo.events.models import LogEpoch
from informejo.tickets import actions
from informejo.tickets.files import place
from informejo.tickets.models import Attachment
from tests import world as cast
from tests.server import ROOT, Server
from tests.waiting import until


class Desk:
    """A server, and `app` on its database, through which tests look and act as if in another process."""

    def __init__(self, folder: Path, **settings):
        folder.mkdir()
        self.server = Server(folder, BACKUP_DIR=folder / "backups", **settings)
        self.database, self.uploads, self.backups = folder / "desk.db", folder / "files", folder / "backups"
        self.app = create_app({name: self.server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR")})
        signals.recorded.disconnect(self.app.extensions["broadcast"].ring)
        signals.noticed.disconnect(self.app.extensions["broadcast"].notice)

    def populate(self):
        self.server.upgrade()
        with self.app.app_context():
            db.session.execute(delete(LogEpoch))  # the cast brings its own
            world = cast.populate()
            self.cookies = {name: sign_in(getattr(world, name)) for name in ("mia", "tom", "ana", "ren")}
            self.ticket = world.ticket().id
        self.leave()

    def copy(self, folder: Path) -> "Desk":
        """Another desk, equal to this one."""
        other = Desk(folder)
        shutil.copyfile(self.database, other.database)
        other.cookies, other.ticket = self.cookies, self.ticket
        return other

    def leave(self):
        """Let go of the database: a connection that stays open is one more that uses it."""
        with self.app.app_context():
            db.session.remove()
            db.engine().dispose()

    def attach(self, stored_name: str, content: bytes):
        """A file with the ticket's description, under the token `t0ken`; committed."""
        place(self.uploads, stored_name).parent.mkdir(parents=True)
        place(self.uploads, stored_name).write_bytes(content)
        with self.app.app_context():
            ren = queries.user_by_email("ren@example.org")
            kept = {"token": "t0ken", "name": "printer.txt", "media_type": "text/plain", "size": len(content)}
            db.session.add(Attachment(ticket_id=self.ticket, uploader=ren, stored_name=stored_name, **kept))
            commit()
        self.leave()

    def comment(self, body: str):
        """Mia says so; committed."""
        with self.app.app_context():
            mia = queries.user_by_email("mia@example.org")
            actions.add_comment(mia, policy.find_ticket(mia, self.ticket), body=body)
            commit()
        self.leave()

    def sign_in(self, name: str) -> str:
        """The header of a new sign-in of that person; committed."""
        with self.app.app_context():
            cookie = sign_in(queries.user_by_email(f"{name}@example.org"))
        self.leave()
        return cookie

    def bookmark(self) -> str:
        """Where a browser of the staff stands now."""
        with self.app.app_context():
            bookmark = str(log.bookmark())
        self.leave()
        return bookmark

    def says(self, text: str) -> bool:
        """Whether the database holds a comment of those words."""
        with closing(sqlite3.connect(self.database)) as database:
            return bool(database.execute("SELECT 1 FROM comments WHERE body = ?", (text,)).fetchone())

    def kill_when(self, condition, *words: str):
        """Begin a command, and kill it when the condition holds."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        attempt = subprocess.Popen(command, cwd=ROOT, env=os.environ | self.server.settings)
        until(condition, 30, every=0.002)  # or it may be over before
        attempt.kill()
        assert attempt.wait(30) == -signal.SIGKILL, "it was done before it could be killed"

    def backup(self) -> Path:
        """The folder of a new backup."""
        self.server.flask("backup").check_returncode()
        return max(self.backups.iterdir())


class Poster(threading.Thread):
    """Comments on the ticket `per_second` times; `acknowledged` has the texts, `seconds` how long each took."""

    def __init__(self, desk: Desk, name: str, per_second: float = 3):
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.seconds: list[float] = []
        self.refused: list[int] = []
        self._desk, self._name, self._pause, self._leaving = desk, name, 1 / per_second, threading.Event()
        self.start()

    def run(self):
        line = http.client.HTTPConnection("127.0.0.1", self._desk.server.port, timeout=30)
        while not self._leaving.wait(self._pause):
            text, began = f"{self._name} {len(self.seconds)}", time.monotonic()
            answer = post(
                line, f"/tickets/{self._desk.ticket}/comments", {"body": text}, self._desk.cookies[self._name]
            )
            self.seconds.append(time.monotonic() - began)
            if answer == 303:
                self.acknowledged.append(text)
            else:
                self.refused.append(answer)
        line.close()

    def leave(self):
        self._leaving.set()
        self.join(30)


def sign_in(user) -> str:
    """The header of somebody who is signed in; committed."""
    token = session_actions.start_session(user, "test")
    commit()
    return f"informejo={token}"


def post(line: http.client.HTTPConnection, path: str, form: dict, cookie: str) -> int:
    """The status of the answer."""
    fields = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    line.request("POST", path, urlencode(form), fields)
    answer = line.getresponse()
    answer.read()
    return answer.status


def get(desk: Desk, path: str, cookie: str, **fields: str) -> tuple[int, bytes]:
    """Status and content."""
    line = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=30)
    line.request("GET", path, headers={"Cookie": cookie} | {name.replace("_", "-"): fields[name] for name in fields})
    answer = line.getresponse()
    content = answer.read() if answer.getheader("Content-Type") != "text/event-stream; charset=utf-8" else b""
    while answer.fp and b"event: ready" not in content:
        content += answer.readline()
    line.close()
    return answer.status, content
