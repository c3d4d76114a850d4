"""Measures retrieval and zero-shot accuracy of a checkpoint or of the exported files."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from training.documents.kinds import PHRASES
from training.encoders import CheckpointEncoder, Encoder, ExportedEncoder
from training.metrics import accuracy, diagonal_recall, recall
from training.phrases import load_phrasebook
from training.synonyms import UNSEEN_WORDS
from training.workspace import Workspace, workspace_argument

Metrics = dict[str, Any]


def gallery_metrics(workspace: Workspace, encoder: Encoder) -> Metrics:
    """Measure names against clean drawings in a seen and the unseen style."""
    book = load_phrasebook(workspace)
    names = book.things[: book.emoji_count]
    texts = encoder.texts(names)
    seen = encoder.images(workspace.load_array("eval_noto"))
    unseen = encoder.images(workspace.load_array("eval_twemoji"))
    numbers = {name: place for place, name in enumerate(names)}
    answers = [[numbers[name] for name in found] for found in UNSEEN_WORDS.values()]
    words = encoder.texts(list(UNSEEN_WORDS))
    return {
        "unseen_style_text_to_image": asdict(diagonal_recall(texts @ unseen.T)),
        "unseen_style_image_to_text": asdict(diagonal_recall(unseen @ texts.T)),
        "seen_style_text_to_image": asdict(diagonal_recall(texts @ seen.T)),
        "seen_style_image_to_text": asdict(diagonal_recall(seen @ texts.T)),
        "unseen_words_unseen_style": asdict(recall(words @ unseen.T, answers)),
    }


def composite_metrics(workspace: Workspace, encoder: Encoder) -> Metrics:
    """Measure captions against held-out combinations, in seen styles and in the unseen one."""
    captions = [record["caption"] for record in workspace.load_json("composites_test")]
    texts = encoder.texts(captions)
    metrics = {}
    for name in ("composites", "composites_unseen_style"):
        images = encoder.images(workspace.load_array(f"eval_{name}"))
        metrics[f"{name}_text_to_image"] = asdict(diagonal_recall(texts @ images.T))
    return metrics


def document_metrics(workspace: Workspace, encoder: Encoder) -> Metrics:
    """Measure the zero-shot kind of documents from our renderer and from matplotlib."""
    phrases = encoder.texts(PHRASES)
    own = encoder.images(workspace.load_array("eval_documents"))
    own_kinds = torch.tensor([r["kind"] for r in workspace.load_json("documents_test")])
    other = encoder.images(workspace.load_array("eval_charts"))
    names = workspace.load_json("eval_charts")
    other_kinds = torch.tensor([PHRASES.index(name) for name in names])
    similarity = other @ phrases.T
    by_kind = {
        name: accuracy(similarity[other_kinds == kind], other_kinds[other_kinds == kind])
        for kind, name in enumerate(PHRASES)
        if name in names
    }
    return {
        "document_kind_same_renderer": accuracy(own @ phrases.T, own_kinds),
        "document_kind_unseen_renderer": accuracy(similarity, other_kinds),
        "document_kind_unseen_renderer_by_kind": by_kind,
    }


def measure(workspace: Workspace, encoder: Encoder) -> Metrics:
    """Return all metrics."""
    metrics = gallery_metrics(workspace, encoder) | composite_metrics(workspace, encoder)
    return metrics | document_metrics(workspace, encoder)


def main() -> None:
    """Parse the command line and print the metrics as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    workspace_argument(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--checkpoint", type=Path, help="a file under runs/")
    which.add_argument("--exported", type=Path, help="the folder of exported files")
    arguments = parser.parse_args()
    encoder: Encoder
    if arguments.checkpoint:
        encoder = CheckpointEncoder(arguments.checkpoint)
    else:
        encoder = ExportedEncoder(arguments.exported)
    print(json.dumps(measure(Workspace(arguments.work), encoder), indent=1))


if __name__ == "__main__":
    main()
