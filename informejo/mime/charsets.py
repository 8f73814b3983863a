"""Letters out of bytes: by what the mail says of them, by rule where that is wrong, and last by a guess."""

import codecs
import re

import charset_normalizer

# Only these: Python knows others that are no charsets, or that take long ("punycode", "idna").
KNOWN = {
    *("ascii", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-7", "big5", "big5hkscs", "cp950", "gb18030", "hz"),
    *("cp932", "euc_jp", "euc_jis_2004", "iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext"),
    *("cp949", "johab", "iso2022_kr"),
    *("koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp437", "cp850", "cp852", "cp866", "cp874", "tis-620"),
    *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(1, 17) if number != 12),
}
# What programs write, and what they mean: their makers' own tables are larger than the standards they name.
MEANT = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_ext",
}
ALIASES = {
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "ks_c_5601-1987": "cp949",
    "x-windows-949": "cp949",
    "unicode-1-1-utf-7": "utf-7",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-unknown": "",
    "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "ansi_x3.110-1983": "cp1252",
    "cp-850": "cp850",
}
SEVERAL_BYTES = {"cp932", "cp949", "cp950", "gb18030", "euc_jp", "euc_jis_2004", "big5hkscs", "johab"}
ESCAPING = {"iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr", "hz", "utf-7", "utf-16", "utf-16-be", "utf-16-le"}
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
GUESSED = ["cp1252", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256", "cp932", "gb18030", "cp949"]
GUESSED += ["cp950", "euc_jp"]
LONE = re.compile("[\ud800-\udfff]")  # halves of letters, which UTF-7 can hold and nobody can write down again
SAMPLE = 1_000  # bytes with letters beyond ASCII: more of them take long, and tell no more
BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def codec(name: str) -> str:
    """Python's name for a charset as mails write it; nothing if it is none we know."""
    name = name.strip().strip("\"'").lower()
    name = ALIASES.get(name, name)
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    found = MEANT.get(found, found)
    return found if found in KNOWN else ""


def decoded(content: bytes, charset: str) -> tuple[str, str]:
    """The text, and the codec that was used: what is declared, unless the bytes themselves say otherwise."""
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace"), name
    declared = codec(charset)
    if declared not in ESCAPING and content.isascii():
        return content.decode("ascii"), declared or "ascii"
    for name in _by_rule(declared):
        try:
            return _whole(content.decode(name)), name
        except UnicodeError:
            continue
    guessed = _guess(content, declared)
    return _whole(content.decode(guessed, "replace")), guessed


def plainly(content: bytes, charset: str) -> str:
    """The same without a guess, for the many short words of a header."""
    for name in (codec(charset), "utf-8"):
        try:
            return _whole(content.decode(name or "utf-8"))
        except UnicodeError:
            continue
    return content.decode("cp1252", "replace")


def _whole(text: str) -> str:
    return text if text.isascii() else LONE.sub("\ufffd", text)


def _by_rule(declared: str) -> list[str]:
    """Text of one byte a letter never happens to be UTF-8; text of two bytes a letter may."""
    if declared in SEVERAL_BYTES | ESCAPING:
        return [declared, "utf-8"]
    return ["utf-8", declared] if declared else ["utf-8"]


def _guess(content: bytes, declared: str) -> str:
    lines = [line for line in content[: 20 * SAMPLE].split(b"\n") if BEYOND_ASCII.search(line)]
    sample = b"\n".join(lines)[:SAMPLE]
    best = charset_normalizer.from_bytes(sample, steps=1, chunk_size=SAMPLE, cp_isolation=GUESSED).best()
    return codec(best.encoding) if best else declared or "cp1252"
