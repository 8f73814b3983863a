"""What may be sent about second factors."""

from informejo import limits
from informejo.inputs import Input, line


class NewPasskey(Input):
    """A passkey that a device has made, and what its owner calls it."""

    name: line(limits.PASSKEY, "a name") = "A passkey"
    credential: str = ""
