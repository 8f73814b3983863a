"""Mail servers that behave badly, on private ports of this machine."""

import socket
import threading
import time


class Silent:
    """Says `words`, each after something was said to it but the first, and then nothing more; or hangs up."""

    def __init__(self, *words: bytes, hang_up: bool = False):
        self._words, self._hang_up = words, hang_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.port = self._listener.getsockname()[1]
        self.began = self.talks = False

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._listener.close()

    def _serve(self):
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.talks = True
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket):
        with client:
            for place, word in enumerate(self._words):
                if place and not client.recv(10_000):
                    return
                client.sendall(word)
            if not self._hang_up:
                self._over.wait(60)


class Dripping(Silent):
    """Begins to say something and never comes to the end of it, though there is always a little more."""

    def _talk(self, client: socket.socket):
        with client:
            client.sendall(b"* OK ")
            self.began = True
            try:
                while not self._over.is_set():
                    client.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                return


class Talking(Silent):
    """An IMAP server that knows XOAUTH2 and an empty folder, and no more; `heard` is what was said to it."""

    def __init__(self, is_taken: bool, refusal: bytes):
        super().__init__()
        self._is_taken, self._refusal, self.heard = is_taken, refusal, []

    def _talk(self, client: socket.socket):
        with client, client.makefile("rwb", buffering=0) as lines:
            lines.write(b"* OK ready\r\n")
            while line := lines.readline():
                self.heard.append(line.strip())
                tag, _, words = line.strip().partition(b" ")
                if words.startswith(b"CAPABILITY"):
                    lines.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 UIDPLUS\r\n" + tag + b" OK done\r\n")
                elif words.startswith(b"AUTHENTICATE"):
                    self._sign_in(lines, tag)
                elif words.startswith(b"SELECT"):
                    lines.write(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n" + tag + b" OK done\r\n")
                elif words.startswith(b"UID SEARCH"):
                    lines.write(b"* SEARCH\r\n" + tag + b" OK done\r\n")
                else:
                    lines.write(b"* BYE\r\n" + tag + b" OK done\r\n")

    def _sign_in(self, lines, tag: bytes):
        lines.write(b"+ \r\n")
        self.heard.append(lines.readline().strip())
        if self._is_taken:
            return lines.write(tag + b" OK signed in\r\n")
        lines.write(b"+ " + self._refusal + b"\r\n")
        self.heard.append(lines.readline().strip())
        return lines.write(tag + b" NO [AUTHENTICATIONFAILED] invalid credentials\r\n")


class Withholding(Talking):
    """One with a single mail, number 9, whose text it does not give; `is_there` until somebody else takes it out."""

    searched = b"9"

    def __init__(self, is_there: bool = True):
        super().__init__(True, b"")
        self._is_there = is_there

    def _talk(self, client: socket.socket):
        with client, client.makefile("rwb", buffering=0) as lines:
            lines.write(b"* OK ready\r\n")
            looks = 0
            while line := lines.readline():
                self.heard.append(line.strip())
                tag, _, words = line.strip().partition(b" ")
                looks += b"RFC822.SIZE" in words
                end = b" NO it is damaged\r\n" if self._declines(words) else b" OK done\r\n"
                lines.write(self._said(words, looks) + tag + end)

    def _declines(self, words: bytes) -> bool:
        return False

    def _said(self, words: bytes, looks: int) -> bytes:
        told = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n", b"UID SEARCH": b"* SEARCH %s\r\n" % self.searched}
        told |= {b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n", b"LOGOUT": b"* BYE\r\n"}
        if b"RFC822.SIZE" in words:
            return b"* 1 FETCH (UID 9 RFC822.SIZE 700)\r\n" if self._is_there or looks == 1 else b""
        if b"BODY.PEEK" in words:
            return b"* 1 FETCH (UID 9 BODY[] NIL)\r\n" if self._is_there else b""
        return next((said for word, said in told.items() if words.startswith(word)), b"")


class Damaged(Withholding):
    """One that has number 8, which it cannot read, and number 9, which is whole; `where` it notices: SIZE or BODY."""

    searched = b"8 9"

    def __init__(self, where: bytes):
        super().__init__()
        self._where = where

    def _declines(self, words: bytes) -> bool:
        return self._where in words and b"8" in words.split()[2].split(b",")

    def _said(self, words: bytes, looks: int) -> bytes:
        if self._declines(words):
            return b""
        if b"RFC822.SIZE" in words:
            return b"".join(b"* 1 FETCH (UID %s RFC822.SIZE 9)\r\n" % uid for uid in words.split()[2].split(b","))
        if b"BODY.PEEK" in words:
            return b"* 1 FETCH (UID 9 BODY[] {24}\r\nSubject: Mail 9\r\n\r\nHello)\r\n"
        return super()._said(words, looks)
