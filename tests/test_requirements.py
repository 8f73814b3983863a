"""The pins are exact and complete: what is imported is named with its reason, and what that needs is pinned too."""

import re
import sys
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture import PACKAGE, ROOT, imports, modules

PIN = re.compile(r"(?P<name>[\w.-]+)(\[\w+])?==[\w.]+(?P<reason> +# \S.*)?")
RUNTIME = "requirements.txt"
FILES = (RUNTIME, "requirements-dev.txt")

# Needed although no module of ours imports them.
NOT_IMPORTED = {"gunicorn", "packaging", "tzdata"}


def pins(file: str, *, direct: bool = False) -> set[str]:
    """The packages pinned in a file; `direct`: only those with a reason beside them."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    matches = [PIN.fullmatch(line) for line in lines if line and not line.startswith(("#", "-r "))]
    assert all(matches), f"{file} has a line that is no exact pin"
    return {canonicalize_name(match["name"]) for match in matches if match["reason"] or not direct}


def imported() -> set[str]:
    """The installed packages that Informejo imports by name."""
    tops = {name.partition(".")[0] for module in modules() for name in imports(module)}
    owners = packages_distributions()
    foreign = tops - set(sys.stdlib_module_names) - {PACKAGE}
    return {canonicalize_name(owner) for top in foreign for owner in owners.get(top, [top])}


def test_what_is_imported_is_pinned_with_its_reason():
    assert imported() <= pins(RUNTIME, direct=True)


def test_what_is_pinned_with_a_reason_is_used():
    assert pins(RUNTIME, direct=True) - NOT_IMPORTED <= imported()


@pytest.mark.parametrize("file", FILES)
def test_what_a_pinned_package_needs_is_pinned_too(file):
    pinned = pins(RUNTIME) | pins(file)
    for name in pinned:
        needs = [Requirement(text) for text in distribution(name).requires or []]
        here = {
            canonicalize_name(need.name) for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        }
        assert here <= pinned, f"{name} brings along more"
