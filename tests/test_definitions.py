"""What Dagster loads is complete, cheap to load and quiet."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.definitions import defs
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.schemas import EVALUATION, TABLES

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "sentence_transformers", "open_clip", "rapidocr", "onnxruntime")
SPECS = sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key)
EVALUATING = [spec for spec in SPECS if spec.group_name == "evaluation"]
INDEXING = [s for s in SPECS if s.group_name not in ("evaluation", "upkeep")]


def test_every_table_is_an_asset_and_every_asset_a_table() -> None:
    assert {spec.key.to_user_string() for spec in INDEXING} == set(TABLES)
    assert {spec.key.to_user_string() for spec in EVALUATING} <= {*EVALUATION, "eval_report"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key.to_user_string())
def test_an_asset_says_what_and_whose_it_is(spec: dg.AssetSpec) -> None:
    assert spec.description
    assert spec.owners == ["team:data"]
    assert spec.group_name in {
        "source",
        "understanding",
        "vectors",
        "index",
        "evaluation",
        "upkeep",
    }
    assert 1 <= len(spec.kinds) <= 3
    assert (spec.partitions_def is None) is (spec not in INDEXING)


def test_no_run_of_the_index_evaluates_and_no_evaluation_indexes() -> None:
    jobs = {name: defs.resolve_job_def(name).asset_layer for name in ("index", "evaluate")}
    keys = {name: set(layer.asset_graph.executable_asset_keys) for name, layer in jobs.items()}
    assert keys["evaluate"] == {spec.key for spec in EVALUATING}
    assert keys["index"] == {spec.key for spec in INDEXING}


@pytest.mark.parametrize("spec", INDEXING, ids=lambda spec: spec.key.to_user_string())
def test_an_asset_depends_on_what_its_station_reads(spec: dg.AssetSpec) -> None:
    station = STATIONS[spec.key.to_user_string()]
    read = {name for name in station.upstream if not name.startswith("failures.")}
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == read


def test_every_table_has_a_schema_check_that_blocks() -> None:
    checks = {
        spec.asset_key.to_user_string()
        for key in defs.resolve_asset_graph().asset_check_keys
        for spec in [defs.resolve_asset_graph().get_check_spec(key)]
        if spec.name == "schema" and spec.blocking
    }
    assert checks == set(TABLES)


def test_models_wait_for_a_slot_and_are_tried_again() -> None:
    for name in ("vision", "text_vectors"):
        op = defs.resolve_job_def("index").get_node_named(name).definition
        assert isinstance(op, dg.OpDefinition)
        assert op.pool == "gpu"
        assert op.retry_policy is not None
        assert op.retry_policy.max_retries > 0


def test_loading_needs_no_model_and_no_connection() -> None:
    code = (
        "import sys, mmrag_pipeline.definitions as d; d.defs.resolve_job_def('index');"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = _python("-W", "error", "-c", code)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("-w", "workspace.yaml")])
def test_dagster_validates_without_a_warning(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    done = _python(
        "-m", "dagster", "definitions", "validate", *arguments, DAGSTER_HOME=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    said = (done.stdout + done.stderr).splitlines()
    ours = [line for line in said if "Warning" in line and "SupersessionWarning" not in line]
    assert ours == [], "the command itself is superseded by `dg check defs`; nothing else may warn"


@pytest.mark.parametrize(
    ("variable", "value"), [("MMRAG_RECONCILE_CRON", "at night"), ("MMRAG_TILE_PX", "abc")]
)
def test_a_wrong_setting_stops_loading_with_one_line_of_ours(variable: str, value: str) -> None:
    done = _python("-c", "import mmrag_pipeline.definitions", **{variable: value})
    last = done.stderr.splitlines()[-1]
    assert last.startswith("mmrag_pipeline.errors.SettingsError: ")
    assert variable in last


def _python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
