"""HTML of mails: as text, and made safe to show."""

import pytest

from informejo.mime.html import BLOCKED, clean
from informejo.mime.plain import to_text

TEXTS = {
    "paragraphs": ("<p>One</p><p>two<br>lines</p><div>three</div><div>four</div>", "One\n\ntwo\nlines\n\nthree\nfour"),
    "spaces": ("<p>  a \n b&nbsp;&nbsp;c <b> d</b> </p>", "a b  c d"),
    "a list": (
        "Bring:<ul><li>one</li><li>two<ol><li>a<li>b</ol></li></ul>so",
        "Bring:\n\n- one\n- two\n  1. a\n  2. b\n\nso",
    ),
    "a link": ('<a href="https://example.com/x?a=1&amp;b=2">here</a>.', "here (https://example.com/x?a=1&b=2)."),
    "a link that says where it leads": (
        '<a href="https://example.com/">https://example.com</a>',
        "https://example.com",
    ),
    "an address": ('<a href="mailto:ann@example.com">ann@example.com</a>', "ann@example.com"),
    "a link that acts": ('<a href="javascript:alert(1)">here</a>', "here"),
    "a table": ("<table><tr><td>a<td>b</tr><tr><td><p>c</p></td><td></td><td>d</td></tr></table>", "a | b\nc | d"),
    "a table for the looks": ("<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>", "a\n\nb\n\nc"),
    "a quotation": ("a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n>\n> > c\n\nd"),
    "an indented paragraph": ('<blockquote style="margin:0 0 0 40px;border:none">a</blockquote>', "a"),
    "code": ("<pre>a  b\n  c</pre>d", "a  b\n  c\n\nd"),
    "a picture": ('<img src="x.png" alt="the plan"><img src="y.png">', "[image: the plan]"),
    "what is hidden": ('<div style="display: none">a<div>b</div></div>c<title>t</title><script>d</script>', "c"),
    "all hidden": ('<div style="display:none">a', "a"),
    "comments": ("a<!-- b -->c<!--[if mso]>d<![endif]-->e<![if !mso]>f<![endif]>", "acef"),
    "a comment without an end": ("a<!-- b", "a b"),
    "less than": ("1 < 2 <3 & 4 &lt; 5 > 4", "1 < 2 <3 & 4 < 5 > 4"),
    "a mark in an attribute": ('<p title="a > b">c</p>', "c"),
    "a quotation mark too many": ('<p title="a">b</p><p class="x"">c</p>', "b\n\nc"),
    "a quotation mark that is never closed": ('<p title=\'a">b</p><p class="x" y">c "d" e</p>', 'b\n\nc "d" e'),
    "a signature": ("a<br>-- <br>Ann", "a\n-- \nAnn"),
    "numbers of letters": ("&#65;&#x42;&#00000000000000000067;&#" + "1" * 5_000 + ";", "AB\ufffd\ufffd"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("html", "text"), TEXTS.values(), ids=TEXTS)
def test_html_reads_well_as_text(html, text):
    assert to_text(html) == text


def test_what_outlook_quotes_to_the_end_has_marks():
    line = '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>Von:</b> Desk<br><b>Betreff:</b> x</p></div>'
    assert to_text(f"<p>Ja</p>{line}<p>Alt</p>") == "Ja\n\n> Von: Desk\n> Betreff: x\n>\n> Alt"
    assert to_text('<p>a</p><div style="border-top:solid red">Sale</div>') == "a\n\nSale"
    assert to_text('a<div id="divRplyFwdMsg"><b>From:</b> b</div>c') == "a\n\n> From: b\n> c"


def test_clean_html_keeps_what_people_wrote():
    html = '<h2>A</h2><p dir="rtl">b <b>c</b> <a href="https://example.com/x">d</a></p><ul><li>e</li></ul>'
    html += '<table><tr><td colspan="2">f</td></tr></table><blockquote>g</blockquote>'
    safe = shown(html)
    for piece in ("<h2>A</h2>", '<p dir="rtl">', "<b>c</b>", '<td colspan="2">f</td>', "<blockquote>g</blockquote>"):
        assert piece in safe
    assert '<a href="https://example.com/x" rel="noopener noreferrer nofollow">d</a>' in safe


@pytest.mark.hardening("H-17", "H-19")
@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>a",
        '<a href="javascript:alert(1)">a</a>',
        '<a href=" java\nscript:alert(1)">a</a>',
        '<a href="data:text/html,x">a</a>',
        '<a href="vbscript:x">a</a>',
        '<p onclick="alert(1)" style="position:fixed" class="comment" id="opening" hx-get="/x">a</p>',
        '<form action="https://evil.example"><input name="q"><button>a</button></form>',
        '<iframe src="https://evil.example"></iframe>a<object data="x"></object><embed src="x">',
        '<svg><a xlink:href="javascript:alert(1)">a</a></svg><math><mtext>a</mtext></math>a',
        '<style>@import "https://evil.example/x.css";</style>a<link rel="stylesheet" href="https://evil.example/x.css">',
        '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example">a',
        '<img src="x" onerror="alert(1)">a',
        '<table background="https://evil.example/x.png"><tr><td background="https://evil.example/y.png">a</table>',
        '<video src="https://evil.example/x"></video><audio src="https://evil.example/x"></audio>a',
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">a</noscript>a',
        '<img srcset="https://evil.example/x.png 2x" alt="a">',
    ],
)
def test_nothing_in_clean_html_acts_or_asks_for_anything(html):
    safe = shown(html, remote=False).lower()
    assert "a" in safe
    for word in (
        "evil",
        "script",
        "onclick",
        "onerror",
        "style",
        "<form",
        "<input",
        "<svg",
        'class="comment',
        "hx-",
        "id=",
    ):
        assert word not in safe.replace(f'class="{BLOCKED}"', "")


def test_pictures_of_the_mail_are_shown_and_others_only_when_asked_for():
    html = '<img src="cid:one" alt="x"><img src="CID:two"><img src="https://evil.example/p.png" alt="y &quot;z&quot;">'
    assert shown(html) == (
        f'<img src="/mail/one" alt="x"><span class="{BLOCKED}">[image]</span>'
        f'<span class="{BLOCKED}">[image: y &quot;z&quot;]</span>'
    )
    assert 'src="https://evil.example/p.png"' in shown(html, remote=True)
    assert 'src="/mail/one"' in shown('<img src="cid:%6fne">')
    assert "data:" not in shown('<img src="data:image/png;base64,AAAA">', remote=True)


def test_no_mail_can_write_our_own_mark_for_a_picture():
    assert BLOCKED not in shown(f'<span class="{BLOCKED}">x</span>')


def test_html_that_is_made_to_take_long_is_shown_as_its_text():
    assert shown("<b>" * 5_000 + "end") == "<pre>end</pre>"
    assert shown("<div>" * 20 + "end").endswith("end" + "</div>" * 20)


def shown(html: str, remote: bool = False) -> str:
    return str(clean(html, lambda cid: "/mail/one" if cid == "one" else "", remote))
