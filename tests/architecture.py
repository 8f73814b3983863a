"""The layer table of docs/architecture.md and its rules, as functions that name what in a module breaks them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "informejo"

GROUND, TABLES, LAW, DOMAIN, READERS, WEB, DOORS, ROOF = range(8)
OUTSIDE = {"app", "gunicorn.conf"}

# A module may import its own layer and those above it in this table; the roof, everything. `*` is every feature.
LAYERS = {
    GROUND: "addresses clamd clock config events.names faults guests.codes i18n intake.imap intake.mailboxes"
    " intake.troubles limits live.backlog live.bookmark live.held live.hub live.listeners live.subscription live.wire"
    " mail.fields mail.redaction mail.signatures mail.smtp mail.smtp_server mail.words markdown meanwhile metrics"
    " mime.addresses mime.appointments mime.bodies mime.charsets mime.display mime.entities mime.flowing mime.guards"
    " mime.headers mime.html mime.markup mime.names mime.parsing mime.plain mime.quotes mime.quoting"
    " mime.reports mime.sealed mime.transfer mime.writing offload paging settings.colours shelf signals"
    " sso.asking sso.claims sso.discovery sso.flow sso.providers sso.tokens text tickets.media_types version"
    " zipping",
    TABLES: "*.models built_once db folding glance ids settings.saved slow_reads tickets.words turns",
    LAW: "events.log policy",
    DOMAIN: "*.actions *.queries accounts.passwords accounts.sign_ins audit.accesses audit.sentences desk.stats"
    " events.sentences intake.bringing intake.mailed_back mail.choices mail.mentions mail.recipients tickets.files"
    " tickets.filters tickets.quotas tickets.scanning tickets.storage"
    " factors.digits",
    READERS: "live.broadcast live.drawings live.echo live.fragments live.mail_makers live.makers live.payload"
    " live.presence live.replay live.seers live.sight mail.account_contents mail.cases mail.claims mail.composing"
    " mail.contents mail.conversation mail.delivering mail.oauth mail.outbox mail.reminders mail.senders mail.threads"
    " mail.verdicts readers.following",
    WEB: "*.checks *.inputs accounts.asked_again accounts.coming_in admin.person_page"
    " accounts.gate accounts.waiting asked_for assets backup.copying backup.exclusive backup.making backup.manifest"
    " backup.rescue backup.restoring cookies counting demo desk.first_steps doctor.examination doctor.probe"
    " downloads drawn error_pages"
    " guests.links intake.fetching intake.inbound intake.original live.opening live.returns logs mail.check_steps"
    " factors.challenges factors.proofs factors.second_step"
    " mail.checking ops.prune own_counts preload rates security serving settings.pages sso.going sso.own sso.refusals"
    " templating tickets.addressing"
    " tickets.conflict_page tickets.rechecking tickets.ticket_page tickets.trail uploads web",
    DOORS: "*.commands *.views api cli live.quick_door live.stream work",
    ROOF: "*.__init__",
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names.split()}

VIEWER = {"flask.g", "flask.request", "flask.session"}
GEVENT_BELONGS_IN = {"gunicorn.conf", "live.hub", "offload"}


class Module(NamedTuple):
    """A source file: its dotted name within the package, such as `tickets.views`, and its syntax tree."""

    name: str
    tree: ast.Module

    @property
    def layer(self) -> int:
        return layer_of(self.name)

    @property
    def feature(self) -> str:
        return self.name.partition(".")[0]

    @property
    def kind(self) -> str:
        return kind_of(self.name)


def layers() -> list[tuple[int, list[str]]]:
    """The table, without what has a place in it and is not there yet."""
    names = [module.name for module in modules()]
    there = {name.removesuffix(".__init__") for name in names} | {f"*.{kind_of(name)}" for name in names}
    return [(layer, sorted(there.intersection(known.split()))) for layer, known in LAYERS.items()]


@cache
def modules() -> list[Module]:
    """All of the package, and the files beside it that start it; read by the first test that asks."""
    inside = (ROOT / PACKAGE).rglob("*.py")
    return [_read(path) for path in [*inside, ROOT / "app.py", ROOT / "gunicorn.conf.py"] if path.exists()]


def _read(path: Path) -> Module:
    steps = path.relative_to(ROOT).with_suffix("").parts
    return Module(".".join(steps).removeprefix(f"{PACKAGE}."), ast.parse(path.read_text(encoding="utf-8"), str(path)))


def layer_of(name: str) -> int:
    """The layer of a dotted name, which may lead on into a module: `tickets.models.Ticket` is of the tables.

    A package itself is of the roof, because importing it runs what wires the feature.
    """
    steps = name.split(".")
    for end in range(1, len(steps) + 1):
        for known in (".".join(steps[:end]), f"*.{kind_of(steps[end - 1])}"):
            if known in LAYER_OF:
                return LAYER_OF[known]
    return ROOF


def kind_of(name: str) -> str:
    """The fixed part of a module's name: `tickets.views` and `tickets.file_views` are both `views`."""
    return re.split(r"\.|(?<=[a-z])_(?=[a-z])", name)[-1]


@cache
def imports(module: Module) -> list[str]:
    """Every name the module imports, wherever the import stands: `flask.request`, `informejo.tickets.models.Ticket`."""
    found = [node for node in ast.walk(module.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return [
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in found
        for alias in node.names
    ]


def own_imports(module: Module) -> Iterator[str]:
    """The same for Informejo's own modules, without the package's name."""
    return (name.removeprefix(f"{PACKAGE}.") for name in imports(module) if name.startswith(f"{PACKAGE}."))


@cache
def attributes(module: Module) -> list[str]:
    """Every attribute as it is written: `flask.request`, `Ticket.query`."""
    return [ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]


@cache
def calls(module: Module) -> list[tuple[str, list[str]]]:
    """Every call, what is called and its positional arguments as written: `("db.session.get", ["Ticket", "7"])`."""
    found = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(node.func), [ast.unparse(argument) for argument in node.args]) for node in found]


# The rules.


def lower_layers(module: Module) -> Iterator[str]:
    return (name for name in own_imports(module) if layer_of(name) > module.layer)


def actions_outside_actions(module: Module) -> Iterator[str]:
    if module.layer == DOMAIN and module.kind != "actions":
        yield from (
            name
            for name in own_imports(module)
            if layer_of(name) == DOMAIN and "actions" in map(kind_of, name.split("."))
        )


def other_readers(module: Module) -> Iterator[str]:
    if module.layer == READERS:
        readers = (name for name in own_imports(module) if layer_of(name) == READERS)
        yield from (name for name in readers if not name.startswith(f"{module.feature}."))


def other_doors(module: Module) -> Iterator[str]:
    if module.layer == DOORS:
        yield from (name for name in own_imports(module) if layer_of(name) == DOORS)


def frameworks_in_the_ground(module: Module) -> Iterator[str]:
    if module.layer == GROUND:
        yield from (name for name in imports(module) if name.startswith(("flask", "sqlalchemy")))


def viewer_below_the_web(module: Module) -> Iterator[str]:
    if module.layer < WEB:
        yield from VIEWER.intersection([*imports(module), *attributes(module)])


def gevent_elsewhere(module: Module) -> Iterator[str]:
    if module.name not in GEVENT_BELONGS_IN:
        yield from (name for name in imports(module) if name.partition(".")[0] == "gevent")


def commits_elsewhere(module: Module) -> Iterator[str]:
    if module.name != "db":
        committing = (called for called, _ in calls(module) if called.endswith(".commit"))
        yield from (called for called in committing if called != "db.commit")


def texts_compared_by_the_database(module: Module) -> Iterator[str]:
    """Each database folds in its own way, and SQLite beyond ASCII in none."""
    folds = {"icontains", "istartswith", "iendswith", "ilike", "regexp_match", "collate"}
    for called, _ in calls(module):
        if called.rpartition(".")[2] in folds or called in {"func.lower", "func.upper"}:
            yield called


def tickets_past_the_policy(module: Module) -> Iterator[str]:
    if module.feature == "policy" or module.kind == "queries":
        return
    # A reader draws for channels the policy has opened already, so it may look one ticket up by its number.
    look_ups = {"select", "query"} if module.layer == READERS else {"select", "query", "get", "get_or_404"}
    for called, arguments in calls(module):
        if called.rpartition(".")[2] in look_ups and "Ticket" in arguments:
            yield f"{called}({', '.join(arguments)})"
    yield from (name for name in attributes(module) if name.endswith("Ticket.query"))
