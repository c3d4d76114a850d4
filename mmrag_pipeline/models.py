"""Settings to models: the only place where names become engines, today's and those of before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from mmrag_pipeline.engines.blip import Blip
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.classifier import Classifier
from mmrag_pipeline.engines.compute import (
    Compute,
    ConcretePrecision,
    choose_device,
    choose_precision,
)
from mmrag_pipeline.engines.cross_encoder import CrossEncoderScorer
from mmrag_pipeline.engines.labels import LabelCaptioner
from mmrag_pipeline.engines.minilm import MiniLm
from mmrag_pipeline.engines.openclip import OpenClip
from mmrag_pipeline.engines.paddle import Paddle
from mmrag_pipeline.engines.rapidocr import RapidOcr
from mmrag_pipeline.engines.sentence import DEFAULT as SHIPPED_TEXT
from mmrag_pipeline.engines.sentence import SentenceEncoder
from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.model_ports import (
    Captioner,
    ImageFilter,
    ImageTextEncoder,
    Ocr,
    PairScorer,
    SparseEncoder,
    TextEncoder,
)
from mmrag_pipeline.records import Layout
from mmrag_pipeline.retrieval.expansion import Expand, Expansion, nothing_more
from mmrag_pipeline.retrieval.signals import Encoders
from mmrag_pipeline.settings import Precision, Settings, variable
from mmrag_pipeline.stores.bm25 import QdrantBm25

_PRECISIONS: tuple[ConcretePrecision, ...] = get_args(ConcretePrecision)
_Name = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")
]


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of a process."""

    ocr: Ocr
    captioner: Captioner
    image_text: ImageTextEncoder
    text: TextEncoder
    sparse: SparseEncoder
    image_filter: ImageFilter | None = None


class MadeWith(BaseModel):
    """What a collection may say of the settings that named its models; what it leaves out is
    as it is now. Others wrote it, so nothing else is taken from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_model: _Name | None = None
    text_model: _Name | None = None
    precision: Precision | None = None


def open_engines(settings: Settings, *, hub: bool = True) -> Engines:
    """Return the models that settings name; each is made once per process, none loads yet.

    Without `hub` none is downloaded: one that is not here raises ModelUnavailableError when used.
    """
    compute = _compute_of(settings, hub=hub)
    cards = CardShelf(settings.home / "cards")
    image_text = _image_text(settings.image_model, cards, compute)
    return Engines(
        ocr=_ocr(settings.ocr, settings.ocr_model_dir, compute.device),
        captioner=_captioner(
            settings.captioner, settings.caption_model, image_text, cards, compute
        ),
        image_text=image_text,
        text=_text(settings.text_model, cards, compute),
        sparse=_sparse(),
        image_filter=_image_filter(settings.image_filter, cards, compute),
    )


def open_encoders(settings: Settings) -> Encoders:
    """Return what queries are asked with, of the models that settings name; none loads yet."""
    engines = open_engines(settings)
    return Encoders(engines.image_text, engines.text, engines.sparse)


def open_expansion(settings: Settings) -> Expand:
    """Return what puts a query's picture into words, where the settings ask for it."""
    if not settings.expand_pictures:
        return nothing_more
    engines = open_engines(settings)
    return Expansion(engines.captioner, engines.ocr)


def open_cross_encoder(settings: Settings) -> PairScorer | None:
    """Return the cross-encoder that settings name, not loaded yet, or None."""
    if settings.cross_encoder is None:
        return None
    return _cross_encoder(
        settings.cross_encoder, CardShelf(settings.home / "cards"), _compute_of(settings)
    )


def _compute_of(settings: Settings, *, hub: bool = True) -> Compute:
    device = choose_device(settings.device)
    return Compute(
        precision=choose_precision(settings.precision, device=device),
        device=device,
        batch_size=settings.batch_size,
        hub=hub,
    )


def reopened(settings: Settings, layout: Layout) -> Iterator[Encoders]:
    """Yield the encoders that may have filled a collection, likeliest first; none loads yet.

    They are those of the settings that it was made with, in every precision that these may mean:
    `auto` may have meant another on the machine that filled it. Only their cards tell whether
    they did. Nothing is looked for that only the collection names: in the place of such a model
    stands today's. Raises CollectionMismatchError for what no setting can be, and at the end for
    each model that was not looked for; CorruptStateError for a damaged card.
    """
    made = _made_with(layout)
    named = made.model_dump(exclude_none=True)
    today = open_encoders(settings)
    if all(getattr(settings, name) == value for name, value in named.items()):
        yield today
    strange = _strangers(settings, layout, made)
    asked = settings.model_copy(
        update={"precision": "auto"} | {n: v for n, v in named.items() if n not in strange}
    )
    filled = {space.fingerprint for space in layout.spaces if space.signal == "bm25"}
    before = _sparse_before().card.fingerprint in filled
    for precision in _precisions(asked, layout):
        way = open_encoders(asked.model_copy(update={"precision": precision}))
        yield Encoders(
            today.image_text if "image_model" in strange else way.image_text,
            today.text if "text_model" in strange else way.text,
            _sparse_before() if before else way.sparse,
        )
    if strange:
        raise CollectionMismatchError(_not_opened(strange))


def _strangers(settings: Settings, layout: Layout, made: MadeWith) -> dict[str, str]:
    """Return setting -> the model that a collection names by it and nobody here ever did.

    Others write collections: a name of theirs could be any folder here, or any download.
    """
    named = {"image_model": made.image_model, "text_model": made.text_model}
    asked = {
        setting: model
        for setting, model in named.items()
        if model not in (None, getattr(settings, setting), Settings.model_fields[setting].default)
    }
    if not asked:
        return {}
    filled = {space.fingerprint for space in layout.spaces}
    cards = CardShelf(settings.home / "cards").held()
    known = {card.name for card in cards if card.fingerprint in filled}
    return {setting: model for setting, model in asked.items() if model and model not in known}


def _not_opened(strange: Mapping[str, str]) -> str:
    told = " and ".join(f"{variable(name)}={model!r:.60}" for name, model in strange.items())
    return (
        f"{told}, which the collection names, was not opened: it never loaded here with the card "
        "that is asked for. If you trust it, run a search with that setting once; or let another "
        "generation serve (`mmrag promote`)"
    )


def _made_with(layout: Layout) -> MadeWith:
    try:
        return MadeWith.model_validate(layout.made_with)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise CollectionMismatchError(
            f"what the collection says of its models cannot be used: {first['loc'][0]!r:.60}: "
            f"{first['msg']:.200}"
        ) from error


def _precisions(asked: Settings, layout: Layout) -> list[str]:
    """Return the precisions that may have filled a collection, that of a known card first.

    A model that never loaded here would have to be loaded for the card of the wrong one.
    """
    if asked.precision != "auto":
        return [asked.precision]
    filled = {space.fingerprint for space in layout.spaces}
    known = [c.precision for c in CardShelf(asked.home / "cards").held() if c.fingerprint in filled]
    here = choose_precision("auto", device=choose_device(asked.device))
    return list(dict.fromkeys([*known, here, *_PRECISIONS]))


def known_models(settings: Settings) -> dict[str, str]:
    """Return card fingerprint -> name of the shipped models and of those that loaded here once.

    Nothing loads. A kept card that is damaged names nothing, as one that is not there.
    """
    chosen = ("ocr", "ocr_model_dir", "captioner", "image_model", "text_model")
    shipped = {name: Settings.model_fields[name].default for name in chosen}
    engines = open_engines(settings.model_copy(update=shipped))
    ours = (engines.ocr, engines.captioner, engines.image_text, engines.text, engines.sparse)
    cards = [*(one.card for one in ours), *CardShelf(settings.home / "cards").sound()]
    return {card.fingerprint: card.name for card in cards}


@cache
def _ocr(name: str, model_dir: Path | None, device: str) -> Ocr:
    if name == "paddleocr":
        return Paddle(model_dir=model_dir, device=device)
    return RapidOcr(model_dir=model_dir)


@cache
def _captioner(
    name: str, model: str, encoder: OpenClip, cards: CardShelf, compute: Compute
) -> Captioner:
    if name == "blip":
        return Blip(model, cards=cards, compute=compute)
    return LabelCaptioner(encoder)


@cache
def _image_text(model: str, cards: CardShelf, compute: Compute) -> OpenClip:
    return OpenClip(model, cards=cards, compute=compute)


@cache
def _text(model: str, cards: CardShelf, compute: Compute) -> TextEncoder:
    if model == SHIPPED_TEXT:
        return MiniLm(compute=compute)
    return SentenceEncoder(model, cards=cards, compute=compute)


@cache
def _image_filter(model: str, cards: CardShelf, compute: Compute) -> ImageFilter | None:
    return None if model == "none" else Classifier(model, cards=cards, compute=compute)


@cache
def _cross_encoder(model: str, cards: CardShelf, compute: Compute) -> PairScorer:
    return CrossEncoderScorer(model, cards=cards, compute=compute)


@cache
def _sparse() -> SparseEncoder:
    return QdrantBm25()


@cache
def _sparse_before() -> SparseEncoder:
    """Return the BM25 of collections that were filled before codes had one spelling."""
    return QdrantBm25("1")
