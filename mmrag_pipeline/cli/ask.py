"""`mmrag ask`: an answer from the index, with what it rests on."""

from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.answer_records import Checked, Citation, Evidence, GroundedAnswer, by_id
from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.cli.console import OUT, print_entry, print_json, print_title, printable, warn
from mmrag_pipeline.cli.cost import money_text
from mmrag_pipeline.cli.options import AsJson, Domains, Groups, Kinds, load_settings
from mmrag_pipeline.cli.wanted import Wanted, as_option, query_of
from mmrag_pipeline.cost_records import token_money
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.retrieval.answers import FILES, nobody
from mmrag_pipeline.settings import Settings


def ask(
    question: Annotated[str, typer.Argument(help="What to answer.")],
    image: Annotated[
        Path | None, typer.Option("--image", help="A picture asked about.", show_default=False)
    ] = None,
    domain: Domains = None,
    kind: Kinds = None,
    visibility: Groups = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many files to read.")] = FILES,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask again, and keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the index, every sentence with the evidence that it rests on.

    Without a server (MMRAG_ANSWER_URL) the evidence is quoted, or it says that it does not know.

    Examples:

        mmrag ask "How much does the Brelvane Hush cost?"

        mmrag ask "What is the total of invoice INV-50217?" --domain office --json
    """
    if not question.strip():
        raise SettingsError("nothing is asked: give a question in words")
    settings = load_settings()
    wanted = Wanted(
        text=question,
        image=image,
        domains=domain or None,
        kinds=kind or None,
        visibility=visibility or None,
        limit=k,
    )
    with open_asking(settings, cached=not no_cache, warn=warn) as asking:
        store = asking.searcher.store
        query, asked = query_of(settings, wanted, store=store, spelled=as_option)
        for told in asked.told:
            warn(told)
        answer = asking.ask(query, nobody if as_json else _say)
        asking.searcher.telemetry.push()
    if as_json:
        print_json({**answer.as_json(), "cost": _cost(settings, answer)})
    else:
        _print_grounds(answer, _cost(settings, answer), settings)
    if asked.trouble:
        raise typer.Exit(1)


def _say(sentence: Checked) -> None:
    """Print a sentence as soon as it is complete, marked when its evidence does not bear it out."""
    cited = "".join(f" [{one.evidence_id}]" for one in sentence.citations)
    mark = f"  (unsupported: {sentence.problem})" if sentence.problem else ""
    OUT.print(printable(f"{sentence.text}{cited}"), end="", markup=False)
    OUT.print(printable(mark), style="yellow", markup=False)


def _cost(settings: Settings, answer: GroundedAnswer) -> float | None:
    """Return the money of an answer's tokens, 0 from the cache; None without rates or counts."""
    money = token_money(settings.rates, answer.usage.prompt_tokens, answer.usage.completion_tokens)
    return 0.0 if money is not None and answer.cached else money


def _print_grounds(answer: GroundedAnswer, cost: float | None, settings: Settings) -> None:
    """Print what was cited, each passage once, then how the answer was made."""
    known = by_id(answer.evidence)
    cited = dict.fromkeys(one for sentence in answer.sentences for one in sentence.citations)
    if cited:
        OUT.print()
        print_title("Evidence")
    for citation in cited:
        _print_citation(citation, known[citation.evidence_id])
    paid = "" if cost is None else f", {money_text(cost, settings.currency)}"
    OUT.print(f"\n{printable(_made(answer) + paid)}", style="dim", markup=False)


def _print_citation(citation: Citation, evidence: Evidence) -> None:
    box = f" at {citation.box.as_text()}" if citation.box else ""
    quote = f"“{citation.quote}”" if citation.quote else "(the picture)"
    place = f"page {evidence.page_no}, {evidence.kind}{box}"
    print_entry(f"{citation.evidence_id} {evidence.domain}/{evidence.key}", place, body=quote)


def _made(answer: GroundedAnswer) -> str:
    counts = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    used = "" if None in counts else f", {counts[0]:,} tokens read and {counts[1]:,} written"
    cut = ", cut off (MMRAG_ANSWER_MAX_TOKENS)" if answer.usage.cut else ""
    kept = ", from the cache" if answer.cached else ""
    return f"by {answer.model.name}{used}{cut}{kept}"
