"""Settings of safety: which personal data and which pictures the index must not hold."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import check_domain
from mmrag_pipeline.index_settings import IndexSettings
from mmrag_pipeline.marks import PersonalData

NationalId = Literal[
    "be.nn",
    "br.cpf",
    "ca.sin",
    "ch.ssn",
    "cn.ric",
    "de.idnr",
    "dk.cpr",
    "es.dni",
    "es.nie",
    "fi.hetu",
    "fr.nir",
    "gb.nhs",
    "gb.nino",
    "in.aadhaar",
    "it.codicefiscale",
    "kr.rrn",
    "my.nric",
    "nl.bsn",
    "no.fodselsnummer",
    "pl.pesel",
    "se.personnummer",
    "us.itin",
    "us.ssn",
    "za.idnr",
]
"""Country and name, as python-stdnum has them (`gb.nino` is our own)."""
_REGION = re.compile(r"[A-Z]{2}")


def check_domains(names: Iterable[str]) -> None:
    """Raise ValueError for the first that cannot name a domain."""
    try:
        for name in names:
            check_domain(name)
    except SettingsError as error:
        raise ValueError(str(error)) from error


def _by_domain(given: object) -> object:
    """Refuse kinds that are of no domain, saying how to give them to all."""
    if isinstance(given, list):
        raise ValueError('write {"*": [KIND, ...]} for all domains, or {"DOMAIN": [KIND, ...]}')
    return given


def _of_domains(kinds: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    check_domains(name for name in kinds if name != "*")
    return kinds


def _domains(names: tuple[str, ...]) -> tuple[str, ...]:
    check_domains(names)
    return names


def _region(given: object) -> object:
    """Return a region that telephone numbers are known of; None for what says so."""
    if given in ("", "none", None):
        return None
    from phonenumbers import SUPPORTED_REGIONS  # it takes a while, and few name a region

    if not _REGION.fullmatch(str(given)) or given not in SUPPORTED_REGIONS:
        raise ValueError("it is no region: write two letters of ISO 3166-1, GB or MY for example")
    return given


Redact = Annotated[
    dict[str, tuple[PersonalData, ...]], BeforeValidator(_by_domain), AfterValidator(_of_domains)
]
Private = Annotated[tuple[str, ...], AfterValidator(_domains)]
RedactRegion = Annotated[str | None, BeforeValidator(_region)]


class SafetySettings(BaseSettings):
    """What keeps people's data out of the index; `Settings` has all of it."""

    model_config = IndexSettings.model_config

    private_domains: Private = ()
    """Domains that are searched only where they, or groups, are named; a file of theirs that no
    rule names is shown to the group of the domain's name. Kept like the visibility rules."""
    redact: Redact = {}
    """Domain (`*` for all others) -> kinds of personal data that its index must not hold. A run
    that does not name them keeps those of the run before, and so with the next two."""
    redact_region: RedactRegion = None
    """Where telephone numbers without a country's code are from; None looks for those with one."""
    redact_national_ids: tuple[NationalId, ...] = ()
    """What `national_id` stands for."""

    image_filter: str = "none"
    """An image classifier of transformers, folder or name, that looks at pages before they are
    indexed; a run that names none of these three takes those of the run before."""
    image_filter_labels: tuple[str, ...] = ()
    """Its labels whose pictures are withheld."""
    image_filter_threshold: float = Field(default=0.5, gt=0.0, le=1.0)
    """The score from which on a label counts."""

    @model_validator(mode="after")
    def _labels_are_named(self) -> "SafetySettings":
        if self.image_filter != "none" and not self.image_filter_labels:
            raise ValueError(
                f"MMRAG_IMAGE_FILTER={self.image_filter!r} withholds nothing: name the labels to "
                'withhold in MMRAG_IMAGE_FILTER_LABELS=["nsfw"], for example'
            )
        return self

    @model_validator(mode="after")
    def _national_ids_are_named(self) -> "SafetySettings":
        named = {kind for kinds in self.redact.values() for kind in kinds}
        if "national_id" in named and not self.redact_national_ids:
            raise ValueError(
                "MMRAG_REDACT names national_id, and nobody says which: name them in "
                'MMRAG_REDACT_NATIONAL_IDS=["us.ssn"], for example'
            )
        return self
