"""Values that travel between modules: frozen, slotted, no behaviour beyond their meaning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.ids import digest_json

Pixels = npt.NDArray[np.uint8]
"""One picture: (height, width, 3) RGB, C-contiguous, EXIF orientation applied."""
Vectors = npt.NDArray[np.float32]
"""(n, dimension) rows of unit length."""
Modality = Literal["ocr", "caption", "image_text", "text", "sparse", "answer", "safety", "pair"]
Signal = Literal["image", "text", "image_text", "bm25"]
PointKind = Literal["page", "tile", "text", "ocr", "caption"]
Datatype = Literal["float32", "float16"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in page pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def union(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def as_text(self) -> str:
        """Return `left,top,right,bottom`: the anchor of a point id."""
        return f"{self.left},{self.top},{self.right},{self.bottom}"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object of a source as a listing shows it."""

    key: str
    uri: str
    size_bytes: int
    etag: str
    modified_at: datetime
    problem: str = ""
    """Why the listing already knows that it must not be read; empty when it may be."""


@dataclass(frozen=True, slots=True)
class Event:
    """A notice that an object of a partition may have changed; the store says what is true now."""

    key: str
    """Within the domain, as a listing shows it."""
    sequencer: str
    """Hexadecimal; of two notices about one key the larger one is the later. May be empty."""
    kind: str
    """What the notice called it, `ObjectCreated:Put` for one; told, never relied upon."""
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """What an inbox holds of one partition."""

    events: tuple[Event, ...] = ()
    """The latest of each key, sorted by key."""
    tokens: tuple[str, ...] = ()
    """The inbox entries these were read from; give them back when all are absorbed."""
    damaged: bool = False
    """Whether an entry among `tokens` cannot be read: its keys are unknown, so the whole
    partition has to be listed before they are given back."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `box` is None for text files, `confidence` 1.0 for text layers."""

    text: str
    box: Box | None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page of a file as the parser found it."""

    page_no: int
    page_digest: str
    width_px: int
    height_px: int
    dpi: float | None
    lines: tuple[Line, ...]
    """The text layer; empty for pictures and scanned pages."""
    raster: str
    """How to get the pixels again: `frame:0`, `pdf:PAGE@DPI`, or empty for text files."""


@dataclass(frozen=True, slots=True)
class PageProblem:
    """A page that could not be read although others of its file could."""

    page_no: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The pages of a file that could be read, and what is wrong with the others."""

    pages: tuple[ParsedPage, ...]
    problems: tuple[PageProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class PagePixels:
    """A page's pixels; `scale` is decoded pixels per page pixel (below 1 for giant pages)."""

    pixels: Pixels
    scale: float


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What an OCR engine read on one page, in reading order."""

    lines: tuple[Line, ...]
    language: str
    confidence: float
    """Mean line confidence in 0..1; 0 without lines."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence that describes a page, with an honest confidence in 0..1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure a model is, in 0..1, that a label fits a picture."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Token ids with weights, ids ascending."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What a model is: everything that, when it changes, makes other outputs."""

    name: str
    revision: str
    modality: Modality
    dimension: int
    licence: str
    weights_sha256: str
    preprocessing: str
    precision: str
    canary: tuple[float, ...] = ()
    """First values of a known output, checked when the model loads."""
    trial_only: bool = False
    """True for weights that are for trying the pipeline out."""

    @property
    def fingerprint(self) -> str:
        """Return the digest of the card that memo paths and lineage carry."""
        return digest_json({k: list(v) if k == "canary" else v for k, v in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """One named vector of a collection and the card whose vectors it holds."""

    signal: Signal
    dimension: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about a collection that, when it changes, needs a new generation."""

    spaces: tuple[VectorSpace, ...]
    datatype: Datatype = "float32"
    """What the numbers of dense vectors are kept as."""
    shards: int = 1
    """Parts that a server splits it into."""
    made_with: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Settings that name the models: not what tells layouts apart (the fingerprints do), but how
    whoever asks it finds the encoders again that it was filled by."""

    @property
    def digest(self) -> str:
        """Return the digest that tells two layouts apart."""
        return digest_json({**asdict(self), "made_with": {}})

    @property
    def storage(self) -> Mapping[str, str]:
        """Return setting -> value of what, beside the models, makes the layout."""
        return {"index_datatype": self.datatype, "qdrant_shards": str(self.shards)}

    def encodes_as(self, other: "Layout") -> bool:
        """Return whether both hold vectors of the same models."""
        return self.spaces == other.spaces


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as a collection holds it; hashes live in the payload under `_hash`."""

    point_id: str
    payload: Mapping[str, object]
    dense: Mapping[Signal, Vectors] = field(default_factory=dict)
    """Signal -> (dimension,) row."""
    sparse: SparseVector | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of one signal."""

    point_id: str
    score: float
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Where:
    """Filters that hold inside the index query; None means no restriction."""

    kinds: tuple[str, ...] | None = None
    visibility: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None
    pages: tuple[int, ...] | None = None
    """Page numbers, from 1."""
    modified_from: datetime | None = None
    """Files that were changed at this instant or later; a time without a zone is UTC."""
    modified_before: datetime | None = None
    """Files that were changed before this instant."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a stored table was made from."""

    table: str
    partition: str
    digest: str
    rows: int
    upstream: Mapping[str, str]
    """Upstream table -> its digest when this table was made."""
    recipe: str
    """Digest of station code revision, parameters and card fingerprints."""
    cards: Mapping[str, str]
    """Station -> card fingerprint."""
    run_id: str
