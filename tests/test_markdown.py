"""Whatever people write cannot act once it is HTML, says what it said, and is drawn quickly."""

import time
from html.parser import HTMLParser
from itertools import takewhile
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from informejo import markdown
from informejo.text import clean_text

ANYTHING = st.text(st.characters(), max_size=200)
MARKS = st.text("[]()<>*_`~!#>-+1. \n\t&;:/\\\"'=ahtpsx\u202e\u00e9", max_size=200)


class Page(HTMLParser):
    """The elements of some HTML with their attributes, and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, words):
        self.text += words

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if "href" in attributes]


def page(typed: str) -> Page:
    return Page(str(markdown.to_html(typed)))


def is_inert(found: Page) -> bool:
    """Whether nothing in it can act: known elements, and no attribute but an outward link."""
    return all(
        tag in markdown.TAGS
        and attributes.keys() <= ({"href", "rel"} if tag == "a" else set())
        and urlsplit(attributes.get("href", "https:")).scheme in {"http", "https", "mailto"}
        for tag, attributes in found.elements
    )


ACTING = [
    "<script>window.pwn=1</script>",
    "<img src=x onerror=window.pwn=1>",
    "<svg onload=window.pwn=1>",
    '<svg><a xlink:href="javascript:pwn()"><text>x</text></a></svg>',
    "<iframe srcdoc='<script>pwn()</script>'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=pwn()>",
    "<noscript><p title='</noscript><img src=x onerror=pwn()>'>",
    "<form action=https://evil.example><button formaction=javascript:pwn()>x</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<link rel=stylesheet href=https://evil.example>",
    "<details open ontoggle=pwn()>",
    "<!--><img src=x onerror=pwn()>-->",
    "<![CDATA[<img src=x onerror=pwn()>]]>",
    "<a href=javascript:pwn()>x</a>",
    '<div hx-get="/users" hx-trigger="load">x</div>',
    '<div data-hx-post="/tickets/1/deletion" data-hx-trigger="load">x</div>',
    '<div hx-on:click="pwn()" hx-on::load="pwn()">x</div>',
    '<div hx-sse:connect="/live" sse-connect="/live">x</div>',
    '<main id="main" hx-swap-oob="true">x</main>',
    '<hx-partial hx-target="#timeline" hx-swap="innerHTML">x</hx-partial>',
    '<template hx type="partial" hx-target="#main">x</template>',
    '</div></div></body><p id="toasts" class="own" data-author="7" style="position:fixed">x',
    "```hx-get=/users class=own\nx\n```",
    '```"><img/src=x/onerror=pwn()>\nx\n```',
    '[x](https://ok.example/"onmouseover="pwn() "t\\" onclick=pwn()")',
    '![x" onerror="pwn()](https://ok.example/x.png)',
    "<https://ok.example/'onclick=pwn()>",
    'https://ok.example/"onclick="pwn()',
    "`<img src=x onerror=pwn()>`",
    "&lt;img src=x onerror=pwn()&gt; &#60;script&#62;",
    "{{ 7 * 7 }} {% raw %} ${pwn()}",
]


@pytest.mark.hardening("H-15", "H-16")
@pytest.mark.parametrize("typed", ACTING)
def test_nothing_that_people_write_can_act(typed):
    assert is_inert(page(typed))


@pytest.mark.parametrize("markup", [m for m in ACTING if m.startswith("<") and not m.startswith("<https")])
def test_markup_is_shown_as_it_was_typed(markup):
    found = page(markup)
    assert "".join(found.text.split()) == "".join(markup.split())


def test_the_check_for_acting_markup_would_notice_it():
    assert not is_inert(Page('<p id="main">'))
    assert not is_inert(Page('<div hx-get="/users">'))
    assert not is_inert(Page('<a href="javascript:pwn()">'))
    assert is_inert(Page('<p><a href="https://ok.example" rel="ugc">x</a></p>'))


@pytest.mark.hardening("H-15", "H-16")
@given(MARKS)
def test_no_combination_of_marks_can_act(typed):
    assert is_inert(page(typed))


@pytest.mark.hardening("L-01")
@given(st.text(st.characters()))
def test_html_holds_no_character_that_could_end_a_line_of_the_live_stream(typed):
    assert not set(markdown.to_html(typed)) & set("\r\0")


@pytest.mark.hardening("H-17", "S-02")
@pytest.mark.parametrize(
    "address",
    [
        "javascript:pwn()",
        "JaVaScRiPt:pwn()",
        "java\tscript:pwn()",
        "java\nscript:pwn()",
        "&#106;avascript:pwn()",
        "\x01javascript:pwn()",
        "javascript&colon;pwn()",
        "data:text/html,<script>pwn()</script>",
        "data:image/svg+xml,<svg onload=pwn()>",
        "vbscript:pwn()",
        "file:///etc/passwd",
        "ms-msdt:/id",
        "//evil.example",
        "/sign-out",
        "#main",
        "",
    ],
)
@pytest.mark.parametrize("link", ["[x]({})", "[x](<{}>)", "<{}>", "![x]({})", "see {}", "[x]: {}\n\n[x]"])
def test_a_link_leads_nowhere_but_to_web_and_mail(address, link):
    assert not page(link.format(address)).links


@pytest.mark.parametrize("address", ["http://ok.example/a?b=c&d", "HTTPS://ok.example", "mailto:ada@ok.example"])
def test_a_link_to_web_or_mail_is_one_and_vouches_for_nothing(address):
    [(_, link)] = [element for element in page(f"[x]({address})").elements if element[0] == "a"]
    assert link == {"href": address, "rel": "nofollow noopener noreferrer ugc"}


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("see https://ok.example/a_b_c, thanks", "https://ok.example/a_b_c"),
        ("(https://ok.example/a)", "https://ok.example/a"),
        ("https://ok.example/a_(b).", "https://ok.example/a_(b)"),
        ("**https://ok.example**", "https://ok.example"),
        ("HTTP://ok.example!", "HTTP://ok.example"),
        ("https://ok.example/ä", "https://ok.example/%C3%A4"),
        ("詳細はhttps://ok.example/aを見て", "https://ok.example/a"),
        ("https://ok.example/a。次", "https://ok.example/a"),
        ("https://ja.ok.example/wiki/日本", "https://ja.ok.example/wiki/%E6%97%A5%E6%9C%AC"),
        ("„https://ok.example/a“ – gut", "https://ok.example/a"),
        ("https://ok.example/a…", "https://ok.example/a"),
        ("<https://ok.example/a>", "https://ok.example/a"),
        ("www.ok.example.", "http://www.ok.example"),
        ("Ana <ana.b@ok.example>;", "mailto:ana.b@ok.example"),
        ("mailto:first_last+x@ok.example,", "mailto:first_last+x@ok.example"),
    ],
)
def test_an_address_in_running_text_becomes_a_link(typed, address):
    assert page(typed).links == [address]


@pytest.mark.parametrize(
    "typed",
    [
        "xhttps://ok.example",
        "`https://ok.example`",
        "https://",
        "://ok.example",
        "http:/x",
        "www.",
        "www.ok",
        "a@b",
        "git@ok.example:a/b.git",
        "@ok.example",
        "a@1.2.3",
    ],
)
def test_what_only_looks_like_an_address_does_not(typed):
    assert not page(typed).links


@pytest.mark.hardening("H-13")
def test_an_image_is_not_fetched_but_linked():
    found = page("![a cat](https://ok.example/cat.png)")
    assert found.links == ["https://ok.example/cat.png"]
    assert found.text.strip() == "a cat"


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("one\ntwo", "<p>one<br>two</p>\n"),
        ("*a* **b** ~~c~~ `d` _e_", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code> <em>e</em></p>\n"),
        ("これは**重要**です", "<p>これは<strong>重要</strong>です</p>\n"),
        ("(**Note:** *now*!)", "<p>(<strong>Note:</strong> <em>now</em>!)</p>\n"),
        (
            "3. c\n7) d",
            "<ol>\n<li><p><span>3.</span> c</p>\n</li>\n</ol>\n<ol>\n<li><p><span>7)</span> d</p>\n</li>\n</ol>\n",
        ),
        ("- a\n- b\nc", "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>\n<p>c</p>\n"),
        ("```py\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>\n"),
        (" \n", ""),
        ("> said\nanswered", "<blockquote>\n<p>said</p>\n</blockquote>\n<p>answered</p>\n"),
        (
            "[the log](https://ok.example)",
            '<p><a href="https://ok.example" rel="nofollow noopener noreferrer ugc">the log</a></p>\n',
        ),
    ],
)
def test_markdown_looks_as_people_expect_in_a_chat(typed, html):
    assert markdown.to_html(typed) == html


def test_a_table_is_one_and_columns_stand_below_each_other():
    found = page("| a | b |\n|---|:-:|\n| 1 | **2** |")
    assert [tag for tag, _ in found.elements] == [
        "table",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        "tr",
        "td",
        "td",
        "strong",
    ]
    assert found.text.split() == ["a", "b", "1", "2"]
    for typed in (
        "PID TTY    TIME\n 1  pts/0  00:01",
        "a\tb\nc\td",
        "Name   Size\n----   ----",
        "    at Foo\n    at Bar",
    ):
        found = page(typed)
        assert ([tag for tag, _ in found.elements], found.text) == (["pre", "code"], typed + "\n")


SAID = [
    r"\\server\share\*.txt",
    r"C:\Users\_temp_\new",
    r"C:\logs\*.txt and *.log",
    "__init__.py, __name__ and *args, **kwargs",
    "2*3*4, a_b_c, 5* hotel, 4* hotel",
    "# 42",
    "#42",
    "## systemctl restart",
    "Regards\n---",
    "Name\n----",
    "===\n* * *\n- - -",
    "2024.\n12)",
    "+ 49 30 1234\n+ 1 more",
    ">100 users\n>>> print(1)\n>= 5",
    "a  b   c\n  indented by two",
    "Done.  Really.\nYes.  It is.",
    "&nbsp; &lt;",
    "[1]: see below",
    "[x](#main) [0](1) [a][b] [](https://ok.example)",
    '[x](https://ok.example "title")',
    "From: Ana <ana@ok.example>",
    "```\nwithout an end",
    "~~~\nno code\n~~~",
    "a ` b\nc ` d",
    "|a|b|\n|-|-|\n|1|2|3|",
    "| no | table |",
    "no | table\n-- | --",
    "no |\n--\ntable",
    "https://) https://. www..a",
    "`",
    "**",
    "` `",
    "_/_ ~/a ~~/b~~/",
    "rm -rf *~ *.bak*",
]


@pytest.mark.parametrize("typed", SAID)
def test_what_people_paste_is_shown_as_it_was(typed):
    assert page(typed).text.removesuffix("\n") == typed


def test_code_is_shown_to_its_last_blank_and_its_first_line():
    assert page("```\n  a  \n\n\tb\n```").text == "  a  \n\n\tb\n\n"
    assert page("```Error: no disk\nat once\n```").text == "Error: no disk\nat once\n\n"


def test_numbers_stay_as_they_were_typed_and_in_their_place():
    typed = "2. two\n4. four\n4. four\n10) ten\n007. Bond\n\n    1986. was a good year"
    assert page(typed).text.split() == typed.split()


WORDS = st.sampled_from(
    ["it", "burns", "é", "日本", "42", "C:\\x", "/etc", "a_b", "*.log", "<b>", "#1", "--x", "|", "~"]
)
PLAIN = st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6).map("\n".join)


@given(PLAIN)
def test_ordinary_text_loses_no_character(typed):
    assert "".join(page(typed).text.split()) == "".join(typed.split())


@given(MARKS)
def test_nothing_is_dropped_but_marks_and_nothing_is_added(typed):
    typed, found = clean_text(typed), page(typed)
    dropped, rest = set(), iter("".join(typed.split()))
    for shown in "".join(found.text.split()):
        dropped |= set(takewhile(lambda other, shown=shown: other != shown, rest))
    dropped |= set(rest)
    assert len("".join(found.text.split())) <= len("".join(typed.split()))
    assert dropped <= set("*_~`>-|:") or found.links


HOSTILE = {
    "brackets": "[",
    "an open bracket": "[" + "a " * 9_000,
    "open links": "[a](http://" + "b(c)" * 4_000,
    "addresses without blanks": "https://a詳",
    "addresses in a row": "www.a.b,",
    "local parts": "a.a-",
    "mail": "a@b.c.",
    "brackets behind an address": "https://a" + ")" * 19_000,
    "gaps": "a  b\n",
    "tables": "| a | b |\n|---|---|\n",
    "images": "![",
    "links": "[a](",
    "pointed links": "[](<",
    "titles": '[a](http://b "',
    "stars": "*a ",
    "stars and bars": "*a_ ",
    "thick": "a**b***c",
    "tildes": "~~a ",
    "ticks": "` `` ``` ",
    "quotes": ">",
    "quoted lists": "> - ",
    "quoted lines": "> a\n",
    "list": "- a\n",
    "loose list": "- a\n\n",
    "deep list": "- - - - - a\n",
    "numbers": "1. ",
    "headings": "# a\n",
    "lines": "a\n",
    "fences": "> ```\n",
    "tags": "<a ",
    "ampersands": "&",
    "half addresses": "://",
    "addresses": "https://a ",
    "automatic links": "<http:",
    "references": "[x]: a\n",
    "blank": " ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long_to_draw(piece):
    longest = 20_000 // len(piece)
    just_drawn = min(longest, markdown.MOST_MARKS // max(1, len(markdown.MARK.findall(piece))))
    lazy = "> " * (markdown.NESTING - 2) + "a\n" * just_drawn
    for typed in (piece * longest, piece * just_drawn, lazy[:20_000]):
        markdown.to_html.cache_clear()
        started = time.process_time()
        markdown.to_html(typed)
        # Ten times and more of what the worst takes on a quiet machine: what grows with the square takes minutes.
        assert time.process_time() - started < 5


@given(ANYTHING, st.integers(1, 60))
def test_an_excerpt_is_one_short_line(typed, length):
    short = markdown.excerpt(typed, length)
    assert len(short) <= length
    assert "\n" not in short


def test_an_excerpt_ends_between_words_where_it_can():
    assert markdown.excerpt("The printer\nis  on fire", 30) == "The printer is on fire"
    assert markdown.excerpt("The printer is on fire", 16) == "The printer is…"
    assert markdown.excerpt("x" * 30, 10) == "x" * 9 + "…"
