"""Which mistakes no test would notice. `python -m bench.mutants sessions sso` tries those of two rooms."""

import argparse
import ast
import difflib
from collections import Counter

from bench.mutants.tried import ROOT, Tried, tried

SSO = "tokens claims checks flow asking own providers queries discovery"
# A room: its modules, and the tests that say what it is for, as far as they need no server and no browser.
ROOMS = {
    "sessions": (
        ["informejo/accounts/sign_ins.py", "informejo/live/opening.py"],
        ["tests/accounts/test_sign_ins.py", "tests/accounts/test_sign_in.py", "tests/factors/test_demanded.py",
         "tests/live/test_opening.py", "tests/live/test_stream.py", "tests/live/test_once.py"],
    ),
    "links": ([f"informejo/guests/{name}.py" for name in ("links", "link_queries", "link_actions", "codes")],
              ["tests/guests"]),
    "sso": ([f"informejo/sso/{name}.py" for name in SSO.split()], ["tests/sso"]),
    "policy": (
        [str(path.relative_to(ROOT)) for path in sorted((ROOT / "informejo/policy").glob("*.py"))],
        ["tests/policy", "tests/test_sight.py",
         "tests/live/test_sight.py", "tests/live/test_who_sees.py", "tests/live/test_people.py", "tests/test_rights.py",
         "tests/teams", "tests/guests", "tests/audit", "tests/desk", "tests/mail/test_recipients.py",
         "tests/mail/test_mentions.py", "tests/admin", "tests/accounts/test_leaving.py", "tests/test_docs.py"],
    ),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("room", nargs="*", metavar="|".join(ROOMS), help="by default all")
    for room in parser.parse_args().room or ROOMS:
        counted = Counter()
        for one in tried(*ROOMS[room]):
            counted[one.module, one.came] += 1
            if one.came == "survived":
                print(_said(one), flush=True)
        for (module, came), count in sorted(counted.items()):
            print(f"{module}: {count} {came}", flush=True)


def _said(one: Tried) -> str:
    was, now = (ast.unparse(ast.parse(text)).splitlines() for text in (one.mutant.was, one.mutant.now))
    changes = list(difflib.unified_diff(was, now, n=0, lineterm=""))[3:]
    return "\n".join([f"{one.module}:{one.mutant.line} {one.mutant.kind}", *changes])


if __name__ == "__main__":
    main()
