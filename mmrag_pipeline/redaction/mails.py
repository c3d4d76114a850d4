"""E-mail addresses."""

import re
from collections.abc import Iterator

from mmrag_pipeline.redaction.plain import Span

_LETTERS = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u052f"
"""Latin, Greek and Cyrillic: scripts without spaces would run into an address beside them."""
_LOCAL = rf"[{_LETTERS}0-9.!#$%&'*+/=?^_`{{|}}~-]"
_LABEL = rf"[{_LETTERS}0-9_-]"
_DOT = r"[.\u3002\uff61]"
"""The ideographic full stop, wide and narrow, is a dot to a resolver of names."""
_END = rf"{_DOT}[{_LETTERS}]{_LABEL}++"
_HOST = rf"{_LABEL}++(?:{_DOT}{_LABEL}++)*{_END}"
_BROKEN_HOST = rf"{_LABEL}++(?:{_DOT}\n|\n{_DOT})(?=[a-z])(?:{_LABEL}++(?:{_END})?+)"
_ADDRESS = re.compile(rf"(?<!{_LOCAL}){_LOCAL}++(?:@\n?|\n@)(?:{_HOST}|{_BROKEN_HOST})")
"""A line may end beside the `@`, and beside the first dot of a host that has none before. The last
label begins with a letter: no version, no address of a machine. Possessive, because no text,
however long and odd, may take more than one pass."""
_APART = re.compile(
    rf"\be-? ?mails?\b(?: address)?[ \n]?[:.=]?[ \n]?({_LOCAL}++ ?@ ?{_HOST})", re.IGNORECASE
)
"""Spaces beside the `@`, as OCR reads them, need the word right before: `2 pc @ rm4.OO` has none.
"""


def mails(text: str) -> Iterator[Span]:
    """Yield the places of e-mail addresses in a plain text."""
    for found in _ADDRESS.finditer(text):
        yield Span(*found.span())
    for found in _APART.finditer(text):
        yield Span(*found.span(1))
