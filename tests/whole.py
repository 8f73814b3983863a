"""How much is tried of what can be tried without end: a part each time, and all with WHOLE=yes (bench/README.md)."""

import os

WHOLE = os.environ.get("WHOLE") == "yes"
