"""The accent colour: made darker or lighter until words on it, and links in it, can be read in both themes."""

import re
from typing import NamedTuple

PATTERN = re.compile(r"#[0-9a-f]{6}")
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
PAPER, NIGHT = WHITE, (0x13, 0x14, 0x16)  # what it stands on: `--surface` when light, `--canvas` when dark
READABLE, CLEAR = 4.5, 7.0  # WCAG 2.2, 1.4.3 and 1.4.6
STEPS = 40

Rgb = tuple[int, int, int]


class Accent(NamedTuple):
    """The colour in both themes, each once more for links and what is pointed at, and what had to be changed."""

    light: str
    light_strong: str
    dark: str
    dark_strong: str

    @property
    def sheet(self) -> str:
        """The style sheet that puts it in the place of the one that pages came with."""
        strong = f"light-dark({self.light_strong}, {self.dark_strong})"
        return (
            f":root {{ --accent: light-dark({self.light}, {self.dark}); --accent-strong: {strong}; --link: {strong};"
            " --on-accent: light-dark(#ffffff, #131416); }\n"
        )


def accent(colour: str) -> Accent:
    """What becomes of a colour such as `#0b6a62`."""
    light, dark = (_readable(_rgb(colour), ground, READABLE) for ground in (PAPER, NIGHT))
    strong = _readable(light, PAPER, CLEAR), _readable(dark, NIGHT, CLEAR)
    return Accent(_words(light), _words(strong[0]), _words(dark), _words(strong[1]))


def verdict(colour: str) -> str:
    """What was done to it, as a sentence; empty where nothing had to be done."""
    made = accent(colour)
    changed = [f"{made.light} in the light theme"] if made.light != colour else []
    changed += [f"{made.dark} in the dark theme"] if made.dark != colour else []
    if not changed:
        return ""
    return f"So that words on {colour} can be read, it is shown as {' and as '.join(changed)}."


def contrast(one: str, other: str) -> float:
    """How well one colour is told from the other, 1 to 21 (WCAG 2.2, relative luminance)."""
    return _contrast(_rgb(one), _rgb(other))


def _readable(colour: Rgb, ground: Rgb, least: float) -> Rgb:
    """The nearest to it that stands out from the ground, towards black on paper and towards white at night."""
    goal = BLACK if ground == PAPER else WHITE
    mixed = (_mixed(colour, goal, step / STEPS) for step in range(STEPS + 1))
    return next(mix for mix in mixed if _contrast(mix, ground) >= least)


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))


def _contrast(one: Rgb, other: Rgb) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> Rgb:
    return tuple(bytes.fromhex(colour[1:]))


def _words(colour: Rgb) -> str:
    return "#" + bytes(colour).hex()
