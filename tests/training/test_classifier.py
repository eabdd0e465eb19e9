"""Training is reproducible, measures what it stores, and says what it lacks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from app.__main__ import main
from app.labs.contract import UserError
from app.nn.resnet import ResNet
from app.nn.tasks import data
from app.nn.vgg import VGG
from app.training.kit import card, cifar10, classifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CIFAR-10 of 8 training and 4 test pictures a class: one colour each, which anything can learn."""
    generator = torch.Generator().manual_seed(0)
    with zipfile.ZipFile(tmp_path / cifar10.FILE, "w") as archive:
        for part, count in (("train", 8), ("test", 4)):
            for label, name in enumerate(cifar10.CLASSES):
                for i in range(count):
                    colour = (25 * label, 255 - 25 * label, 128)
                    noise = torch.randint(-12, 13, (32, 32, 3), generator=generator)
                    pixels = (torch.tensor(colour) + noise).clamp(0, 255).to(torch.uint8).numpy()
                    jpeg = io.BytesIO()
                    Image.fromarray(pixels).save(jpeg, "JPEG", quality=95)
                    archive.writestr(f"{part}/{name}/{i:04d}.jpg", jpeg.getvalue())
    return tmp_path


def small(folder: Path, seed: int = 0) -> ResNet:
    recipe = classifier.Recipe(epochs=2, batch=20, small_epochs=1, seed=seed)
    net = classifier.train(lambda: ResNet(width=8), recipe, cifar10.load(cifar10.archive(folder), "train"))
    assert isinstance(net, ResNet)
    return net


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    first, again, other = small(folder), small(folder), small(folder, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True))
    assert not torch.equal(first.fc.weight, other.fc.weight)


def test_a_second_cycle_starts_from_the_average_of_the_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(classifier, "keep", lambda name, net, *rest: kept.update(net.state_dict()))
    first = classifier.Recipe(epochs=2, batch=20, small_epochs=1)
    still = classifier.Recipe(epochs=1, batch=20, peak_lr=0.0, averaging=0.0, seed=1)
    classifier.ship("tiny", [(lambda: ResNet(width=8), recipe) for recipe in (first, still)], folder)
    assert all(torch.equal(kept[name], value) for name, value in small(folder).named_parameters())


def test_a_network_grows_from_what_the_one_before_had_learnt() -> None:
    before = ResNet(width=8, blocks=(1, 1, 1)).eval()
    after = classifier.grown(lambda: ResNet(width=8, blocks=(1, 2, 1)), before).eval()
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(after(x), before(x))
    with pytest.raises(ValueError, match="no place for"):
        classifier.grown(lambda: ResNet(width=8, blocks=(1, 1, 1)), after)


def test_labels_follow_the_folders_and_pictures_their_names(folder: Path) -> None:
    part = cifar10.load(cifar10.archive(folder), "test", most=2)
    assert part.labels.tolist() == [label for label in range(10) for _ in range(2)]
    assert part.images.shape == (20, 3, 32, 32)
    assert part.images[:, 0].float().mean((1, 2))[::2].tolist() == pytest.approx([25 * label for label in range(10)], abs=12)


def test_a_training_writes_weights_and_a_card_that_describe_each_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.nn import weights

    monkeypatch.setattr(card, "FOLDER", tmp_path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.card.cache_clear()
    recipe = classifier.Recipe(epochs=20, batch=20, peak_lr=0.1, averaging=0.5)
    classifier.ship("tiny", [(lambda: VGG(width=8), recipe)], folder)
    told = weights.card("tiny")
    net = VGG(width=8)
    net.load_state_dict(weights.state("tiny"))
    test = cifar10.load(cifar10.archive(folder), "test")
    assert told["test_accuracy"] == classifier.accuracy(net, test)["all"] > 0.5
    assert told["parameters"] == sum(p.numel() for p in net.parameters())
    assert (told["data"]["training_pictures"], told["data"]["test_pictures"]) == (80, 40)
    (tmp_path / "tiny.safetensors").write_bytes(b"other")
    with pytest.raises(weights.WrongWeights, match="restore"):
        weights.state("tiny")
    weights.card.cache_clear()


def test_a_crop_moves_a_picture_by_at_most_the_shift_and_keeps_its_pixels() -> None:
    pictures = (
        torch.arange(3 * 32 * 32, dtype=torch.int64).remainder(251).to(torch.uint8).reshape(1, 3, 32, 32).expand(64, -1, -1, -1)
    )
    shifted = classifier.augment(pictures, 32, 2, torch.Generator().manual_seed(0))
    plain, mirrored = pictures[0, :, 8:24, 8:24], pictures[0].flip(2)[:, 8:24, 8:24]
    seen = set()
    for one in shifted:
        found = [
            (dy, dx, flipped)
            for flipped, wanted in enumerate((plain, mirrored))
            for dy in range(-2, 3)
            for dx in range(-2, 3)
            if torch.equal(one[:, 8 - dy : 24 - dy, 8 - dx : 24 - dx], wanted)
        ]
        assert found
        seen.update(found)
    assert {dy for dy, _, _ in seen} == {-2, -1, 0, 1, 2}
    assert {flipped for _, _, flipped in seen} == {0, 1}


def test_without_data_one_sentence_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(data.VARIABLE, raising=False)
    assert main(["train", "vgg"]) == 2
    assert cifar10.DOWNLOAD in one_line(capsys)
    assert main(["train", "vgg", "--data", str(tmp_path)]) == 2
    assert str(tmp_path) in one_line(capsys)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    with pytest.raises(UserError):
        cifar10.archive(None)


def test_another_file_under_that_name_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / cifar10.FILE).write_bytes(b"no zip")
    assert main(["train", "resnet", "--data", str(tmp_path)]) == 2
    assert cifar10.DOWNLOAD in one_line(capsys)
    with zipfile.ZipFile(tmp_path / cifar10.FILE, "w") as archive:
        archive.writestr("readme.txt", "no pictures")
    assert main(["train", "resnet", "--data", str(tmp_path)]) == 2
    assert cifar10.DOWNLOAD in one_line(capsys)
    with zipfile.ZipFile(tmp_path / cifar10.FILE, "w") as archive:
        archive.writestr("train/airplane/0000.jpg", b"no JPEG")
    assert main(["train", "resnet", "--data", str(tmp_path)]) == 2
    assert cifar10.DOWNLOAD in one_line(capsys)


def test_the_archive_may_have_a_folder_around_its_pictures(folder: Path, tmp_path: Path) -> None:
    plain = cifar10.load(folder / cifar10.FILE, "train")
    around = tmp_path / "around.zip"
    with zipfile.ZipFile(folder / cifar10.FILE) as given, zipfile.ZipFile(around, "w") as made:
        for name in given.namelist():
            made.writestr(f"CIFAR-10-images-master/{name}", given.read(name))
    assert torch.equal(cifar10.load(around, "train").images, plain.images)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was written to stderr, which is one sentence."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said
