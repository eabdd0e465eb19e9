"""A small ResNet for 32 to 224 pixel pictures: basic blocks with a shortcut around two convolutions.

He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, section 3.3 and figure 2; a 3 x 3 stem
without pooling, as the paper does for CIFAR-10 (section 4.2), with fewer blocks and wider late stages. Modules are named
as torchvision names those of its ResNets.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class BasicBlock(nn.Module):
    """y = relu(F(x) + shortcut(x)), F two 3 x 3 convolutions with batch normalisation.

    The shortcut is the identity where the shape stays; such a block begins as the identity too, F being 0 (Goyal et al., arXiv
    1706.02677, section 5.1), so that a trained network can be given one more and goes on where it was.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.relu2 = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride == 1 and channels_in == channels_out:
            nn.init.zeros_(self.bn2.weight)
        else:  # where the shape changes the shortcut is a 1 x 1 convolution (the paper's option B)
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels_in, H, W) to (N, channels_out, H / stride, W / stride)."""
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        y: Tensor = self.relu2(out + self.downsample(x))
        return y


class ResNet(nn.Module):
    """A stem and three stages, each halving the side and doubling the channels, then the mean of each map."""

    def __init__(self, classes: int = 10, width: int = 24, blocks: Sequence[int] = (2, 2, 2)) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.layer1 = _stage(width, 2 * width, blocks[0])
        self.layer2 = _stage(2 * width, 4 * width, blocks[1])
        self.layer3 = _stage(4 * width, 8 * width, blocks[2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W), normalised, to logits (N, classes); any side of at least 8 pixels."""
        x = self.relu(self.bn1(self.conv1(x)))  # (N, w, H, W)
        x = self.layer1(x)  # (N, 2 w, H/2, W/2)
        x = self.layer2(x)  # (N, 4 w, H/4, W/4)
        x = self.layer3(x)  # (N, 8 w, H/8, W/8)
        x = self.flatten(self.avgpool(x))  # (N, 8 w)
        logits: Tensor = self.fc(x)
        return logits


def _stage(channels_in: int, channels_out: int, blocks: int) -> nn.Sequential:
    """The first block halves the side, the others keep the shape."""
    first = BasicBlock(channels_in, channels_out, stride=2)
    return nn.Sequential(first, *(BasicBlock(channels_out, channels_out, stride=1) for _ in range(blocks - 1)))
