"""Mails that are made to take long: of each, the beginning, and a piece that is repeated until it has its size."""

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

HEAD = b"From: ann@example.com\r\nSubject: x\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
TEXT = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nx\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'


class Hostile(NamedTuple):
    """Pieces may depend on their number."""

    beginning: bytes
    piece: bytes | Callable[[int], bytes]

    def mail(self, size: int) -> bytes:
        made = bytearray(self.beginning)
        for number in count():
            if len(made) >= size:
                return bytes(made[:size])
            made += self.piece if isinstance(self.piece, bytes) else self.piece(number)
        raise AssertionError


def _level(number: int) -> bytes:
    return b"Content-Type:multipart/a;boundary=%d\r\n\r\n--%d\r\n" % (number, number)


MAILS = {
    "levels": Hostile(HEAD, _level),
    "levels of mails": Hostile(HEAD, b"Content-Type:message/rfc822\r\n\r\n"),
    "levels with one boundary": Hostile(HEAD, b"Content-Type:multipart/a;boundary=x\r\n\r\n--x\r\n"),
    "parts": Hostile(MIXED, b"--x\r\n\r\n"),
    "parts without names": Hostile(MIXED, b"--x\nContent-Type: image/png\n\nx\n"),
    "parts with subjects": Hostile(MIXED, b"--x\nContent-Type: message/rfc822\n\nSubject: a\n\nx\n"),
    "parts in unknown letters": Hostile(MIXED, b"--x\nContent-Type:text/plain;charset=q\n\n\xe4\xf6\n"),
    "parts in HTML": Hostile(MIXED, b"--x\nContent-Type:text/html\n\n<p>a<p>b<p>c<p>d<p>e\n"),
    "lines that are nearly between parts": Hostile(MIXED, b"--x "),
    "dashes between parts": Hostile(
        HEAD + b'Content-Type: multipart/mixed; boundary="' + b"-" * 60 + b'"\r\n\r\n', b"-"
    ),
    "no boundary": Hostile(HEAD + b"Content-Type: multipart/mixed\r\n\r\n", b"\n--a "),
    "fields": Hostile(HEAD, b"a:b\r\n"),
    "subjects": Hostile(b"From: a@b.c\r\n", b"Subject: x\r\n"),
    "spaces in a field": Hostile(HEAD + b"a", b" "),
    "a subject of many lines": Hostile(b"Subject: ", b"a\r\n "),
    "words": Hostile(b"Subject: ", b"=?utf-8?q?a?= "),
    "words that do not begin": Hostile(b"Subject: ", b"=?a?q?"),
    "words in turns": Hostile(b"Subject: ", b"=?x?q?=e4?= =?y?q?=e4?= "),
    "words of seven bits": Hostile(b"Subject: ", b"=?utf-7?b?a?="),
    "accents in the subject": Hostile(b"Subject: a", "\u0301".encode()),
    "references": Hostile(b"From: a@b.c\r\nReferences: ", b"<a@b> "),
    "references without an end": Hostile(b"From: a@b.c\r\nReferences: ", b"<aaaaaaaaaaaaaaaaaaaa"),
    "recipients": Hostile(b"From: a@b.c\r\nTo: ", b"a@b,"),
    "fields of recipients": Hostile(b"From: a@b.c\r\n", b"To: x <a@b>, y@z\r\n"),
    "comments in each other": Hostile(b"From: a@b.c\r\nTo: ", b"("),
    "comments": Hostile(b"From: a@b.c\r\nTo: ", b"(a)<a@b>,"),
    "quoted names": Hostile(b"From: a@b.c\r\nTo: ", b'"\\'),
    "angles": Hostile(b"From: a@b.c\r\nTo: ", b"<"),
    "an address without an end": Hostile(b"From: a@b.c\r\nTo: ", b"a@"),
    "a long name": Hostile(b"From: a@b.c\r\nTo: @", b"a"),
    "encoded names": Hostile(b"From: a@b.c\r\nTo: ", b"=?utf-8?q?a?= <a@b>,"),
    "a date of brackets": Hostile(b"From: a@b.c\r\nDate: ", b"("),
    "parameters": Hostile(HEAD + b"Content-Type: text/plain", lambda number: b";n%d=a" % number),
    "parameters in pieces": Hostile(HEAD + b"Content-Type: text/plain", lambda number: b";n*%d*=%%41" % number),
    "pieces of parameters": Hostile(HEAD + b"Content-Type: text/plain", lambda number: b";n%d*0=a" % number),
    "quotes in parameters": Hostile(HEAD + b"Content-Type: text/plain", b';a="\\"'),
    "spaces in parameters": Hostile(HEAD + b"Content-Type: text/plain", b";       "),
    "quotes and spaces in parameters": Hostile(HEAD + b'Content-Type: text/plain;a="', b'"  '),
    "base64": Hostile(HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n", b"=A="),
    "base64 with spaces": Hostile(HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n", b"\nAAAA "),
    "quoted-printable": Hostile(HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"="),
    "uuencode": Hostile(HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\n", b"begin 644 a\n"),
    "flowed": Hostile(HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n", b"a \n"),
    "signed, never ended": Hostile(TEXT, b"-----BEGIN PGP SIGNED MESSAGE-----\n"),
    "unknown letters": Hostile(
        HEAD + b"Content-Type: text/plain; charset=foo\r\n\r\n", lambda n: bytes([128 + n * 7 % 128])
    ),
    "Japanese, switched": Hostile(HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", b"\x1b$B\x1b(B"),
    "seven bits": Hostile(HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n", b"+AAA-"),
    "accents": Hostile(TEXT, "e\u0301\u0316".encode()),
    "an appointment": Hostile(HEAD + b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\n", b"A;b;c\n"),
    "NUL": Hostile(TEXT, b"\0"),
    "one line": Hostile(TEXT, b"a"),
    "lines": Hostile(TEXT, b"a\n"),
    "carriage returns": Hostile(HEAD, b"\r"),
    "reports": Hostile(HEAD + b"Content-Type: message/delivery-status\r\n\r\n", b"Action: failed\n\n"),
    "qmail": Hostile(HEAD + b"\r\nHi. This is the qmail-send program at x", b"\na@"),
    "old Exchange": Hostile(HEAD, b"\r\nYour message\n"),
    "results": Hostile(HEAD + b"Authentication-Results: mx.b.c; ", b"dmarc=pass;"),
    "results in comments": Hostile(HEAD + b"Authentication-Results: mx.b.c; ", b"("),
    "servers": Hostile(HEAD, b"Received: by x\r\n"),
    "HTML, quotes in a tag": Hostile(HTML + b"<a ", b'""'),
    "HTML, quotes of both kinds in a tag": Hostile(HTML + b"<a ", b"\"'a'"),
    "HTML, numbers of letters": Hostile(HTML + b"&#", b"1"),
    **{
        f"HTML, {piece.decode()}": Hostile(HTML, piece)
        for piece in (
            *(
                b"<p>x",
                b"<div>",
                b"</div>",
                b"<ul><li>",
                b"<table><tr><td>",
                b"<tr><td>x<td>y",
                b"<blockquote>x",
                b"<br>",
            ),
            *(
                b"<!--",
                b"<style>",
                b"<a href=x>y</a>",
                b"<a '",
                b'<a "',
                b"<a b=c ",
                b"<",
                b"&",
                b"&amp",
                b"<img alt=a>",
            ),
            *(b"<div style='border-top:solid'>", b"<i style=display:none>", b"<meta ", b"<pre>\n", b"cid:", b"&#1;"),
        )
    },
    **{
        f"text, {piece.decode()!r}": Hostile(TEXT, piece)
        for piece in (
            *(b":\n", b"1.1.26:\n", b"1.1.26 wrote:\n", b"From:\n", b"From: a\nTo: b\nDate: x\n", b">\n", b"-- \n"),
            *(b"Sent from my iPhone\n", b"Sent from my iPhone\n>\n", b"--------\n", b"--------\n>\n", b"From: a\n>\n"),
            *(b"-----Original\n", b"On 1.1.26 aaaaaaaaa\n", b":\n\n\n>\n", b"1.1.", b"1.1.26 <a@<a@<a@<a@ :\n"),
        )
    },
}
