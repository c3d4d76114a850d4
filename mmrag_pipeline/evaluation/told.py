"""What telemetry is told of an evaluation."""

import polars as pl

from mmrag_pipeline.evaluation.evaluator import Scored
from mmrag_pipeline.metrics import EVALUATION_MEASURE, EVALUATION_WORSE
from mmrag_pipeline.telemetry import Telemetry


def tell_measures(telemetry: Telemetry, scored: Scored) -> None:
    """Tell the measures of files over all queries, and how many rankings got worse."""
    whole = scored.table.filter(pl.col("unit") == "file", pl.col("slice") == "overall")
    for row in whole.iter_rows(named=True):
        if row["value"] is not None:
            telemetry.record(EVALUATION_MEASURE, row["value"], row["measure"], row["ranking"])
    worse = sum(score.found.worse for score in scored.compared)
    telemetry.record(EVALUATION_WORSE, worse)
    telemetry.push()
