"""Names and digests: the same input gives the same name in every process, for ever."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from mmrag_pipeline.errors import SettingsError

NAMESPACE = uuid.UUID("6c5e7b1a-4d0e-5f1c-9c39-0c6a1a3f2b44")
MAX_NAME_BYTES = 140
"""A collection's name has at most 200 bytes: a prefix of 40, shard, generation, and this."""
MAX_SHARDS = 64
_SHARD = re.compile(r"(?P<domain>.*)~(?P<shard>\d{1,2})-(?P<shards>\d{1,2})", re.ASCII | re.DOTALL)
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
NAME_RULE = (
    "use 1 to 80 letters, digits, spaces and any of -_.&()+,@# in at most "
    f"{MAX_NAME_BYTES} bytes of UTF-8 (no three dots in a row, no double underscore, none at "
    "either end, not only dots)"
)
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def digest_bytes(data: bytes | memoryview) -> str:
    """Return the 32-hex-digit BLAKE2b-128 digest of bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def digest_text(text: str) -> str:
    """Return the digest of a text's UTF-8 bytes (lone surrogates kept apart)."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def canonical_json(value: Json) -> str:
    """Return the one JSON spelling of a value: sorted keys, no spaces, no NaN."""
    return _ENCODER.encode(value)


def digest_json(value: Json) -> str:
    """Return the digest of a value's canonical JSON."""
    return digest_text(canonical_json(value))


def file_id(domain: str, key: str) -> str:
    """Return the id of a file: a function of where it is, not of what it holds."""
    return digest_json(["file", domain, key])


def file_ids(domain: str, keys: Iterable[str]) -> pl.Series:
    """Return the ids of files, in order."""
    return pl.Series("file_id", [file_id(domain, key) for key in keys], pl.String)


def point_ids(parts: pl.DataFrame) -> pl.Series:
    """Return a UUID5 (RFC 9562, section 5.5) per row of (file_id, page_no, kind, anchor).

    The anchor is the box or the text's digest, never a position in a list. What is hashed is the
    canonical JSON of a row, whose texts are digests, boxes and names of kinds: nothing in them is
    ever escaped. Column by column, because a partition has a million of them.
    """
    text = pl.format('["{}",{},"{}","{}"]', "file_id", "page_no", "kind", "anchor")
    names = parts.select(text.cast(pl.Binary).alias("name"))["name"]
    digits = pl.Series("digits", [_sha1(name) for name in names.to_list()], pl.String)
    return digits.to_frame().select(point_id=_as_uuid5(pl.col("digits")))["point_id"]


_IN_NAMESPACE = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)


def _sha1(name: bytes) -> str:
    state = _IN_NAMESPACE.copy()
    state.update(name)
    return state.hexdigest()


def _as_uuid5(digits: pl.Expr) -> pl.Expr:
    """Return the first 128 bits as a UUID of version 5: its variant takes two bits of one digit."""
    variant = digits.str.slice(16, 1).replace_strict({f"{n:x}": "89ab"[n & 3] for n in range(16)})
    low, middle = digits.str.slice(0, 8), digits.str.slice(8, 4)
    high, rest, node = (digits.str.slice(*at) for at in ((13, 3), (17, 3), (20, 12)))
    return pl.format("{}-{}-5{}-{}{}-{}", low, middle, high, variant, rest, node)


def collection_name(prefix: str, partition: str, generation: int | None = None) -> str:
    """Return `PREFIX__partition` (the alias) or `PREFIX__partition__gN` (one generation)."""
    alias = f"{prefix}__{partition}"
    return alias if generation is None else f"{alias}__g{generation}"


def served_partition(prefix: str, name: str) -> str | None:
    """Return the partition whose alias or generation has this name; None for other names."""
    start = collection_name(prefix, "")
    partition, _, generation = name.removeprefix(start).partition("__")
    if not name.startswith(start) or not re.fullmatch(r"(g\d+)?", generation, re.ASCII):
        return None
    try:
        return check_partition(partition)
    except SettingsError:
        return None


def check_domain(name: str) -> str:
    """Return a usable name of a domain, or raise SettingsError saying what is wrong with it.

    Dagster forbids `...` and control characters; we also forbid what a folder or a
    Qdrant collection name cannot carry, and what would blur the `__` between its parts.
    """
    if not _fits(name) or "..." in name or "__" in name or name.strip("_") != name:
        raise SettingsError(f"{name!r:.200} cannot name a domain: {NAME_RULE}")
    return name


def check_partition(name: str) -> str:
    """Return a usable name of a partition, `DOMAIN` or `DOMAIN~S-N`; raises SettingsError."""
    found = _SHARD.fullmatch(name)
    if found is None:
        return check_domain(name)
    shard, shards = int(found["shard"]), int(found["shards"])
    if (
        shards == 1
        or not shard < shards <= MAX_SHARDS
        or name != f"{found['domain']}~{shard}-{shards}"
    ):
        raise SettingsError(
            f"{name!r:.200} cannot name a partition: a shard is DOMAIN~S-N, S from 0 to N - 1, N "
            f"from 2 to {MAX_SHARDS}"
        )
    return f"{check_domain(found['domain'])}{name[len(found['domain']) :]}"


def domain_of(partition: str) -> str:
    """Return the domain that a partition is, or is a shard of: a domain's name has no `~`."""
    return partition.partition("~")[0]


def domains_of(partitions: Iterable[str]) -> list[str]:
    """Return the domains of partitions, each once, sorted."""
    return sorted({domain_of(partition) for partition in partitions})


def shards_of(partition: str) -> int:
    """Return into how many shards the domain of a partition is split; 1 for a whole domain."""
    return int(partition.rpartition("-")[2]) if "~" in partition else 1


def partitions_of(domain: str, shards: Mapping[str, int]) -> list[str]:
    """Return the partitions of a domain; `shards` is domain -> number, others are whole."""
    number = shards.get(domain, 1)
    return [domain] if number == 1 else [f"{domain}~{n}-{number}" for n in range(number)]


def partition_of(domain: str, key: str, shards: Mapping[str, int]) -> str:
    """Return the partition that a file is in."""
    partitions = partitions_of(domain, shards)
    return partitions[int(file_id(domain, key), 16) % len(partitions)]


def keys_in(partition: str, keys: pl.Series) -> pl.Series:
    """Say of each key of the partition's domain whether its file is in the partition."""
    domain = domain_of(partition)
    if domain == partition:
        return pl.repeat(True, keys.len(), dtype=pl.Boolean, eager=True)
    shards = {domain: shards_of(partition)}
    mine = [partition_of(domain, key, shards) == partition for key in keys]
    return pl.Series(mine, dtype=pl.Boolean)


def _fits(name: str) -> bool:
    allowed = all(c.isalnum() or c in "-_. &()+,@#" for c in name)
    short = len(name) <= 80 and allowed and len(name.encode()) <= MAX_NAME_BYTES
    return short and bool(name.strip(". "))
