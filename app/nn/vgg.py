"""A small VGG for 32 to 224 pixel pictures: 3 x 3 convolutions in a row, max pooling between the stages.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv 1409.1556, section
2.1; with batch normalisation, and the mean of each last map in place of the fully connected layers.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn


class VGG(nn.Module):
    """Four stages of convolution, normalisation and ReLU, each closed by 2 x 2 max pooling."""

    def __init__(self, classes: int = 10, width: int = 16) -> None:
        super().__init__()
        w = width
        self.features = nn.Sequential(
            OrderedDict(
                [
                    *_stage(1, 3, w, convolutions=1),  # (N, w, H/2, W/2)
                    *_stage(2, w, 2 * w, convolutions=2),  # (N, 2 w, H/4, W/4)
                    *_stage(3, 2 * w, 4 * w, convolutions=2),  # (N, 4 w, H/8, W/8)
                    *_stage(4, 4 * w, 8 * w, convolutions=2),  # (N, 8 w, H/16, W/16)
                ]
            )
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(8 * w, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W), normalised, to logits (N, classes); any side of at least 16 pixels."""
        x = self.features(x)
        x = self.flatten(self.avgpool(x))  # (N, 8 w)
        logits: Tensor = self.classifier(x)
        return logits


def _stage(number: int, channels_in: int, channels_out: int, convolutions: int) -> list[tuple[str, nn.Module]]:
    """Named as the paper's readers do: conv3_2 is the second convolution of the third stage."""
    layers: list[tuple[str, nn.Module]] = []
    for i in range(1, convolutions + 1):
        layers += [
            (f"conv{number}_{i}", nn.Conv2d(channels_in if i == 1 else channels_out, channels_out, 3, padding=1, bias=False)),
            (f"bn{number}_{i}", nn.BatchNorm2d(channels_out)),
            (f"relu{number}_{i}", nn.ReLU()),
        ]
    return [*layers, (f"pool{number}", nn.MaxPool2d(2))]
