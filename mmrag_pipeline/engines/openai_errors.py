"""What errors of the openai client mean for us, in our words.

A log shows the whole chain of causes, and requests hold the API key: raise what `translated` says
`from None`.
"""

from collections.abc import Mapping

from mmrag_pipeline.errors import AnswerError

_KEY = "set MMRAG_ANSWER_API_KEY to a key of this server that may use the model"
_ABSENT = "see that MMRAG_ANSWER_URL ends as its API does (often /v1) and that it has the model"
_TAKES = (
    "it does not take what was asked: see that MMRAG_ANSWER_MODEL takes pictures (or set "
    "MMRAG_ANSWER_PICTURES=0), and so many tokens (MMRAG_ANSWER_EVIDENCE_TOKENS, "
    "MMRAG_ANSWER_MAX_TOKENS)"
)
_ADVICE: Mapping[int, str] = {
    **dict.fromkeys((401, 403), _KEY),
    **dict.fromkeys((404, 405), _ABSENT),
    **dict.fromkeys((400, 413, 422), _TAKES),
    429: "it is busy or its quota is used up; ask again later",
}
_TROUBLE = "the server is in trouble; its log says more"
_PASSING = (408, 409, 429)
_SHOWN = 200
"""Characters of a server's own words that an error repeats."""


def answer_errors() -> tuple[type[Exception], ...]:
    """Return what an `except` around a call of the client has to name.

    It lets errors of the connection through while an answer streams, and of JSON in it.
    """
    from httpx2 import HTTPError, StreamError
    from openai import OpenAIError

    return (OpenAIError, HTTPError, StreamError, ValueError)


def translated(error: Exception, url: str, key: str | None) -> AnswerError:
    """Return one of `answer_errors` in our words, without the key, whoever repeats it."""
    told = f"the server of MMRAG_ANSWER_URL={url}"
    cause, advice, may_pass = _meaning(error, key)
    return AnswerError(f"{told} gave no answer ({cause}): {advice}", may_pass=may_pass)


def _meaning(error: Exception, key: str | None) -> tuple[str, str, bool]:
    from httpx2 import HTTPError, TimeoutException
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError | TimeoutException):
        return "it took too long", "MMRAG_ANSWER_TIMEOUT_S sets how long to wait", True
    if isinstance(error, APIStatusError):
        status = error.status_code
        advice = _ADVICE.get(status, _TROUBLE)
        words = _words(error, key) if advice == _TAKES else ""
        return f"status {status}{words}", advice, status in _PASSING or status >= 500
    if isinstance(error, APIConnectionError):
        return "it cannot be reached", "see that the address is right and that it runs", True
    if isinstance(error, HTTPError):
        return "the connection broke", "ask again; its log may say more", True
    return "what it sent is no answer", "see that it speaks OpenAI's chat completions", False


def _words(error: Exception, key: str | None) -> str:
    """Return what a server said where that helps; it may hold anything, the key included."""
    said = str(error).replace(key, "…") if key else str(error)
    clean = "".join(c if c.isprintable() else " " for c in said)
    return f", {clean[:_SHOWN].strip()}"
