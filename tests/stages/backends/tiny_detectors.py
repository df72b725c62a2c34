"""Zero-shot detectors: tiny networks of the true architectures, with random weights. They need transformers."""

import json
from pathlib import Path
from typing import Any

import torch


def save_detector(name: str, folder: Path) -> None:
    """Write a detector as a folder that its loader reads, always with the same weights."""
    torch.manual_seed(3)
    {"grounding_dino": _save_grounding_dino, "owlv2": _save_owlv2, "sam3_text": _save_sam3_text}[name](folder)


def _save_grounding_dino(folder: Path) -> None:
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "the", "dog", "black", "swan", "goose"]
    (folder / "vocab.txt").write_text("\n".join(words))
    text = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64,
    )  # fmt: skip
    vision = transformers.SwinConfig(
        image_size=64, embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.GroundingDinoConfig(
        backbone_config=vision, text_config=text, d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=12, max_text_len=32,
    )  # fmt: skip
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    images = transformers.GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    transformers.GroundingDinoProcessor(images, tokenizer).save_pretrained(folder)


def _save_owlv2(folder: Path) -> None:
    import transformers

    tokenizer, n = _clip_tokenizer(folder, 16)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"bos_token_id": n - 2, "eos_token_id": n - 1, "pad_token_id": 0}
    config = transformers.Owlv2Config(
        text_config={**small, **ids, "vocab_size": n, "max_position_embeddings": 16},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    images = transformers.Owlv2ImageProcessor(size={"height": 32, "width": 32})
    transformers.Owlv2Processor(images, tokenizer).save_pretrained(folder)


def _clip_tokenizer(folder: Path, longest: int) -> tuple[Any, int]:
    """A tokenizer of single letters, and how many tokens it knows."""
    import transformers

    letters = list("!.abcdeghklnostw")
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    names = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    return transformers.CLIPTokenizer(*names, pad_token="!", model_max_length=longest), len(vocabulary)


def _save_sam3_text(folder: Path) -> None:
    import transformers

    tokenizer, n = _clip_tokenizer(folder, 32)
    width = {"hidden_size": 32}
    small = {**width, "num_attention_heads": 2, "intermediate_size": 32, "num_layers": 1, "dropout": 0.0}
    vit = transformers.Sam3ViTConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=16,
        window_size=2, global_attn_indexes=[1], pretrain_image_size=64,
    )  # fmt: skip
    vision = transformers.Sam3VisionConfig(
        backbone_config=vit, fpn_hidden_size=32, backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
        scale_factors=[4.0, 2.0, 1.0, 0.5],
    )  # fmt: skip
    text = transformers.CLIPTextConfig(
        vocab_size=n, hidden_size=16, intermediate_size=16, projection_dim=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=32, bos_token_id=n - 2, eos_token_id=n - 1, pad_token_id=0,
    )  # fmt: skip
    config = transformers.Sam3Config(
        vision_config=vision, text_config=text, geometry_encoder_config=dict(small),
        detr_encoder_config=dict(small), detr_decoder_config={**small, "num_queries": 9},
        mask_decoder_config={**width, "num_attention_heads": 2},
    )  # fmt: skip
    network = transformers.Sam3Model(config)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith(("detr", "dot")):  # so that words and queries make a difference
                parameter.add_(torch.randn_like(parameter) * 0.2)
    network.save_pretrained(folder)
    images = transformers.Sam3ImageProcessor(size={"height": 64, "width": 64})
    transformers.Sam3Processor(images, tokenizer).save_pretrained(folder)
