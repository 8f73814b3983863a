"""Text whose lines were broken for the way, put together again (RFC 3676)."""


def joined(text: str, deletes_space: bool) -> str:
    """Lines that end in a space go on in the next, if that is quoted as often. That of a signature stands alone."""
    done: list[list[str]] = []
    depth, goes_on = -1, False
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        words = line[quotes:].removeprefix(" ")
        if not (goes_on and quotes == depth and words != "-- "):
            done.append([">" * quotes, " " if quotes and words else ""])
        depth, goes_on = quotes, words.endswith(" ") and words != "-- "
        done[-1].append(words[:-1] if goes_on and deletes_space else words)
    return "\n".join("".join(pieces) for pieces in done)
