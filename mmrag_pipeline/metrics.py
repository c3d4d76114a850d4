"""Every metric there is: names, units and labels; dashboard, alerts and docs use no others.

Labels have few values: stations, domains, stages. Runs, files, queries and people are none.
"""

from mmrag_pipeline.telemetry import Metric

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0)
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_OF_STATION = ("station", "domain")

STATION_SECONDS = Metric(
    "mmrag_station_seconds", "histogram", "Seconds of a station in a run.", _OF_STATION, _LONG
)
STATION_ROWS = Metric(
    "mmrag_station_rows", "gauge", "Rows of a station's table after its last run.", _OF_STATION
)
STATION_COMPUTED = Metric(
    "mmrag_station_computed_total",
    "counter",
    "Items that were computed; of stations with a model, those that it was called with.",
    _OF_STATION,
)
STATION_REUSED = Metric(
    "mmrag_station_reused_total",
    "counter",
    "Items whose result was known: from the memo or an unchanged table.",
    _OF_STATION,
)
STATION_FAILURES = Metric(
    "mmrag_station_failures", "gauge", "Items a station could not do in its last run.", _OF_STATION
)
STATION_FAILED = Metric(
    "mmrag_station_failed",
    "gauge",
    "1 when a station's last step ended with an error, 0 when it succeeded.",
    _OF_STATION,
)
MODEL_CALL_SECONDS = Metric(
    "mmrag_model_call_seconds",
    "histogram",
    "Seconds of one call of a station's model.",
    ("station",),
    _SECONDS,
)
BATCH_OCCUPANCY = Metric(
    "mmrag_batch_occupancy_ratio",
    "histogram",
    "Items of a call of a model against the most that the settings allow.",
    ("station",),
    _SHARES,
)
POINTS_CHANGED = Metric(
    "mmrag_points_changed_total",
    "counter",
    "Points that were written to or deleted from an index, by operation.",
    ("operation", "domain"),
)
READ_BYTES = Metric("mmrag_read_bytes_total", "counter", "Bytes of raw files read.", ("domain",))
STORE_SECONDS = Metric(
    "mmrag_store_seconds", "histogram", "Seconds of one call of a store.", ("call",), _SECONDS
)

LAST_SUCCESS = Metric(
    "mmrag_last_success_timestamp_seconds",
    "gauge",
    "When a domain's index was last brought up to date (Unix time).",
    ("domain",),
)
DEAD_LETTER_RATIO = Metric(
    "mmrag_dead_letter_ratio", "gauge", "Dead letters against files of a domain.", ("domain",)
)
STALE_PARTITIONS = Metric(
    "mmrag_stale_partitions", "gauge", "Partitions that a run would change.", ("domain",)
)
PENDING_EVENTS = Metric(
    "mmrag_pending_events", "gauge", "Entries that wait in the inbox.", ("domain",)
)
QUEUE_AGE_SECONDS = Metric(
    "mmrag_queue_age_seconds", "gauge", "Age of the oldest entry of the inbox.", ("domain",)
)
EVALUATION_MEASURE = Metric(
    "mmrag_evaluation_measure_ratio",
    "gauge",
    "A measure of the last evaluation, over all queries, from 0 to 1.",
    ("measure", "ranking"),
)
EVALUATION_WORSE = Metric(
    "mmrag_evaluation_worse",
    "gauge",
    "Rankings that were significantly worse in the last evaluation than in the one before.",
)

QUERY_SECONDS = Metric(
    "mmrag_query_seconds", "histogram", "Seconds of a query by stage.", ("stage",), _SECONDS
)
SIGNAL_SECONDS = Metric(
    "mmrag_signal_seconds",
    "histogram",
    "Seconds of asking one collection by one signal.",
    ("signal",),
    _SECONDS,
)
ANSWERS = Metric(
    "mmrag_answers_total", "counter", "Answers, by whether the cache held them.", ("cache",)
)
TOKENS = Metric(
    "mmrag_answer_tokens_total", "counter", "Tokens as the server counted them.", ("kind",)
)

METRICS: tuple[Metric, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Metric))
