"""Write a Wav2Vec2 checkpoint of random weights, where no model hub can be reached.

It has what a pretrained one has but what it has learned: with it the whole way of ``probe`` and
``wav2vec2`` can be gone and timed (``--size base`` is as large as ``facebook/wav2vec2-base``).
What such models reach says nothing about pretrained ones.

    python benchmarks/random_checkpoint.py FOLDER [--size small|base] [--seed 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path

SIZES = {
    "small": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "conv_dim": (64,) * 7,
        "num_conv_pos_embeddings": 32,
        "num_conv_pos_embedding_groups": 4,
        "layerdrop": 0.0,
    },
    "base": {},
}


def main() -> None:
    """Write the folder."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    options = _options()
    torch.manual_seed(options.seed)
    model = Wav2Vec2Model(Wav2Vec2Config(**SIZES[options.size]))
    model.save_pretrained(options.folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(options.folder)
    count = sum(each.numel() for each in model.parameters())
    print(f"{options.folder}: {count:,} random weights")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
