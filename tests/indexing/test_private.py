"""Files of a private domain are not public, and turning that on calls no model."""

from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import index_points
from tests.indexing.foretold import planned_for, told, truth_of
from tests.indexing.life import DOMAIN, Life


def _life() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:words")
    life.run()
    return life


def _groups(life: Life) -> dict[str, object]:
    points = index_points(life.world(), DOMAIN).values()
    return {str(payload["key"]): payload["visibility"] for payload, _, _ in points}


def test_files_that_no_rule_names_are_for_the_group_of_the_domain() -> None:
    life = _life()
    life.keep_private(DOMAIN)
    life.show_to("staff")
    life.run()
    assert _groups(life) == {"a": ["staff"], "b": [DOMAIN]}


def test_a_domain_that_becomes_private_or_public_again_calls_no_model() -> None:
    life = _life()
    life.ledger = Ledger()
    for domains, groups in (((DOMAIN,), [DOMAIN]), ((), ["public"])):
        life.keep_private(*domains)
        life.run()
        assert _groups(life) == {"a": groups, "b": groups}
    assert life.ledger.calls() == 0


def test_a_plan_tells_which_points_are_hidden() -> None:
    life = _life()
    life.keep_private(DOMAIN)
    planned, done = planned_for(life)["points"], truth_of(life)
    assert (planned.exact, planned.change) == (True, done.rows["points"][1])
    assert told(planned) == done.rows["points"]


def test_files_of_a_shard_are_for_the_group_of_its_domain() -> None:
    life = _life()
    life.put(**{f"t{n}": "txt:words" for n in range(6)})
    life.keep_private(DOMAIN)
    life.settings = life.settings.model_copy(update={"shards": {DOMAIN: 2}})
    for shard in ("d~0-2", "d~1-2"):
        run_partition(life.world(), shard, Mode("first"))
        points = index_points(life.world(), shard).values()
        assert {str(payload["visibility"]) for payload, _, _ in points} == {f"['{DOMAIN}']"}


def test_another_domain_that_is_private_changes_nothing() -> None:
    life = _life()
    life.keep_private("other")
    assert life.run()["points"].unchanged
