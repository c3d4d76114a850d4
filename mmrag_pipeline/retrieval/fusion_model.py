"""A trained fusion as a JSON file: numbers and where they come from, nothing that is run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import digest_json
from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Form
from mmrag_pipeline.retrieval.features import FEATURES

Way = Literal["learned", "evidence"] | Signal
"""How queries of one form are ranked: by the trained weights, by default, or by one signal."""
Number = Annotated[float, Field(allow_inf_nan=False)]
_SHOWN = 300
"""Characters of what is wrong with a file."""


class TrainingCard(BaseModel):
    """What a fusion was trained from and how well it did on queries that it had not seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trained_at: datetime
    queries: int = Field(ge=1)
    queries_digest: str
    """Of what was asked and which files answer it."""
    questions: tuple[str, ...] = ()
    """Digests of what was asked, sorted, each once; files of before have none."""
    domains: tuple[str, ...]
    folds: int = Field(ge=2)
    held_out: Mapping[str, Mapping[str, Number]]
    """Kind of query (`overall` for all) -> ranking -> mean nDCG@10."""


class FusionModel(BaseModel):
    """Weights of FEATURES, and for each form of query that was trained how it is ranked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    revision: str
    """Digest of features, coefficients and ways."""
    features: tuple[str, ...]
    coefficients: tuple[Number, ...]
    ways: Mapping[Form, Way]
    """Forms that are absent had too few labelled queries: they are ranked by evidence."""
    card: TrainingCard

    @classmethod
    def of(
        cls, coefficients: Sequence[float], ways: Mapping[Form, Way], card: TrainingCard
    ) -> "FusionModel":
        """Return a model of today's features."""
        kept = tuple(map(float, coefficients))
        revision = revision_of(FEATURES, kept, ways)
        return cls(
            revision=revision, features=FEATURES, coefficients=kept, ways=dict(ways), card=card
        )

    @model_validator(mode="after")
    def _is_whole(self) -> "FusionModel":
        if len(self.features) != len(self.coefficients):
            raise ValueError(
                f"it has {len(self.features)} features and {len(self.coefficients)} coefficients"
            )
        if self.revision != revision_of(self.features, self.coefficients, self.ways):
            raise ValueError("its revision is not that of its numbers: it was changed by hand")
        return self


def revision_of(
    features: Sequence[str], coefficients: Sequence[float], ways: Mapping[Form, Way]
) -> str:
    """Return the digest by which a fusion with these numbers is known."""
    ordered: dict[str, str] = dict(sorted(ways.items()))
    return digest_json(
        {"features": list(features), "coefficients": list(coefficients), "ways": {**ordered}}
    )


def model_text(model: FusionModel) -> str:
    """Return the file's content; reading it gives the same model."""
    return model.model_dump_json(indent=1) + "\n"


def read_model(text: str, name: str) -> FusionModel:
    """Return the model of a file's content, `name` for errors; raises SettingsError."""
    try:
        model = FusionModel.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found)
        raise SettingsError(
            f"MMRAG_FUSION_MODEL={name} is no trained fusion ({wrong:.{_SHOWN}}): train it again "
            "with `mmrag fusion-train --queries FILE`"
        ) from error
    if model.features != FEATURES:
        others = sorted(set(model.features).symmetric_difference(FEATURES))
        raise SettingsError(
            f"MMRAG_FUSION_MODEL={name} was trained for other features "
            f"({', '.join(others) or 'in another order':.{_SHOWN}}): train it again with `mmrag "
            "fusion-train --queries FILE`"
        )
    return model
