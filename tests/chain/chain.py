"""The whole way from browser to worker: HAProxy and nginx with the shipped files, on loopback ports of their own."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.ports import free_port
from tests.server import ROOT, Server

NAME = "help.example.org"
ADDRESS = f"https://{NAME}"
SETTINGS = {"PUBLIC_URL": ADDRESS, "TRUSTED_PROXIES": 1}  # as docs/deployment.md says, with and without HAProxy
# What Debian's nginx.conf has around a site, in a folder of its own.
AROUND_SITE = """worker_processes 2;
{user}error_log {folder}/nginx.log;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    sendfile on;
    tcp_nopush on;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {more}
    include {folder}/site.conf;
}}
"""


class Chain:
    """`nginx` and `haproxy` are programs that can be started, stopped and reloaded; `server` is the worker behind them.

    `more` stands beside the site in nginx's http block.
    """

    def __init__(self, folder: Path, server: Server, more: str = ""):
        self.server = server
        make_certificate(folder)
        self.plain, self.proxied = free_port(), free_port()
        nginx, haproxy = free_port(), free_port()
        as_root = "user root;\n" if os.getuid() == 0 else ""  # the folder is private
        (folder / "nginx.conf").write_text(AROUND_SITE.format(folder=folder, user=as_root, more=more))
        changes = nginx_changes(folder, server.port, self.plain, nginx, self.proxied)
        (folder / "site.conf").write_text(rendered("nginx.conf", changes))
        self.haproxy_plain = free_port()
        changes = haproxy_changes(folder, self.haproxy_plain, haproxy, self.proxied)
        (folder / "haproxy.cfg").write_text(rendered("haproxy.cfg", changes))
        nginx_command = ["nginx", "-p", folder, "-c", "nginx.conf", "-g", "daemon off;"]
        self.nginx = Program(nginx_command, nginx, folder / "nginx.out", reload=signal.SIGHUP)
        haproxy_command = ["haproxy", "-W", "-db", "-f", folder / "haproxy.cfg"]
        self.haproxy = Program(haproxy_command, haproxy, folder / "haproxy.out", reload=signal.SIGUSR2)
        self.access_log = folder / "informejo.log"

    def __enter__(self):
        try:
            self.nginx.start()
            self.haproxy.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.haproxy.stop()
        self.nginx.stop()


class Program:
    """One of the proxies, in the foreground; `log` is what it wrote."""

    def __init__(self, command: list, port: int, log: Path, reload: signal.Signals):
        self.port, self.log = port, log
        self._command, self._reload = [str(part) for part in command], reload
        self._process = None

    def start(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not _listens(self.port):
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        self._process.send_signal(self._reload)


def make_certificate(folder: Path):
    """A key and a certificate for NAME that it signs itself; for HAProxy both in one file."""
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "both.pem").write_text(certificate.read_text() + key.read_text())


def nginx_changes(folder: Path, worker: int, plain: int, port: int, proxied: int) -> dict[str, str]:
    """What an operator would change in nginx.conf, and the ports that a test may not take."""
    return {
        "server 127.0.0.1:3003": f"server 127.0.0.1:{worker}",
        "listen 80 ": f"listen 127.0.0.1:{plain} ",
        "listen [::]:80 ": f"listen 127.0.0.1:{free_port()} ",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "listen [::]:443 ": f"listen 127.0.0.1:{free_port()} ",
        "# listen 127.0.0.1:8080 ": f"listen 127.0.0.1:{proxied} ",
        "/etc/ssl/informejo/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
        "root /opt/informejo/current": f"root {ROOT}",
    }


def haproxy_changes(folder: Path, plain: int, port: int, proxied: int) -> dict[str, str]:
    """The same for haproxy.cfg; it also keeps its user, is smaller, and logs to its standard output."""
    return {
        "log /dev/log local0": "log stdout format raw local0",
        "    chroot /var/lib/haproxy\n    user haproxy\n    group haproxy\n": "",
        "maxconn 12000": "maxconn 2000",  # a test may not have so many files open
        "bind :80": f"bind 127.0.0.1:{plain}",
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/haproxy/certs/informejo.pem": f"{folder}/both.pem",
        "server nginx 127.0.0.1:8080": f"server nginx 127.0.0.1:{proxied}",
    }


def rendered(file: str, changes: dict[str, str]) -> str:
    """The shipped file with nothing but these changes, each of which it must offer."""
    text = (ROOT / "deploy" / file).read_text(encoding="utf-8")
    for shipped, ours in changes.items():
        assert shipped in text, f"{file} has no {shipped!r}"
        text = text.replace(shipped, ours)
    return text


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
