"""Small checkpoints with random weights, saved in the formats of real ones."""

import json
from pathlib import Path
from typing import Any

from mmrag_pipeline.engines.folders import prepare_transformers

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "bicycle", "word", "##s", "cat")
TINY_CLIP: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


TINY_BERT: dict[str, Any] = {
    "vocab_size": len(WORDS),
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}


def save_bert(folder: Path) -> Path:
    """Save a BERT of one layer with its tokenizer; return the folder."""
    prepare_transformers()
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    tokenizer(folder).save_pretrained(folder)
    config = BertConfig(**TINY_BERT)
    BertModel(config).save_pretrained(folder)
    return folder


def save_sentence_model(folder: Path) -> Path:
    """Save a sentence-transformers model around the small BERT; return its folder."""
    save_bert(folder / "bert")
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(str(folder / "bert"), device="cpu").save(str(folder / "model"))
    return folder / "model"


def save_cross_encoder(folder: Path, *, labels: int = 1) -> Path:
    """Save a cross-encoder of one layer with its tokenizer; return the folder."""
    prepare_transformers()
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(1)
    tokenizer(folder).save_pretrained(folder)
    config = BertConfig(**TINY_BERT)
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def save_clip(folder: Path, *, name: str) -> Any:
    """Register a tiny architecture with open_clip; return a random model of it."""
    import torch

    from mmrag_pipeline.engines.openclip_sources import import_open_clip

    open_clip = import_open_clip()
    (folder / f"{name}.json").write_text(json.dumps(TINY_CLIP))
    open_clip.add_model_config(folder / f"{name}.json")
    torch.manual_seed(1)
    return open_clip.create_model(name)


def save_blip(folder: Path) -> Path:
    """Save a BLIP of one layer a tower with its processor; return the folder."""
    prepare_transformers()
    import torch
    from transformers import BlipConfig, BlipForConditionalGeneration

    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": len(WORDS), "intermediate_size": 32, "encoder_hidden_size": 16}
    text |= {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    vision = {**sizes, "intermediate_size": 32, "image_size": 32, "patch_size": 16}
    BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config=vision)
    ).save_pretrained(folder)
    from transformers import BlipImageProcessor, BlipProcessor

    pictures = BlipImageProcessor(size={"height": 32, "width": 32})
    processor: Any = BlipProcessor
    processor(pictures, tokenizer(folder)).save_pretrained(folder)
    return folder


def tokenizer(folder: Path) -> Any:
    """Return a BERT tokenizer of a few words."""
    from transformers import BertTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    loader: Any = BertTokenizer
    return loader.from_pretrained(folder)


def save_classifier(folder: Path) -> Path:
    """Save a ViT of one layer that tells three labels, with its processor; return the folder."""
    prepare_transformers()
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "image_size": 32, "patch_size": 16}
    labels = dict(enumerate(("normal", "nsfw", "violence")))
    made: Any = ViTConfig
    config = made(**sizes, id2label=labels, label2id={v: k for k, v in labels.items()})
    ViTForImageClassification(config).save_pretrained(folder)
    processor: Any = ViTImageProcessor
    processor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder
