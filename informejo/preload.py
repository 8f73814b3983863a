"""What the master loads before it makes a worker, so that one that dies is replaced within a tenth of a second.

Modules and compiled templates alone, which no worker changes: threads, connections and the app are each worker's own.
"""

import gc
import importlib
import pkgutil

from informejo import templating
from informejo.config import ROOT


def everything():
    """Import every module and compile every template."""
    for module in pkgutil.walk_packages([str(ROOT / "informejo")], "informejo."):
        importlib.import_module(module.name)
    templating.compile_beforehand()
    gc.collect()
    gc.freeze()  # the collector writes into all that it looks through, and memory that is written to is shared no more
