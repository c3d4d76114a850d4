"""The catalog's columns are those of the tables, and their sources exist."""

import dagster as dg
import pytest

from mmrag_pipeline.assets.columns import COLUMNS, column_lineage, column_schema
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.schemas import TABLES


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described(table: str) -> None:
    assert set(COLUMNS[table]) == set(TABLES[table])
    assert all(column.description for column in column_schema(table).columns)


@pytest.mark.parametrize("table", TABLES)
def test_every_source_of_a_column_is_a_column(table: str) -> None:
    for dep in _sources(table):
        assert dep.column_name in TABLES[dep.asset_key.to_user_string()]


@pytest.mark.parametrize("table", TABLES)
def test_columns_come_from_tables_that_the_asset_depends_on(table: str) -> None:
    upstream = {key.to_user_string() for key in _upstream(table)}
    assert {dep.asset_key.to_user_string() for dep in _sources(table)} <= upstream


def _sources(table: str) -> list[dg.TableColumnDep]:
    return [dep for deps in column_lineage(table).deps_by_column.values() for dep in deps]


def _upstream(table: str) -> set[dg.AssetKey]:
    specs = {spec.key: spec for asset in ASSETS for spec in asset.specs}
    return {dep.asset_key for dep in specs[dg.AssetKey(table)].deps}
