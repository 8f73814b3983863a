"""A provider of our own that signs whatever it is told to, and answers whatever it is told to."""

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

CLAIMS = {"sub": "nia", "name": "Nia Okafor", "email": "nia@example.org", "email_verified": True}


class Liar:
    """It runs from `with` on. `behave` has it tell the truth again."""

    def __init__(self):
        self.key, self.foreign = (RSAKey.generate_key(2048, {"kid": "a", "use": "sig"}) for _ in "ab")
        self.behave()

    def __enter__(self):
        self._server = ThreadingHTTPServer(("localhost", 0), _Handler)
        self._server.liar = self
        self.issuer = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def behave(self):
        """Tell the truth from here on, and forget who asked for what."""
        self.asked, self.claims, self.lies, self.header = [], {}, {}, {"alg": "RS256", "kid": "a"}
        self.signing, self.shown, self.nonce = self.key, [self.key], ""

    def answer(self, path: str, fields: dict) -> tuple[int, dict[str, str], bytes]:
        """What it says to a request; `lies` says something else for a path."""
        self.asked.append((path, fields))
        lie = self.lies.get(path)
        if callable(lie):
            return lie()
        told = lie if lie is not None else getattr(self, path.strip("/.").replace("-", "_").replace("/", "_"))()
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()

    def well_known_openid_configuration(self) -> dict:
        names = ("authorization", "token", "userinfo", "end_session")
        places = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in names}
        return places | {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}

    def keys(self) -> dict:
        return {"keys": [key.as_dict(private=False) for key in self.shown]}

    def userinfo(self) -> dict:
        return {"sub": self.all_claims()["sub"]}

    def token(self) -> dict:
        return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.id_token()}

    def all_claims(self) -> dict:
        now = int(time.time())
        own = {"iss": self.issuer, "aud": "desk", "iat": now, "exp": now + 60, "nonce": self.nonce, "auth_time": now}
        return {name: value for name, value in (CLAIMS | own | self.claims).items() if value is not None}

    def id_token(self) -> str:
        if self.header["alg"] in ("none", "HS256"):
            return self._weak_token()
        return jwt.encode(self.header, self.all_claims(), self.signing, algorithms=[self.header["alg"]])

    def _weak_token(self) -> str:
        """Without a signature, or with one whose key is public; no library makes such."""
        said = ".".join(_written(json.dumps(part).encode()) for part in (self.header, self.all_claims()))
        signature = hmac.digest(self.key.as_pem(private=False), said.encode(), "sha256")
        return f"{said}.{_written(signature) if self.header['alg'] == 'HS256' else ''}"


def _written(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer({name: values[0] for name, values in parse_qs(body).items()})

    def _answer(self, fields: dict):
        status, headers, body = self.server.liar.answer(self.path, fields)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass
