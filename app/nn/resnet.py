"""A small ResNet for 32 to 224 pixel pictures: basic blocks with a shortcut around two convolutions.

He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, section 3.3 and figure 2; one block
a stage and a 3 x 3 stem without pooling, as the paper does for CIFAR-10 (section 4.2), with wider late stages.
"""

from __future__ import annotations

from torch import Tensor, nn


class BasicBlock(nn.Module):
    """y = relu(F(x) + shortcut(x)), F two 3 x 3 convolutions with batch normalisation."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.relu2 = nn.ReLU()
        # Where the shape changes the shortcut is a 1 x 1 convolution (the paper's option B).
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

    def __init__(self, classes: int = 10, width: int = 24) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.layer1 = BasicBlock(width, 2 * width, stride=2)
        self.layer2 = BasicBlock(2 * width, 4 * width, stride=2)
        self.layer3 = BasicBlock(4 * width, 8 * width, stride=2)
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
