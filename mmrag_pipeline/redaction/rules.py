"""What is taken out of a domain's texts, and what, with the texts, decides the result."""

from dataclasses import dataclass

from mmrag_pipeline.ids import Json
from mmrag_pipeline.marks import PersonalData
from mmrag_pipeline.safety_settings import NationalId, SafetySettings


@dataclass(frozen=True, slots=True)
class Rules:
    """Kinds of personal data to take out; without any nothing is changed."""

    kinds: tuple[PersonalData, ...] = ()
    region: str | None = None
    national_ids: tuple[NationalId, ...] = ()

    @property
    def parameters(self) -> list[Json]:
        """Return what of the settings has an effect."""
        region = self.region if "phone" in self.kinds else None
        ids = self.national_ids if "national_id" in self.kinds else ()
        return [list(self.kinds), region, list(ids)]


def rules_of(settings: SafetySettings, domain: str) -> Rules:
    """Return the rules of a domain: its own, else those of all others."""
    kinds = settings.redact.get(domain, settings.redact.get("*", ()))
    return Rules(
        tuple(sorted({*kinds})),
        settings.redact_region,
        tuple(sorted({*settings.redact_national_ids})),
    )
