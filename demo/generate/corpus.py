"""All items of the corpus, in one order."""

from collections.abc import Iterator

from demo.generate.broken import broken, copies
from demo.generate.cards import cards
from demo.generate.charts import charts
from demo.generate.item import Item
from demo.generate.manuals import manuals
from demo.generate.notes import notes
from demo.generate.papers import papers
from demo.generate.photos import photos
from demo.generate.screens import screens


def families() -> Iterator[Item]:
    """Yield every file that is neither a copy nor broken."""
    for family in (photos, cards, papers, charts, screens, manuals, notes):
        yield from family()


def corpus() -> list[Item]:
    """Return every file of the corpus."""
    items = list(families())
    return [*items, *copies(items), *broken()]
