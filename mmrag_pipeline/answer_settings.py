"""Settings of answers: which server, how much evidence, where answers are kept."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mmrag_pipeline.index_settings import has_a_host, is_loopback

_REDIS = ("redis", "rediss", "unix")


class AnswerSettings(BaseSettings):
    """What answers are made with; `Settings` has all of it."""

    model_config = SettingsConfigDict(
        env_prefix="MMRAG_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    answer_url: str | None = None
    """Base address of an OpenAI-compatible server with vision; None quotes the evidence."""
    answer_model: str | None = None
    """The model that this server is asked for."""
    answer_api_key: SecretStr | None = None
    answer_timeout_s: float = Field(default=60.0, gt=0, le=3_600)
    """Longest wait for a whole answer."""
    answer_retries: int = Field(default=2, ge=0, le=10)
    """How often a question is sent again that failed for a passing reason."""
    answer_max_tokens: int = Field(default=512, ge=1, le=100_000)
    answer_stream: bool = True
    """False takes the answer as a whole."""
    answer_evidence_tokens: int = Field(default=6_000, ge=100, le=1_000_000)
    """About how many tokens evidence may have, each picture counted as 765."""
    answer_pictures: int = Field(default=4, ge=0, le=50)
    """Files of which a server is shown a picture."""
    answer_picture_px: int = Field(default=768, ge=64, le=4_096)
    """Longest side of such a picture."""
    answer_cache_url: SecretStr | None = None
    """`redis://HOST:6379/0`; None keeps answers in a folder of `home`."""
    answer_cache_days: float = Field(default=30.0, gt=0, le=36_500)
    """How long an answer is kept."""

    @field_validator("answer_url")
    @classmethod
    def _is_a_place(cls, url: str | None) -> str | None:
        """Refuse what holds a secret: the address is shown in errors."""
        if url is None:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not has_a_host(parts):
            raise ValueError("it is no address: write http://HOST:8000/v1 or https://HOST/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("it may hold no name, password or query: set MMRAG_ANSWER_API_KEY")
        return url.rstrip("/")

    @field_validator("answer_api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        text = "" if key is None else key.get_secret_value()
        if key is not None and not (text and text.isascii() and text.isprintable()):
            raise ValueError("it is no key: it is empty or has characters that no header can hold")
        return key

    @field_validator("answer_cache_url")
    @classmethod
    def _is_a_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in _REDIS:
            raise ValueError("it is no address of a Redis: write redis://HOST:6379/0 or rediss://")
        return url

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        """Refuse a server without a model, a model without one, and a key in the clear."""
        if (self.answer_url is None) != (self.answer_model is None):
            raise ValueError(
                "MMRAG_ANSWER_URL and MMRAG_ANSWER_MODEL belong together: set both, or none to "
                "have answers quoted from the evidence"
            )
        if self.answer_url is None or self.answer_api_key is None:
            return self
        parts = urlsplit(self.answer_url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError(
                "MMRAG_ANSWER_API_KEY would be sent in the clear: write https:// in "
                "MMRAG_ANSWER_URL (only a server of this machine is asked over http with a key)"
            )
        return self
