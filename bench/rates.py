"""How often one person may do something while it is measured: few stand for many here."""

from informejo.rates import RATES


def let_each_do_more():
    """Let each person open tickets, write and attach as often as they may change anything."""
    for what in ("ticket", "comment", "file"):
        RATES[what] = RATES[what]._replace(limit=RATES["change"].limit)
