"""Every home gets the Dagster configuration that the package ships."""

from pathlib import Path

from mmrag_pipeline.resources.instance import open_instance

ROOT = Path(__file__).parents[2]


def test_a_fresh_instance_never_runs_one_domain_twice_at_a_time(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        limits = instance.get_concurrency_config().run_queue_config
    assert limits is not None
    (limit,) = limits.tag_concurrency_limits
    assert (limit["key"], limit["limit"]) == ("dagster/partition", 1)


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with open_instance(tmp_path):
        assert (tmp_path / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"


def test_the_repository_shows_the_configuration_that_is_shipped() -> None:
    shipped = ROOT / "mmrag_pipeline" / "resources" / "dagster.yaml"
    assert (ROOT / "dagster.yaml").samefile(shipped)
