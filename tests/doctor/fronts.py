"""A real nginx with one front for each way in which what stands before the server can be right or wrong."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.ports import free_port

PASS = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;"
NAMED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;"
# With HTTP/1.0 to the server, nginx cannot see where a piece ends and holds everything until its buffer is full.
BUFFERING = "proxy_http_version 1.0; proxy_set_header Host $http_host; proxy_ignore_headers X-Accel-Buffering;"
LARGE = "proxy_buffer_size 128k; proxy_buffers 8 128k; proxy_busy_buffers_size 256k;"
GZIP = "gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any;"
FRONTS = {
    "good": f"{PASS} {NAMED} proxy_pass $up;",
    "nameless": f"{PASS} proxy_pass $up;",
    "buffering": f"{BUFFERING} {NAMED} proxy_pass $up;",
    "holding": f"{BUFFERING} {LARGE} {NAMED} proxy_pass $up;",
    "compressing": f"{PASS} {NAMED} {GZIP} proxy_pass $up;",
    "another": "return 200 'Welcome to another site.';",
    "dead": "proxy_pass http://127.0.0.1:9;",
    "elsewhere": "proxy_http_version 1.1; proxy_set_header Host internal; proxy_pass $up;",
    "untold": f"{PASS} {NAMED.replace('$scheme', 'http')} proxy_pass $up;",
}
CA = """[ca]
default_ca = one
[one]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


class Fronts:
    """`http["buffering"]` and `https["good"]` are addresses; stop() ends the nginx this started."""

    def __init__(self, folder: Path, to: int, certificates: dict[str, tuple[int, int]]):
        self.http = {name: f"http://127.0.0.1:{free_port()}" for name in FRONTS}
        self.https = {name: f"https://localhost:{free_port()}" for name in certificates}
        self.pem = {name: certificate(folder / name, *days) for name, days in certificates.items()}
        config = folder / "nginx.conf"
        config.write_text(self._config(folder, to))
        command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
        self._nginx = subprocess.Popen(command)

    def stop(self):
        self._nginx.terminate()
        self._nginx.wait(10)

    def _config(self, folder: Path, to: int) -> str:
        servers = [self._server(address, to, FRONTS[name]) for name, address in self.http.items()]
        servers += [
            self._server(address, to, FRONTS.get(name, FRONTS["good"]), self.pem[name])
            for name, address in self.https.items()
        ]
        kept = " ".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off; master_process off; pid {folder}/nginx.pid; events {{}}\n"
            f"http {{ access_log off; {kept}\n{' '.join(servers)} }}\n"
        )

    def _server(self, address: str, to: int, way: str, pem: Path | None = None) -> str:
        port = address.rpartition(":")[2]
        tls = f"listen {port} ssl; ssl_certificate {pem}; ssl_certificate_key {pem};" if pem else f"listen {port};"
        return f"server {{ {tls} set $up http://127.0.0.1:{to}; location / {{ {way} }} }}\n"


def certificate(folder: Path, begins: int, ends: int) -> Path:
    """A file with key and certificate for localhost, valid between these days from now, signed by itself."""
    folder.mkdir()
    (folder / "ca.conf").write_text(CA.format(folder=folder))
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01")
    key, asked, made = folder / "key.pem", folder / "asked.pem", folder / "made.pem"
    start, end = (f"{datetime.now(UTC) + timedelta(days=day):%Y%m%d%H%M%SZ}" for day in (begins, ends))  # noqa: TID251
    for command in (
        f"req -new -newkey rsa:2048 -nodes -keyout {key} -out {asked} -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost",
        f"ca -batch -notext -selfsign -config {folder}/ca.conf -keyfile {key} -in {asked} -out {made}"
        f" -startdate {start} -enddate {end}",
    ):
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    whole = folder / "whole.pem"
    whole.write_text(key.read_text() + made.read_text())
    return whole
