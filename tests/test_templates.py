"""Templates parse, live partials say what they need and know nothing of the viewer, and nothing in them is inline."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, meta, nodes

from informejo import templating

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
NAMES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
PARTIALS = [name for name in NAMES if "/_" in name and not name.startswith("layout/")]
MACROS = "macros.html"

# The same for everybody, so a partial may use them without naming them; the app provides them.
GLOBALS = {"asset", "config", "drawn_once", "limits", "words"}
FILTERS = {"deeds", "excerpt", "filesize", "folded", "iso", "markdown", "moment", "unfolded"}
VIEWER = {"g", "get_flashed_messages", "may", "me", "request", "session", "url_for"}

# What the content security policy would block in the browser: a pattern, and an example it has to find.
FORBIDDEN = {
    "hx-on": (r"hx-on\b", '<b data-hx-on:click="x">'),
    "an event handler": (r"\son[a-z]+\s*=", '<b\nonclick="x">'),
    "a js: value": (r"""=\s*["']\s*(js|javascript):""", "<b hx-vals='js:{a: 1}'>"),
    "a style attribute": (r"\sstyle\s*=", '<b class="a" style="color: red">'),
    "an inline script": (r"<script\b(?![^>]*\ssrc=)", '<script type="module">'),
    "an inline stylesheet": (r"<style\b", "<style>"),
    "a filter in brackets": (r"""hx-trigger\S*\s*=\s*("[^"]*\[|'[^']*\[)""", '<b hx-trigger="click[ctrlKey]">'),
}
INNOCENT = """<link rel="stylesheet" href="/a.css"><script src="/a.js" defer></script>
<b class="style" data-on="x" hx-trigger="desk-changed from:body throttle:1s" hx-vals='{"a": [1]}'>on = style</b>"""

environment = Environment(autoescape=True)
environment.filters |= dict.fromkeys(FILTERS, str)


def test_there_are_templates_to_read():
    assert NAMES
    assert PARTIALS


@pytest.mark.parametrize("name", NAMES)
def test_a_template_parses(name):
    assert tree(name).body


@pytest.mark.parametrize("name", PARTIALS)
def test_a_partial_names_in_its_first_line_exactly_what_it_needs(name):
    assert named(name) == needs(name) - GLOBALS - set(environment.globals)


@pytest.mark.parametrize("name", [*PARTIALS, MACROS])
def test_a_partial_knows_nothing_of_the_viewer(name):
    assert not VIEWER & needs(name)
    imports = tree(name).find_all((nodes.Import, nodes.FromImport))
    assert not [node for node in imports if node.with_context], "an import with context lets the viewer in"


def test_a_frame_sets_nothing_that_would_take_the_place_of_what_a_page_calls_so():
    extends = (each.template for name in NAMES for each in tree(name).find_all(nodes.Extends))
    frames = {template.value for template in extends if isinstance(template, nodes.Const)}
    assert "base.html" in frames
    assert {name: found for name in frames if (found := sorted(set_for_pages(tree(name))))} == {}
    assert set(set_for_pages(environment.parse("{% if a %}{% set b = 1 %}{% endif %}"))) == {"b"}


@pytest.mark.hardening("S-03")
@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_nothing_inline(name):
    assert not inline(source(name))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_inline_patterns_find_a_planted_example_and_only_that(what):
    _, planted = FORBIDDEN[what]
    assert inline(planted) == [what]
    assert not inline(INNOCENT)


@pytest.mark.hardening("S-01", "W-13")
@pytest.mark.parametrize("name", NAMES)
def test_no_template_turns_escaping_off(name):
    assert "safe" not in {node.name for node in tree(name).find_all(nodes.Filter)}
    assert not list(tree(name).find_all(nodes.EvalContextModifier))


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def tree(name: str) -> nodes.Template:
    return environment.parse(source(name), name)


def set_for_pages(node: nodes.Node) -> Iterator[str]:
    """The names that a frame sets for whatever stands in it: blocks, loops and the like have names of their own."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Assign | nodes.AssignBlock):
            names = [child.target] if isinstance(child.target, nodes.Name) else child.target.find_all(nodes.Name)
            yield from (name.name for name in names)
        elif not isinstance(child, nodes.Block | nodes.For | nodes.With | nodes.Macro | nodes.CallBlock):
            yield from set_for_pages(child)


def named(name: str) -> set[str]:
    """The names in the partial's first line, `{# needs: comment, audience #}`; `{# needs: nothing #}` names none."""
    first = source(name).partition("\n")[0]
    line = re.fullmatch(r"\{# needs: (\w+(?:, \w+)*) #\}", first)
    assert line, f"{name} begins with {first!r}"
    return set(line[1].split(", ")) - {"nothing"}


def needs(name: str) -> set[str]:
    """The names the template looks up but does not set, together with those of the templates it includes."""
    parsed = tree(name)
    bound = {node.name for node in parsed.find_all(nodes.Name) if node.ctx != "load"}
    assigned = {node.target.name for node in parsed.find_all(nodes.Assign) if isinstance(node.target, nodes.Name)}
    included = [node.template.as_const() for node in parsed.find_all(nodes.Include)]
    passed_on = set().union(*map(needs, included))
    # Jinja counts a name that is set within an `if` as undeclared too.
    return meta.find_undeclared_variables(parsed) - assigned | passed_on - bound


def inline(text: str) -> list[str]:
    """What is forbidden in the markup that is left without comments, statements and expressions."""
    markup = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    return [what for what, (pattern, _) in FORBIDDEN.items() if re.search(pattern, markup, re.IGNORECASE)]


def test_whoever_changes_a_template_sees_the_change_though_the_old_one_was_compiled():
    texts, compiled = {"page": "old"}, templating.Compiled()

    def drawn() -> str:
        return (
            Environment(loader=DictLoader(texts), bytecode_cache=compiled, autoescape=True)
            .get_template("page")
            .render()
        )

    assert drawn() == "old"
    texts["page"] = "new"
    assert drawn() == "new"
    assert drawn() == "new"
