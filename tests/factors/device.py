"""A device that keeps a passkey, as far as a browser lets a page see it (WebAuthn Level 3, 6.5 and 7)."""

import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Device:
    """One passkey; what it answers can be turned wrong in every way that a test asks for."""

    def __init__(self, origin: str = "http://localhost:3003", rp: str = "localhost"):
        self.origin, self.rp, self.count = origin, rp, 0
        self.key, self.id, self.owner = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), None

    def elsewhere(self, **place: str) -> "Device":
        """The same key, on another site."""
        vars(self).update(place)
        return self

    def make(self, options: dict, flags: int = PRESENT | VERIFIED) -> str:
        """The answer to navigator.credentials.create()."""
        self.owner = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(key)
        seen = self._seen(flags | ATTESTED) + attested
        response = {"attestationObject": cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": seen})}
        return self._answer(response, self._client("webauthn.create", options))

    def use(self, options: dict, flags: int = PRESENT | VERIFIED, **wrong) -> str:
        """The answer to navigator.credentials.get()."""
        self.count += 1
        client, seen = self._client("webauthn.get", options), self._seen(flags)
        signed = self.key.sign(seen + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": seen, "signature": signed, "userHandle": self.owner} | wrong
        return self._answer(response, client)

    def _seen(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, options: dict) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, bytes], client: bytes) -> str:
        response = {name: bytes_to_base64url(value) for name, value in {**response, "clientDataJSON": client}.items()}
        id = bytes_to_base64url(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": response})
