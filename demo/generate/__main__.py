"""`python -m demo.generate [FOLDER]`: writes the corpus and its queries (default: demo/)."""

import shutil
import sys
from pathlib import Path

from demo.generate.corpus import corpus
from demo.generate.queries import query_lines, query_pictures, question_lines


def write(folder: Path) -> int:
    """Replace the corpus, its queries and questions below a folder; return files written."""
    for name in ("corpus", "queries"):
        shutil.rmtree(folder / name, ignore_errors=True)
    items = corpus()
    for item in items:
        _put(folder / "corpus" / item.key, item.data)
    for name, data in query_pictures():
        _put(folder / "queries" / name, data)
    for name, lines in (("queries", query_lines(items)), ("questions", question_lines(items))):
        _put(folder / f"{name}.jsonl", "".join(f"{line}\n" for line in lines).encode())
    return len(items)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    print(f"{write(target)} files written to {target / 'corpus'}")
