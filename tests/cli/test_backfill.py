"""`mmrag backfill` runs chosen domains again, each in a run of its own."""

import dagster as dg

from mmrag_pipeline.assets.run_index import BACKFILL_TAG
from mmrag_pipeline.resources.instance import open_instance
from tests.cli.commands import Bench


def test_chosen_domains_are_run_again_and_carry_one_tag(bench: Bench) -> None:
    said = bench.mmrag("backfill", "--domain", "notes", "--domain", "shop", "--json")
    assert said.code == 0, said.err
    with open_instance(bench.home / "dagster") as instance:
        tagged = dg.RunsFilter(tags={BACKFILL_TAG: said.json["backfill"]})
        runs = [run.tags["dagster/partition"] for run in instance.get_runs(tagged)]
    assert sorted(runs) == ["notes", "shop"] == said.json["domains"]


def test_force_makes_tables_again_without_a_model_call(bench: Bench) -> None:
    said = bench.mmrag("backfill", "--domain", "notes", "--force", "--json")
    assert set(said.json["model_calls"].values()) == {0}
    assert said.json["failed"] == {}


def test_an_unknown_domain_is_refused_before_anything_runs(bench: Bench) -> None:
    said = bench.mmrag("backfill", "--domain", "notes", "--domain", "attic")
    assert said.code == 1
    assert "'attic'" in said.err
