"""Whatever people write cannot act once it is HTML, looks as it does in a chat, and is drawn quickly."""

import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from informejo import text

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

    def handle_data(self, words):
        self.text += words

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if "href" in attributes]


def page(markdown: str) -> Page:
    return Page(str(text.to_html(markdown)))


def is_inert(found: Page) -> bool:
    """Whether nothing in it can act: known elements, no attribute but an outward link and where a list starts."""
    return all(
        tag in text.TAGS
        and attributes.keys() <= ({"href", "rel"} if tag == "a" else {"start"} if tag == "ol" else set())
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
@pytest.mark.parametrize("markdown", ACTING)
def test_nothing_that_people_write_can_act(markdown):
    assert is_inert(page(markdown))


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
def test_no_combination_of_marks_can_act(markdown):
    assert is_inert(page(markdown))


@pytest.mark.hardening("L-01")
@given(st.text(st.characters()))
def test_html_holds_no_character_that_could_end_a_line_of_the_live_stream(markdown):
    assert not set(text.to_html(markdown)) & set("\r\0")


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
    ],
)
def test_an_address_in_running_text_becomes_a_link(typed, address):
    assert page(typed).links == [address]


@pytest.mark.parametrize(
    "typed", ["xhttps://ok.example", "`https://ok.example`", "https://", "://ok.example", "http:/x"]
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
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>\n"),
        ("# Big", "<h4>Big</h4>\n"),
        ("###### Small", "<h6>Small</h6>\n"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
        ("```py\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>\n"),
        (" \n", ""),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
    ],
)
def test_markdown_looks_as_people_expect_in_a_chat(typed, html):
    assert text.to_html(typed) == html


@pytest.mark.parametrize(
    "typed", [r"\\server\share", r"C:\logs\*.txt", "&nbsp;", "[1]: see below", "#42", "*.txt and *.log"]
)
def test_what_people_paste_is_shown_as_it_was(typed):
    assert page(typed).text.strip() == typed


def test_a_line_above_dashes_stays_a_line():
    assert [tag for tag, _ in page("Regards\n---").elements] == ["p", "hr"]


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_text_nested_too_deep_is_shown_as_it_was_typed(mark):
    assert page(mark * 3 + "deep").text.strip() == "deep"
    assert page(mark * 40 + "deep").text.strip() == mark * 40 + "deep"


HOSTILE = {
    "brackets": "[",
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
    just_drawn = min(longest, text.MOST_MARKS // max(1, len(text.MARK.findall(piece))))
    lazy = "> " * (text.NESTING - 2) + "a\n" * just_drawn
    for markdown in (piece * longest, piece * just_drawn, lazy[:20_000]):
        text.to_html.cache_clear()
        started = time.process_time()
        text.to_html(markdown)
        # Ten times and more of what the worst takes on a quiet machine: what grows with the square takes minutes.
        assert time.process_time() - started < 5
