"""Answers by any server that speaks OpenAI's chat completions: vLLM, TGI, Ollama, hosted ones."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmrag_pipeline.answer_records import Ask, Evidence, Usage
from mmrag_pipeline.engines.answer_prompt import messages, prompt_digest
from mmrag_pipeline.engines.openai_errors import answer_errors, translated
from mmrag_pipeline.errors import AnswerError
from mmrag_pipeline.ids import Json, digest_json
from mmrag_pipeline.records import Card

if TYPE_CHECKING:
    from openai import OpenAI

_CONNECT_S = 10.0
_NO_KEY = "none"
"""What is sent where no key is set: the client wants one, servers of one's own heed none."""


@dataclass(frozen=True, slots=True)
class Server:
    """Which server and model, and how it is asked."""

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    retries: int = 2
    max_tokens: int = 512
    stream: bool = True
    picture_px: int = 768


@dataclass(frozen=True)
class OpenAiAnswers:
    """Asks a server (model_ports.Answerer); nothing connects before the first question."""

    server: Server

    @property
    def card(self) -> Card:
        """Return the card: model, address, prompt and limits; what the server runs nobody tells."""
        asked: list[Json] = [prompt_digest(), self.server.max_tokens, self.server.picture_px]
        return Card(
            name=self.server.model,
            revision=self.server.url,
            modality="answer",
            dimension=0,
            licence="",
            weights_sha256="",
            preprocessing=digest_json(asked),
            precision="",
        )

    def answer(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
        """Yield the answer as it comes, then its usage; raises AnswerError.

        A request that fails before its first word is sent again as the settings say; once words
        came, they cannot be taken back.
        """
        end = time.monotonic() + self.server.timeout_s
        said = False
        try:
            for piece in self._pieces(question, evidence):
                if time.monotonic() > end:
                    raise self._nonsense("it was not done in time (MMRAG_ANSWER_TIMEOUT_S)")
                said = said or (isinstance(piece, str) and bool(piece.strip()))
                yield piece
        except answer_errors() as error:
            raise translated(error, self.server.url, self.server.api_key) from None
        if not said:
            raise self._nonsense("it answered nothing")

    def _pieces(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
        asked: dict[str, Any] = {
            "model": self.server.model,
            "messages": messages(question, evidence, side_px=self.server.picture_px),
            "max_tokens": self.server.max_tokens,
            "temperature": 0.0,
        }
        completions: Any = self._client.chat.completions
        if not self.server.stream:
            yield from self._whole(completions.create(**asked))
            return
        options = {"include_usage": True}
        with completions.create(**asked, stream=True, stream_options=options) as chunks:
            yield from self._streamed(chunks)

    def _whole(self, reply: Any) -> Iterator[str | Usage]:
        choice = _first_choice(reply)
        content = getattr(getattr(choice, "message", None), "content", None)
        if not isinstance(content, str):
            raise self._nonsense("there is no answer in what it sent")
        self._check_end(choice)
        yield content
        yield _usage(reply, cut=choice.finish_reason == "length")

    def _streamed(self, chunks: Any) -> Iterator[str | Usage]:
        ended, cut, usage = False, False, Usage()
        for chunk in chunks:
            choice = _first_choice(chunk)
            content = getattr(getattr(choice, "delta", None), "content", None)
            if isinstance(content, str):
                yield content
            if choice is not None and choice.finish_reason:
                self._check_end(choice)
                ended, cut = True, choice.finish_reason == "length"
            if getattr(chunk, "usage", None) is not None:
                usage = _usage(chunk, cut=cut)
        if not ended:
            raise self._nonsense("its answer broke off")
        yield Usage(usage.prompt_tokens, usage.completion_tokens, cut)

    def _check_end(self, choice: Any) -> None:
        if choice.finish_reason == "content_filter":
            raise self._nonsense("its content filter withheld the answer")

    def _nonsense(self, what: str) -> AnswerError:
        return AnswerError(
            f"the server of MMRAG_ANSWER_URL={self.server.url} was asked for an answer by "
            f"{self.server.model!r:.100}, and {what}: see its log, or unset MMRAG_ANSWER_URL and "
            "MMRAG_ANSWER_MODEL to have answers quoted from the evidence",
            may_pass=True,
        )

    @cached_property
    def _client(self) -> "OpenAI":
        from openai import Omit, OpenAI, Timeout

        timeout_s = self.server.timeout_s
        # the client would read these of the environment, which is for settings.py to read
        left_out: Any = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
        return OpenAI(
            base_url=self.server.url,
            api_key=self.server.api_key or _NO_KEY,
            timeout=Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
            max_retries=self.server.retries,
            default_headers=left_out,
        )


def _first_choice(reply: Any) -> Any:
    choices = getattr(reply, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None


def _usage(reply: Any, *, cut: bool) -> Usage:
    told = getattr(reply, "usage", None)
    counts = [getattr(told, name, None) for name in ("prompt_tokens", "completion_tokens")]
    known = [count if isinstance(count, int) else None for count in counts]
    return Usage(known[0], known[1], cut)
