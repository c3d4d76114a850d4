"""Sentences and the words that matter in them: what is quoted, cited and checked."""

import re

DO_NOT_KNOW = "I do not know"
"""The whole of an answer where evidence is lacking."""
_BORDER = re.compile(r"(?<=[.!?…])(?P<cited>(?:\s*\[[^\[\]\n]{1,80}\])*)\s+(?=\S)|\s*\n\s*")
_NO_END = re.compile(
    r"(?:^|[\s(])(?:No|Nr|Nos|St|Mr|Mrs|Ms|Dr|Prof|Inc|Ltd|Co|vs|etc|approx|ca|cf|e\.g|i\.e|p|pp"
    r"|Fig|Tel|Art|[A-Z])\.$"
)
_CITATION = re.compile(r"\s*\[\s*(E\d{1,4}(?:\s*[,;]\s*E\d{1,4})*)\s*\]")
_ID = re.compile(r"E\d{1,4}")
_WORD = re.compile(r"\w(?:[\w'’.,:/&-]*\w)?")
_CLITIC = re.compile(r"n['’]t\b|['’](?:s|re|ve|d|ll|m)\b", re.I)
"""What is left of a word that joined the one before: `what's`, `Ann's`, `isn't`."""
_STOP = """
a about after all also am an and any are as at be been before but by can could did do does for from
had has have he her his how i if in into is it its me may might more most much many my no not of on
one only or our out over per shall she should so some such than that the their them then there
these they this those to up was we were what when where which who whom whose why will with would
you your according evidence says states shown stated given
"""
STOP_WORDS = frozenset(_STOP.split())
"""English words that carry no meaning of their own."""


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each with the citations that follow it.

    A line break ends a sentence; the point of an abbreviation or of an initial does not.
    """
    return [" ".join(text[begin:end].split()) for begin, end in _spans(text)]


def completed(text: str) -> tuple[list[str], str]:
    """Return the sentences that more text cannot change, and the rest of the text."""
    spans = _spans(text)
    ended = [at for at, (begin, _) in enumerate(spans) if at and text[begin] != "["]
    rest = spans[ended[-1]][0] if ended else 0
    return sentences(text[:rest]), text[rest:]


def defused(text: str) -> str:
    """Return a text in which nothing looks like a citation: evidence may hold anything."""
    return _CITATION.sub(lambda match: match[0].replace("[", "(").replace("]", ")"), text)


def _spans(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    begin = 0
    for match in _BORDER.finditer(text):
        end = match.end("cited") if match["cited"] is not None else match.start()
        if match["cited"] == "" and _NO_END.search(text[begin : match.start()]):
            continue
        spans.append((begin, end))
        begin = match.end()
    spans.append((begin, len(text)))
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        said = text[begin:end]
        if joined and said.strip() and not citations(said)[0]:  # citations on a line of their own
            joined[-1] = (joined[-1][0], end)
        elif said.strip():
            joined.append((begin, end))
    return joined


def citations(sentence: str) -> tuple[str, tuple[str, ...]]:
    """Return a sentence without its citations (`[E1]`, `[E1, E2]`), and what they name."""
    named = [name for match in _CITATION.finditer(sentence) for name in _ID.findall(match[1])]
    return _CITATION.sub("", sentence).strip(), tuple(dict.fromkeys(named))


def content_words(text: str) -> list[str]:
    """Return the words that carry meaning, in order, lower case, inflection cut off."""
    words = (match[0].casefold() for match in _WORD.finditer(_CLITIC.sub("", text)))
    return [_stem(word) for word in words if word not in STOP_WORDS]


def knows_nothing(text: str) -> bool:
    """Return whether a text says that it does not know, and nothing else."""
    plain, _ = citations(text)
    words = re.findall(r"\w+", plain.replace("don't", "do not").replace("don’t", "do not"))
    return " ".join(words).casefold() == DO_NOT_KNOW.casefold()


def _stem(word: str) -> str:
    """Cut the commonest English endings, so that `costs` is `cost` and `lasted` is `last`."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word
