"""A real IMAP server of the test's own: Dovecot with one account, on private ports, stopped by its process id."""

import getpass
import grp
import os
import secrets
import ssl
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tests.ports import free_port
from tests.waiting import until

ADDRESS, PASSWORD = "help@example.org", "secret/word@1"  # what a password may hold, and an address must not
CONFIGURATION = """\
base_dir = {run}/base
state_dir = {run}/base
log_path = {run}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
default_client_limit = 100
default_process_limit = 20
first_valid_uid = 1
mail_uid = {user}
mail_gid = {group}
mail_location = maildir:{run}/mail
mail_fsync = never
ssl = yes
ssl_cert = <{run}/server.pem
ssl_key = <{run}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {run}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={run}/home allow_all_users=yes
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  {chroot}
}}
"""


@contextmanager
def running():
    """An empty mailbox on a server that runs as long as the block lasts; TLS of this process trusts it."""
    server, before = Dovecot(), os.environ.get("SSL_CERT_FILE")
    server.start()
    os.environ["SSL_CERT_FILE"] = str(server.authority)
    try:
        yield server
    finally:
        os.environ.pop("SSL_CERT_FILE") if before is None else os.environ.update(SSL_CERT_FILE=before)
        server.stop()
        server.forget()


class Dovecot:
    """`authority` is the certificate that a client has to trust."""

    def __init__(self):
        self._folder = TemporaryDirectory(prefix="dovecot-")  # not below pytest's: others than root must get there
        self.folder = Path(self._folder.name)
        self.folder.chmod(0o755)
        self.authority, self.log = self.folder / "server.pem", self.folder / "dovecot.log"
        self.plain_port, self.tls_port = free_port(), free_port()
        self._process, self._delivered = None, 0
        for place in ("home", "mail", "mail/new", "mail/cur", "mail/tmp"):
            (self.folder / place).mkdir()
            (self.folder / place).chmod(0o777)
        make_certificate(self.authority, self.folder / "server.key")
        self.set_password(PASSWORD)
        ports = {"plain_port": self.plain_port, "tls_port": self.tls_port}
        text = CONFIGURATION.format(run=self.folder, **_accounts(), **ports)
        (self.folder / "dovecot.conf").write_text(text)

    def start(self):
        command = ["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers)

    def stop(self):
        """It ends, and what lies in it stays."""
        self._process.terminate()
        self._process.wait(20)

    def forget(self):
        self._folder.cleanup()

    def set_password(self, password: str):
        (self.folder / "users").write_text(f"{ADDRESS}:{{PLAIN}}{password}::::::\n")
        (self.folder / "users").chmod(0o644)  # whatever the umask: what asks it runs as somebody else

    def deliver(self, *mails: bytes):
        """As a mail server does it: each stands there whole, or not at all. The order is kept."""
        for mail in mails:
            self._delivered += 1
            name = f"{1_800_000_000 + self._delivered}.{self._delivered}.test"
            (self.folder / "mail/tmp" / name).write_bytes(mail)
            (self.folder / "mail/tmp" / name).chmod(0o666)
            (self.folder / "mail/tmp" / name).rename(self.folder / "mail/new" / name)

    def number_anew(self):
        """Another UIDVALIDITY, as after a server lost its index and made a new one."""
        for name in self.folder.glob("mail/dovecot*"):
            name.unlink()
        ids = self.folder / "mail/dovecot-uidlist"
        ids.write_text(f"3 V{secrets.randbelow(2**31)} N1 G{secrets.token_hex(16)}\n")
        ids.chmod(0o666)

    def empty(self):
        """As new."""
        for place in ("new", "cur"):
            for path in (self.folder / "mail" / place).iterdir():
                path.unlink()
        self.number_anew()

    def left(self) -> int:
        """How many mails lie in it."""
        return sum(len(list((self.folder / "mail" / place).iterdir())) for place in ("new", "cur"))

    def setting(self, tls: bool = False, folder: str = "INBOX", password: str = PASSWORD) -> str:
        """What MAILBOXES has to say."""
        scheme, port = ("imaps", self.tls_port) if tls else ("imap", self.plain_port)
        return f"{scheme}://{quote(ADDRESS)}:{quote(password, safe='')}@localhost:{port}/{folder}"

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            ssl.get_server_certificate(("127.0.0.1", self.tls_port), timeout=5)
        except OSError:
            return False
        return True


def _accounts() -> dict[str, str]:
    """Whom its processes run as. Started by root it insists on others."""
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    if os.geteuid():
        own = {"internal_user": user, "internal_group": group, "login_user": user, "chroot": "chroot ="}
        return own | {"user": user, "group": group}
    installed = {"internal_user": "dovecot", "internal_group": "dovecot", "login_user": "dovenull", "chroot": ""}
    return installed | {"user": "nobody", "group": "nogroup"}


def make_certificate(certificate: Path, key: Path):
    """One for localhost that is signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
