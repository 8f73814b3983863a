"""The tables in docs/ that are the code's own. `python -m tests.tables` writes them anew."""

import re
from functools import partial
from pathlib import Path

from informejo import limits, policy
from informejo.config import OF_A_PROVIDER, ROOT, SETTINGS
from informejo.rates import RATES
from tests import architecture
from tests.security.markers import shown
from tests.security.rows import CLASSES, OPEN

DOCS = ROOT / "docs"


def settings() -> str:
    """Every setting."""
    return _table(
        ("setting", "default", "in a page", "meaning"),
        [
            (f"`{s.name}`", f"`{_shown(s.default)}`", "yes" if s.on_page else "", s.meaning)
            for s in SETTINGS + OF_A_PROVIDER
        ],
    )


def lengths() -> str:
    """Every limit on what is typed."""
    rows = [(name, f"{length.least:,}", f"{length.most:,}") for name, length in limits.FIELDS.items()]
    return _table(("field", "least characters", "most"), rows)


def rates() -> str:
    """What is counted, and how much of it is too much."""
    rows = [(what, _often(rate.limit), rate.whom, rate.why) for what, rate in RATES.items()]
    return _table(("what", "at most", "counted for each", "because"), rows)


def rules() -> str:
    """Who may do what."""
    return _table(("what", "who"), [(f"`{rule.what}`", rule.who) for rule in policy.RULES])


def promises(name: str) -> str:
    """What must hold, of one class, and the tests that show it."""
    tests = shown()
    rows = [
        (id, sentence, "<br>".join(f"`{test}`" for test in tests.get(id, ()))) for id, sentence in CLASSES[name].items()
    ]
    return _table(("id", "what must hold", "shown by"), [row for row in rows if row[2]])


def unshown() -> str:
    """What is not there yet, or not as it should be."""
    sentences = {id: sentence for rows in CLASSES.values() for id, sentence in rows.items()}
    return _table(("id", "what must hold", "what is missing"), [(id, sentences[id], why) for id, why in OPEN.items()])


def layers() -> str:
    """Which module may import which."""
    called = ("ground", "tables", "law and log", "domain", "readers", "web", "doors", "roof")
    rows = [(f"{layer} {called[layer]}", _kinds_and_names(names)) for layer, names in architecture.layers()]
    return _table(("layer", "files"), rows)


TABLES = {
    "architecture.md": {"layers": layers},
    "configuration.md": {"settings": settings, "limits": lengths, "rates": rates},
    "policy.md": {"rules": rules},
    "security.md": {name: partial(promises, name) for name in CLASSES} | {"open": unshown},
}


def written(page: Path) -> str:
    """The page with its tables as they should be."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES[page.name].items():
        between = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, found = between.subn(lambda match, table=table: f"{match[1]}\n{table()}\n{match[2]}", text)
        assert found == 1, f"{page.name} has no place for the table {name}"
    return text


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _kinds_and_names(names: list[str]) -> str:
    kinds = [f"`{name.removeprefix('*.')}`" for name in names if name.startswith("*.")]
    single = [f"`{name}`" for name in names if not name.startswith("*.")]
    return ", ".join([f"every {kind}" for kind in kinds] + single)


def _often(limit) -> str:
    unit = limit.GRANULARITY.name
    return f"{limit.amount} per {unit}" if limit.multiples == 1 else f"{limit.amount} per {limit.multiples} {unit}s"


def _shown(default) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return str(default).replace(f"{ROOT}/", "")


if __name__ == "__main__":
    for name in TABLES:
        (DOCS / name).write_text(written(DOCS / name), encoding="utf-8")
