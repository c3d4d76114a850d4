"""Settings to stores and whole worlds: where names become objects, beside models.py."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mmrag_pipeline.errors import NotFoundError, ParseError, SettingsError
from mmrag_pipeline.evaluation.gate import QueryGate
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.trec import read_query_file
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import OpenGate, World
from mmrag_pipeline.keepers import MemoKeeper, TableCatalog
from mmrag_pipeline.models import open_encoders, open_engines, open_expansion, reopened
from mmrag_pipeline.observing.opened import telemetry_of
from mmrag_pipeline.observing.stores import heard
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.parsing.query_pictures import picture_in
from mmrag_pipeline.ports import Gate, PageReader, VectorStore
from mmrag_pipeline.ranking import open_ranking
from mmrag_pipeline.retrieval.query import Searcher
from mmrag_pipeline.retrieval.refined import Refined
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.absorb import Sinks
from mmrag_pipeline.stores.aws import access_of, s3_client, sqs_client
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.cost_ledger import BlobLedger
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.kept import (
    kept_shards,
    known_shards,
    private_domains,
    with_kept_settings,
)
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.places import Place, S3Place, place_of
from mmrag_pipeline.stores.poison import PoisonBox
from mmrag_pipeline.stores.qdrant_server import connect
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.stores.s3_objects import S3Objects
from mmrag_pipeline.stores.server_access import access_of as access_of_server
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.stores.sources import Sources, read_sources
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.stores.sqs import Queue, SqsQueue
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.stores.tuning import tuning_of
from mmrag_pipeline.telemetry import SILENT, Telemetry

OF_INDEX = ("collection", failures_of("collection"), "generations")
"""Tables that tell of one index."""
_OF_SERVER = "server"
"""Where in the state those of a server lie."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The queue of notifications, and where its messages go."""

    queue: Queue
    inbox: BlobInbox
    sinks: Sinks
    tables: TableCatalog
    """Where it stands which domains are indexed."""
    telemetry: Telemetry = SILENT


class _Silence:
    """Progress that nobody watches."""

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Say nothing."""


@contextmanager
def open_world(
    settings: Settings, *, sources: Sources | None = None, hub: bool = True
) -> Iterator[World]:
    """Open every port of the settings; the parser processes end with the block.

    `sources` stands in for those that were indexed before; without `hub` no model is downloaded.
    Raises CorruptStateError.
    """
    blobs = open_blobs(settings)
    settings = with_kept_settings(settings, blobs)
    engines, telemetry = open_engines(settings, hub=hub), telemetry_of(settings)
    with ParserPool(settings) as reader:
        yield World(
            settings=settings,
            source=heard(
                open_source(settings, sources or read_sources(settings.home)), "source", telemetry
            ),
            tables=open_tables(settings),
            memo=heard(open_memo(settings), "memo", telemetry),
            reader=reader,
            ocr=engines.ocr,
            captioner=engines.captioner,
            image_text=engines.image_text,
            text=engines.text,
            sparse=engines.sparse,
            image_filter=engines.image_filter,
            vectors=heard(open_vectors(settings), "vectors", telemetry),
            progress=_Silence(),
            inbox=BlobInbox(blobs),
            gate=open_gate(settings, reader),
            kept_shards=lambda: kept_shards(blobs),
            telemetry=telemetry,
            meter=open_meter(settings),
        )


def open_meter(settings: Settings) -> Meter:
    """Return what measures the steps that run on this machine."""
    paid = (settings.machine, settings.rates)
    return Meter(open_costs(settings), *paid, currency=settings.currency)


def open_costs(settings: Settings) -> BlobLedger:
    """Return where it is written down what was spent."""
    return BlobLedger(open_blobs(settings))


def open_gate(settings: Settings, reader: PageReader) -> Gate:
    """Return what judges a generation before it serves; it reads its queries when it does."""
    path = settings.gate_queries
    if path is None:
        return OpenGate()
    return QueryGate(
        queries=partial(_labelled, path),
        tables=open_tables(settings),
        searcher=open_searcher(settings),
        load_image=partial(picture_in, reader, limit=settings.max_file_bytes),
        limits=Limits(settings.gate_max_loss, settings.gate_confidence),
    )


def check_gate(settings: Settings) -> None:
    """Raise SettingsError if the gate's queries cannot be read.

    A run is told so before it begins, not when a generation is ready.
    """
    if settings.gate_queries is not None:
        _labelled(settings.gate_queries)


def _labelled(path: Path) -> list[LabelledQuery]:
    try:
        return read_query_file(path)
    except (NotFoundError, ParseError) as error:
        raise SettingsError(f"MMRAG_GATE_QUERIES: {error}") from error


def open_searcher(
    settings: Settings, strategy: str | None = None, *, refine: Sequence[str] | None = None
) -> Searcher:
    """Return what answers queries from the serving collections, each by its own models.

    It ranks by a strategy and refinements of these names, by those of the settings without them;
    raises as `open_ranking` does.
    """
    ranking = named_ranking(
        settings, strategy or settings.strategy, settings.refine if refine is None else refine
    )
    searcher = open_unranked(settings)
    return replace(searcher, strategy=ranking.strategy, refinements=ranking.refinements)


def open_unranked(settings: Settings) -> Searcher:
    """Return what answers queries, to be given a ranking for each: no setting's is opened."""
    telemetry = telemetry_of(settings)
    return Searcher(
        heard(open_vectors(settings), "vectors", telemetry),
        open_encoders(settings),
        settings.collection_prefix,
        shards=known_shards(settings, open_blobs(settings)),
        private=partial(private_domains, settings, open_blobs(settings)),
        reopen=partial(reopened, settings),
        expand=open_expansion(settings),
        telemetry=telemetry,
    )


def named_ranking(settings: Settings, name: str, refine: Sequence[str] = ()) -> Refined:
    """Return a ranking by name (`evidence+mmr`), `refine` where it names a strategy only.

    Raises as `open_ranking` does.
    """
    source = open_source(settings, read_sources(settings.home))
    return open_ranking(settings, name, source, refine=refine)


def all_sources(settings: Settings, sources: Sources) -> Sources:
    """Return these sources and MMRAG_SOURCE_ROOT."""
    if settings.source_root is None:
        return sources
    root, domain = place_of(settings.source_root), settings.source_domain
    return sources.with_folder(domain, root) if domain else sources.with_root(root)


def open_source(settings: Settings, sources: Sources) -> SourceStore:
    """Return the raw files of these sources and of MMRAG_SOURCE_ROOT."""
    known = all_sources(settings, sources)
    access = access_of(settings)
    return SourceStore(
        known.folders, roots=known.roots, s3=lambda: S3Objects(lambda: s3_client(access))
    )


def open_blobs(settings: Settings) -> Blobs:
    """Return where tables, memo and inbox lie: in a folder or in a bucket."""
    return _blobs_at(settings, _state_of(settings))


def _state_of(settings: Settings) -> Place:
    return place_of(settings.state_root) if settings.state_root else settings.home


def _blobs_at(settings: Settings, place: Place) -> Blobs:
    if isinstance(place, S3Place):
        access = access_of(settings)
        return heard(S3Blobs(lambda: s3_client(access), place), "blobs", telemetry_of(settings))
    return FolderBlobs(place)


def open_intake(settings: Settings) -> Intake:
    """Return the way from the queue of the settings into the inbox.

    Raises SettingsError, and CorruptStateError or StateUnavailableError for what is kept.
    """
    if settings.queue_url is None:
        raise SettingsError("no queue is named: set MMRAG_QUEUE_URL")
    access, blobs = access_of(settings), open_blobs(settings)
    shards = with_kept_settings(settings, blobs).shards
    known = all_sources(settings, read_sources(settings.home))
    if not any(isinstance(place, S3Place) for place in (*known.roots, *known.folders.values())):
        raise SettingsError(
            "MMRAG_QUEUE_URL names a queue, but no source is in S3, so that every event would be "
            "of other places: set MMRAG_SOURCE_ROOT=s3://BUCKET/PREFIX, or index that source once"
        )

    def place_in(bucket: str, key: str) -> Sequence[Located]:
        return locate(known.folders, known.roots, bucket=bucket, key=key)

    inbox = BlobInbox(blobs)
    queue = SqsQueue(lambda: sqs_client(access), settings.queue_url)
    sinks = Sinks(inbox, PoisonBox(blobs), place_in, shards=shards)
    telemetry = telemetry_of(settings, stays=True)
    return Intake(queue, inbox, sinks, ParquetTables(blobs), telemetry)


def open_tables(settings: Settings) -> TableCatalog:
    """Return where tables are kept.

    Those that tell of an index are its own. What was applied to an embedded one lies beside it:
    other machines on the same state have another index, or none. A server's lies in the state.
    """
    shared = ParquetTables(open_blobs(settings))
    if settings.qdrant_url is not None:
        own = _blobs_at(settings, _state_of(settings) / _OF_SERVER)
        return SplitTables(shared, ParquetTables(own), OF_INDEX)
    if settings.state_root is None:
        return shared
    return SplitTables(shared, ParquetTables(FolderBlobs(settings.home)), OF_INDEX)


def open_memo(settings: Settings) -> MemoKeeper:
    """Return where results of costly calls are kept."""
    return ParquetMemo(open_blobs(settings))


def open_vectors(settings: Settings) -> VectorStore:
    """Return the server when one is set, else the embedded index."""
    access = access_of_server(settings)
    if access is not None:
        return connect(access, tuning_of(settings))
    return EdgeVectors(settings.home / "collections", settings.lock_timeout_s, tuning_of(settings))


def check_index(settings: Settings) -> None:
    """Raise StateUnavailableError if the index lies on a server that cannot be asked.

    So that it is asked, and told of, once before the first domain instead of for each of them.
    """
    if settings.qdrant_url is not None:
        open_vectors(settings).aliases()
