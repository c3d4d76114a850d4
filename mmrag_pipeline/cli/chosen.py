"""Which source and which domains a command works on."""

from pathlib import Path

from mmrag_pipeline.assembly import open_source
from mmrag_pipeline.errors import NotFoundError, SettingsError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources, read_sources


def asked_sources(settings: Settings, source: Path | None, domain: str | None) -> Sources:
    """Return the sources that `--source` and `--domain` add to the known ones."""
    known = read_sources(settings.home)
    if source is None:
        return known
    if not source.is_dir():
        raise SettingsError(f"--source {str(source)!r} is not a folder: name one that exists")
    return known.with_root(source) if domain is None else known.with_folder(domain, source)


def asked_domains(
    settings: Settings, sources: Sources, source: Path | None, domain: str | None
) -> list[str]:
    """Return the domains to work on: of the given source, or the named one, or all known."""
    if domain is not None:
        chosen = [domain]
    elif source is not None:
        chosen = open_source(settings, Sources((source,))).domains()
    else:
        chosen = open_source(settings, sources).domains()
    if not chosen:
        raise SettingsError(
            "no source is known yet: run `mmrag index --source DIR` (a sub-folder per domain) "
            "or `mmrag index --source DIR --domain NAME` (the folder is one domain)"
        )
    return chosen


def indexed_domains(settings: Settings, names: list[str] | None) -> list[str]:
    """Return the asked domains among those that have tables; raises NotFoundError."""
    folder = settings.home / "tables" / "raw_files"
    known = sorted(path.stem for path in folder.glob("*.parquet"))
    unknown = [name for name in names or [] if name not in known]
    if unknown or not known:
        raise NotFoundError(
            f"no indexed domain {', '.join(map(repr, unknown)) or 'at all'}; indexed: "
            f"{', '.join(known) or 'none'}. Run `mmrag index --source DIR` first"
        )
    return names or known
