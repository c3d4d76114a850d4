"""A sparse encoder that needs no library: words hashed to token ids."""

from collections import Counter

from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.records import Card, SparseVector


class StubSparse:
    """SparseEncoder: a token id per word, its count as weight; another revision, other ids."""

    def __init__(self, *, revision: str = "1") -> None:
        self._card = Card(
            name="stub-sparse",
            revision=revision,
            modality="sparse",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256="",
            preprocessing="words",
            precision="float32",
            trial_only=True,
        )

    @property
    def card(self) -> Card:
        """Return the card."""
        return self._card

    def document(self, text: str) -> SparseVector:
        """Return the vector of an indexed text."""
        counts = Counter(self._token(word) for word in text.lower().split())
        ordered = sorted(counts.items())
        return SparseVector(tuple(i for i, _ in ordered), tuple(float(n) for _, n in ordered))

    def query(self, text: str) -> SparseVector:
        """Return the vector of a query."""
        return self.document(text)

    def _token(self, word: str) -> int:
        return int(digest_text(f"{self._card.revision}/{word}")[:7], 16)
