"""Points of the Qdrant of tests, kept by qdrant-client's local mode."""

from itertools import count
from typing import Any
from uuid import UUID

from qdrant_client import grpc as wire
from qdrant_client import models
from qdrant_client.conversions.conversion import (
    GrpcToRest,
    RestToGrpc,
    grpc_field_type_to_payload_schema,
)
from qdrant_client.local.utils import normalize_point_id

from tests.stores.qdrant_collections import Held


class Points(wire.PointsServicer):
    """The service `qdrant.Points`, as far as stores use it."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._local = held.local
        self._numbers = count()

    def Upsert(self, request: wire.UpsertPoints, _: Any) -> wire.PointsOperationResponse:
        """Write whole points, where an update filter lets it."""
        mode: Any = request.update_mode if request.HasField("update_mode") else None
        self._local.upsert(
            request.collection_name,
            [GrpcToRest.convert_point_struct(p) for p in request.points],
            update_filter=_filter(request, "update_filter"),
            update_mode=None if mode is None else GrpcToRest.convert_update_mode(mode),
        )
        return self._done(request)

    def UpdateBatch(self, request: wire.UpdateBatchPoints, _: Any) -> wire.UpdateBatchResponse:
        """Make several changes, one after the other."""
        changes = [GrpcToRest.convert_points_update_operation(o) for o in request.operations]
        self._local.batch_update_points(request.collection_name, changes)
        return wire.UpdateBatchResponse(result=[self._result(request) for _ in changes])

    def Delete(self, request: wire.DeletePoints, _: Any) -> wire.PointsOperationResponse:
        """Remove points."""
        self._local.delete(request.collection_name, _selector(request.points))
        return self._done(request)

    def SetPayload(self, request: wire.SetPayloadPoints, _: Any) -> wire.PointsOperationResponse:
        """Set these fields of payloads."""
        self._local.set_payload(
            request.collection_name,
            GrpcToRest.convert_payload(request.payload),
            _selector(request.points_selector),
            request.key if request.HasField("key") else None,
        )
        return self._done(request)

    def OverwritePayload(
        self, request: wire.SetPayloadPoints, _: Any
    ) -> wire.PointsOperationResponse:
        """Replace whole payloads."""
        self._local.overwrite_payload(
            request.collection_name,
            GrpcToRest.convert_payload(request.payload),
            _selector(request.points_selector),
        )
        return self._done(request)

    def UpdateVectors(
        self, request: wire.UpdatePointVectors, _: Any
    ) -> wire.PointsOperationResponse:
        """Replace the named vectors."""
        self._local.update_vectors(
            request.collection_name,
            [GrpcToRest.convert_point_vectors(p) for p in request.points],
            update_filter=_filter(request, "update_filter"),
        )
        return self._done(request)

    def DeleteVectors(
        self, request: wire.DeletePointVectors, _: Any
    ) -> wire.PointsOperationResponse:
        """Take the named vectors out of points."""
        names = list(request.vectors.names)
        self._local.delete_vectors(
            request.collection_name, names, _selector(request.points_selector)
        )
        return self._done(request)

    def Get(self, request: wire.GetPoints, _: Any) -> wire.GetResponse:
        """Return the points that exist among these ids."""
        ids = [_checked(GrpcToRest.convert_point_id(i)) for i in request.ids]
        found = self._local.retrieve(request.collection_name, ids, *_wanted(request))
        return wire.GetResponse(result=[_record(r) for r in found])

    def Scroll(self, request: wire.ScrollPoints, _: Any) -> wire.ScrollResponse:
        """Return one page of points, and where the next one starts."""
        ordered = request.HasField("order_by")
        payload, vectors = _wanted(request)
        found, following = self._local.scroll(
            request.collection_name,
            _filter(request),
            limit=request.limit if request.HasField("limit") else 10,
            order_by=GrpcToRest.convert_order_by(request.order_by) if ordered else None,
            offset=(
                GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None
            ),
            with_payload=payload,
            with_vectors=vectors,
        )
        return wire.ScrollResponse(
            result=[_record(r) for r in found],
            next_page_offset=(
                None if following is None else RestToGrpc.convert_extended_point_id(following)
            ),
        )

    def Query(self, request: wire.QueryPoints, _: Any) -> wire.QueryResponse:
        """Return the best points of one question."""
        return wire.QueryResponse(result=self._asked(request.collection_name, request))

    def QueryBatch(self, request: wire.QueryBatchPoints, _: Any) -> wire.QueryBatchResponse:
        """Return the best points of several questions."""
        found = [self._asked(request.collection_name, q) for q in request.query_points]
        return wire.QueryBatchResponse(result=[wire.BatchResult(result=f) for f in found])

    def Count(self, request: wire.CountPoints, _: Any) -> wire.CountResponse:
        """Return how many points a filter lets through."""
        found = self._local.count(request.collection_name, _filter(request)).count
        return wire.CountResponse(result=wire.CountResult(count=found))

    def Facet(self, request: wire.FacetCounts, _: Any) -> wire.FacetResponse:
        """Return the values of a field and their counts; the field must have an index."""
        if request.key not in self._held.indexes[self._held.name(request.collection_name)]:
            raise ValueError(f"No appropriate index for faceting: `{request.key}`")
        limit = request.limit if request.HasField("limit") else 10
        found = self._local.facet(
            request.collection_name, request.key, _filter(request), limit=limit
        )
        return wire.FacetResponse(hits=[RestToGrpc.convert_facet_value_hit(h) for h in found.hits])

    def CreateFieldIndex(
        self, request: wire.CreateFieldIndexCollection, _: Any
    ) -> wire.PointsOperationResponse:
        """Keep what was asked: local mode has no payload indexes, and says so in a warning."""
        kind: Any = request.field_type
        data_type: Any = grpc_field_type_to_payload_schema(kind)
        index = wire.PayloadSchemaInfo(data_type=data_type)
        if request.HasField("field_index_params"):
            index.params.CopyFrom(request.field_index_params)
        self._held.indexes[self._held.name(request.collection_name)][request.field_name] = index
        return self._done(request)

    def DeleteFieldIndex(
        self, request: wire.DeleteFieldIndexCollection, _: Any
    ) -> wire.PointsOperationResponse:
        """Forget an index."""
        held = self._held.indexes[self._held.name(request.collection_name)]
        held.pop(request.field_name, None)
        return self._done(request)

    def _asked(self, collection: str, request: wire.QueryPoints) -> list[wire.ScoredPoint]:
        question = GrpcToRest.convert_query_points(request)
        if question.params is not None:  # local mode has no others, and says so in a warning
            question.params = models.SearchParams(idf=question.params.idf)
        (found,) = self._local.query_batch_points(collection, [question])
        return [RestToGrpc.convert_scored_point(p) for p in found.points]

    def _done(self, request: Any) -> wire.PointsOperationResponse:
        return wire.PointsOperationResponse(result=self._result(request))

    def _result(self, request: Any) -> wire.UpdateResult:
        done = wire.UpdateStatus.Completed if request.wait else wire.UpdateStatus.Acknowledged
        return wire.UpdateResult(operation_id=next(self._numbers), status=done)


def _filter(request: Any, name: str = "filter") -> models.Filter | None:
    held = request.HasField(name)
    return GrpcToRest.convert_filter(getattr(request, name)) if held else None


def _record(record: models.Record) -> wire.RetrievedPoint:
    return RestToGrpc.convert_record(record.model_copy(update={"payload": record.payload or {}}))


def _selector(selector: wire.PointsSelector) -> models.PointsSelector:
    found = GrpcToRest.convert_points_selector(selector)
    for point_id in found.points if isinstance(found, models.PointIdsList) else ():
        _checked(point_id)
    return found


def _checked(point_id: int | str | UUID) -> int | str | UUID:
    """Return the id as it is stored; a server takes no text that is no UUID: ValueError."""
    return normalize_point_id(point_id, validate=True)


def _wanted(request: Any) -> tuple[Any, Any]:
    """Return which payload and vectors a request wants, in the words of local mode."""
    payload = request.with_payload if request.HasField("with_payload") else None
    vectors = request.with_vectors if request.HasField("with_vectors") else None
    return (
        True if payload is None else GrpcToRest.convert_with_payload_selector(payload),
        False if vectors is None else GrpcToRest.convert_with_vectors_selector(vectors),
    )
