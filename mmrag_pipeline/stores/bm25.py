"""Words as weighted token ids: Qdrant's own BM25, with exact values kept findable."""

import re
import unicodedata
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from mmrag_pipeline.ids import canonical_json
from mmrag_pipeline.records import Card, SparseVector

if TYPE_CHECKING:
    import qdrant_edge as qe

_CANARY = "Invoice XR-200: 2 running shoes, RM 129.50 on 12/01/2019"
_CANARY_TOKENS = 4
Joining = Literal["1", "2"]
"""Revision of the joined forms: part of the card, because it makes other tokens. 2 is today's; by
1 collections of before can be asked until they are replaced."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CURRENCY = re.compile(r"\b([A-Za-z]{1,3})(?=\d+\.\d\d\b)")
_DASH = re.compile(
    r"(?<=[^\W_])[~\u2010-\u2015\u2053\u2212\u223c\u301c\xb7\u2022\u2027\u30fb](?=[^\W_])"
)
"""What is read, or written, in place of a dash or a point within a code (after NFKC)."""
_SPACED_DATE = re.compile(
    r"(?<![\w.,/&-])(?<!\d:)"
    r"(0[1-9]|[12]\d|3[01]) (0[1-9]|1[0-2])-((?:19|20)?\d\d)"
    r"(?![\w%]|[.,/:&-]\w)"
)
"""A day, month and year of which a reader lost the first dash; nothing else looks like it."""
_CODE_BEFORE = re.compile(r"[^\W_]+(?:[.,/:&_-][^\W_]+)+")
_CODE = re.compile(r"[^\W_]+(?:(?:[.,/&_-]|(?<=\d):(?=\d))[^\W_]+)+")
"""A colon joins digits only: before a letter or after one it ends a label (`Date:12/01/2019`)."""


def with_joined(text: str) -> str:
    """Return a text in which amounts, codes, dates and initials also stand as one word.

    The tokenizer splits at every punctuation mark, so `129.50` would match any text with a
    129 and a 50. Thousands separators go (`1,299.00` is `1299.00`), a currency leaves its
    amount (`RM129.50`), and the joined forms are appended: `129x50`, `xr200`, `12x01x2019`,
    `diy`. The parts stay, so `XR` alone still finds `XR-200`. Whatever dash a reader of a
    picture saw is one dash (`12–01–2019`, `519537·X`), also that it missed (`12 01-2019`).
    """
    plain = _DASH.sub("-", _THOUSANDS.sub("", unicodedata.normalize("NFKC", text)))
    plain = _SPACED_DATE.sub(r"\1-\2-\3", _CURRENCY.sub(r"\1 ", plain))
    joined = [_joined(code) for code in _CODE.findall(plain)]
    return " ".join([plain, *(word for word in joined if word)])


def _joined_before(text: str) -> str:
    """Return what `with_joined` gave at revision 1: of plain dashes only, colons joined too."""
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
    plain = _CURRENCY.sub(r"\1 ", plain)
    joined = [_joined(code) for code in _CODE_BEFORE.findall(plain)]
    return " ".join([plain, *(word for word in joined if word)])


def _joined(code: str) -> str:
    """Return a code as one word (digits alone keep an x where parts met), or nothing."""
    parts = re.split(r"[.,/:&_-]", code)
    if all(part.isdigit() for part in parts):
        return "x".join(parts)
    initials = all(len(part) == 1 for part in parts)
    return "".join(parts) if initials or any(c.isdigit() for c in code) else ""


class QdrantBm25:
    """BM25 of qdrant-edge over `with_joined` texts (ports.SparseEncoder).

    Document weights are term frequencies saturated by length; the collection's `idf`
    modifier adds how rare a word is (Robertson and Zaragoza 2009).
    """

    def __init__(self, joining: Joining = "2") -> None:
        self._joining = joining
        self._words = with_joined if joining == "2" else _joined_before

    @cached_property
    def card(self) -> Card:
        """Return the card; its canary has token ids and weights of a known text by turns."""
        known = self.document(_CANARY)
        pairs = list(zip(known.indices, known.values, strict=True))[:_CANARY_TOKENS]
        return Card(
            name="qdrant-bm25",
            revision=".".join(version("qdrant-edge-py").split(".")[:2]),
            modality="sparse",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256="",
            preprocessing=canonical_json(
                {
                    "k": 1.2,
                    "b": 0.75,
                    "avg_len": 256.0,
                    "tokenizer": "word",
                    "language": "english",
                    "lowercase": True,
                    "ascii_folding": True,
                    "joining": self._joining,
                }
            ),
            precision="float32",
            canary=tuple(float(value) for pair in pairs for value in pair),
        )

    def document(self, text: str) -> SparseVector:
        """Return the vector of an indexed text; empty when it has no word."""
        return _sorted(self._model.embed_document(self._words(text)))

    def query(self, text: str) -> SparseVector:
        """Return the vector of a query: weight 1 per distinct word."""
        return _sorted(self._model.embed_query(self._words(text)))

    @cached_property
    def _model(self) -> "qe.Bm25":
        import qdrant_edge as qe

        return qe.Bm25(
            qe.Bm25Config(
                k=1.2,
                b=0.75,
                avg_len=256.0,
                tokenizer=qe.TokenizerType.Word,
                language="english",
                lowercase=True,
                ascii_folding=True,
            )
        )


def _sorted(vector: "qe.SparseVector") -> SparseVector:
    pairs = sorted(zip(vector.indices, vector.values, strict=True))
    return SparseVector(tuple(i for i, _ in pairs), tuple(v for _, v in pairs))
