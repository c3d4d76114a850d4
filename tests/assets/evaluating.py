"""The job `evaluate`, run in process over an evaluator."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
import pytest

from mmrag_pipeline.assets.evaluation import EVALUATE, EVALUATION_ASSETS
from mmrag_pipeline.evaluation.evaluator import Evaluator


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run_evaluation(
    evaluator: Evaluator,
    instance: dg.DagsterInstance,
    *,
    config: Mapping[str, object] | None = None,
    only: Sequence[str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run the job, with a config of `eval_hits`, or `only` some of its assets."""
    definitions = dg.Definitions(
        assets=EVALUATION_ASSETS,
        jobs=[EVALUATE],
        resources={"evaluator": dg.ResourceDefinition.hardcoded_resource(evaluator)},
        executor=dg.in_process_executor,
    )
    quiet = {"console": {"config": {"log_level": "CRITICAL"}}}
    ops = {} if only else {"eval_hits": {"config": dict(config or {})}}
    return definitions.resolve_job_def("evaluate").execute_in_process(
        instance=instance,
        run_config={"loggers": quiet, "ops": ops},
        asset_selection=[dg.AssetKey(name) for name in only] if only else None,
        raise_on_error=False,
    )


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> Mapping[str, dg.MetadataValue]:
    """Return the metadata of an asset's one materialization."""
    (made,) = result.asset_materializations_for_node(asset)
    return made.metadata
