"""`mmrag ask`: quoted from the evidence, or answered by a server."""

import pytest

from tests.cli.commands import Bench, Said
from tests.engines.chat_server import ChatServer, Reply, chat_server, refusal, streamed

TEA = "How many minutes does green tea want?"
SAYS = "Green tea wants water of eighty degrees and two minutes."


def test_an_answer_is_quoted_with_the_file_it_is_from(indexed: Bench) -> None:
    said = indexed.mmrag("ask", TEA, "--no-cache")
    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == f"{SAYS} [E1]"
    assert "E1 notes/tea.txt  page 1, text" in said.out
    assert said.out.rstrip().endswith("by extractive")


def test_a_page_is_quoted_with_the_box_of_the_words(indexed: Bench) -> None:
    said = _json(indexed, "What to do with the tank before switching on?")
    assert said.code == 0, said.err
    answer = said.json
    (citation,) = answer["sentences"][0]["citations"]
    assert (citation["quote"], len(citation["box"])) == ("Fill the tank before switching on.", 4)
    assert answer["evidence"][0]["key"] == "guide.pdf"


def test_what_the_index_does_not_say_is_not_known(indexed: Bench) -> None:
    said = _json(indexed, "How much does the moon cost?")
    assert said.code == 0, said.err
    assert (said.json["answer"], said.json["abstained"]) == ("I do not know", True)


def test_a_server_sees_evidence_and_pictures_and_its_answer_is_checked(indexed: Bench) -> None:
    with chat_server(streamed("It is KX-4711 [E1]. It is KX-4712 [E1]. Yes [E99].")) as server:
        said = _served(indexed, server, "code of the kettle KX-4711")
    assert said.code == 0, said.err
    assert "It is KX-4711. [E1]\n" in said.out
    assert (
        "It is KX-4712. [E1]  (unsupported: not in the evidence that it cites: KX-4712)" in said.out
    )
    assert "Yes.  (unsupported: it cites evidence that does not exist: E99)" in said.out
    assert "by stub, 120 tokens read and 8 written" in said.out
    kinds = [part["type"] for part in server.asked[0][1]["messages"][1]["content"]]
    assert "image_url" in kinds


def test_the_second_answer_comes_from_the_cache_unless_told_otherwise(bench: Bench) -> None:
    with chat_server(streamed("It is KX-4711 [E1].")) as server:
        question = "code of the kettle KX-4711"
        first, second = (_served(bench, server, question) for _ in range(2))
        again = _served(bench, server, question, "--no-cache")
    assert ["from the cache" in one.out for one in (first, second, again)] == [False, True, False]
    assert len(server.asked) == 2


def test_an_answer_tells_the_money_of_its_tokens_and_the_cache_is_free(bench: Bench) -> None:
    rates = {"MMRAG_RATES": '{"prompt_mtokens": 1000, "completion_mtokens": 10000}'}
    with chat_server(streamed("It is KX-4711 [E1].")) as server:
        where = {"MMRAG_ANSWER_URL": server.url, "MMRAG_ANSWER_MODEL": "stub", **rates}
        asked = [bench.mmrag("ask", "code of KX-4711", "--json", **where) for _ in range(2)]
        shown = bench.mmrag("ask", "code of KX-4711", "--no-cache", **where).out
    assert [one.json["cost"] for one in asked] == [pytest.approx(0.12 + 0.08), 0.0]
    assert "120 tokens read and 8 written, 0.2" in shown


def test_a_cache_that_cannot_be_reached_warns_and_fails_nothing(indexed: Bench) -> None:
    there = "redis://:secret@127.0.0.1:9/0"
    said = indexed.mmrag("ask", TEA, MMRAG_ANSWER_CACHE_URL=there)
    assert (said.code, said.out.splitlines()[0]) == (0, f"{SAYS} [E1]")
    assert said.err.count("answers are not cached") == 1
    assert "secret" not in said.err


def test_a_server_that_fails_is_told_in_one_line(indexed: Bench) -> None:
    said = _failed(indexed, refusal(500))
    assert said.code == 1
    assert "status 500" in said.err
    assert "sk-secret" not in said.err


def test_settings_that_cannot_work_are_refused(indexed: Bench) -> None:
    alone = indexed.mmrag("ask", TEA, MMRAG_ANSWER_URL="http://127.0.0.1:9/v1")
    assert "MMRAG_ANSWER_URL and MMRAG_ANSWER_MODEL belong together" in alone.err
    clear = {"MMRAG_ANSWER_URL": "http://far.example/v1", "MMRAG_ANSWER_MODEL": "m"}
    said = indexed.mmrag("ask", TEA, MMRAG_ANSWER_API_KEY="sk-secret", **clear)
    assert "in the clear" in said.err
    assert "sk-secret" not in said.err


def test_nothing_asked_is_refused(indexed: Bench) -> None:
    said = indexed.mmrag("ask", " ")
    assert (said.code, "nothing is asked" in said.err) == (1, True)


def _json(bench: Bench, question: str) -> Said:
    return bench.mmrag("ask", question, "--no-cache", "--json")


def _served(bench: Bench, server: ChatServer, *arguments: str) -> Said:
    where = {"MMRAG_ANSWER_URL": server.url, "MMRAG_ANSWER_MODEL": "stub"}
    return bench.mmrag("ask", *arguments, **where)


def _failed(bench: Bench, reply: Reply) -> Said:
    with chat_server(reply) as server:
        where = {"MMRAG_ANSWER_URL": server.url, "MMRAG_ANSWER_MODEL": "stub"}
        more = {"MMRAG_ANSWER_RETRIES": "0", "MMRAG_ANSWER_API_KEY": "sk-secret"}
        return bench.mmrag("ask", TEA, "--no-cache", **where, **more)
