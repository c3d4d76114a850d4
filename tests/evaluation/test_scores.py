"""What the gate measured is told in a line: what was compared, and what lost most."""

from dataclasses import replace

from mmrag_pipeline.evaluation.paired import Comparison, Limits
from mmrag_pipeline.evaluation.scores import Score, told

LIMITS = Limits(max_loss=0.02, confidence=0.95)
FUSED = Score("fused", "overall", Comparison(6, 0.9, 0.91, -0.01, 0.03, False, True))
TEXT = Score("text", "overall", Comparison(6, 0.9, 0.888, -0.03, 0.005, False, True))
WORSE = Score("text", "overall", Comparison(6, 0.9, 0.6, -0.4, -0.2, True, True))
RARE = Score("fused", "rare", Comparison(1, 1.0, 0.0, -1.0, -1.0, False, False))


def test_what_lost_most_is_told_with_its_bounds() -> None:
    said = told([FUSED, TEXT], LIMITS)
    assert "worst of fused, text: text -0.012 (-0.030 to +0.005); no loss above 0.02" in said


def test_a_kind_of_too_few_queries_is_named_and_is_not_the_worst() -> None:
    said = told([FUSED, TEXT, RARE], LIMITS)
    assert "worst of fused, text: text -0.012" in said
    assert "; too few queries of fused on rare;" in said


def test_a_refusal_names_the_settings_that_it_was_judged_by() -> None:
    assert told([FUSED, WORSE], LIMITS).endswith(
        "worse: text 0.900 to 0.600 (more than MMRAG_GATE_MAX_LOSS=0.02, with "
        "MMRAG_GATE_CONFIDENCE=0.95)"
    )


def test_a_drop_names_the_settings_of_the_evaluation() -> None:
    limits = replace(LIMITS, settings="MMRAG_EVAL")
    assert told([FUSED, WORSE], limits).endswith(
        "worse: text 0.900 to 0.600 (more than MMRAG_EVAL_MAX_LOSS=0.02, with "
        "MMRAG_EVAL_CONFIDENCE=0.95)"
    )
