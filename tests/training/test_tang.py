"""All Tang poems as they are trained on: none that is held out, in whatever edition; none that is damaged; each once."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from app.labs.contract import UserError
from app.training.kit.tang import FILE, FOLDER, clauses, complete

BOOK = {
    "0": ["白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。", "空山不見人，但聞人語響。"],
    "10000": ["紅豆生南國，春來發幾枝。"],
    "2000": ["床前明月光，疑是地上霜。", "空山不見人，但聞人語響。", "君自□鄉來，應知故鄉事。", "秋風（一作雨）起，白雲飛。", ""],
}


def packed(folder: Path) -> None:
    with tarfile.open(folder / FILE, "w:gz") as archive:
        for number, poems in BOOK.items():
            data = json.dumps([{"paragraphs": poem.split("\n")} for poem in poems]).encode()
            entry = tarfile.TarInfo(f"{FOLDER}{number}.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def test_clauses_are_compared_in_simplified_characters() -> None:
    assert clauses("白日依山盡，黃河入海流。") == clauses("白日依山尽，黄河入海流。") == {"白日依山尽", "黄河入海流"}
    assert clauses("車轔轔，馬蕭蕭。") == set()


def test_poems_in_the_books_order_each_once_without_damaged_ones_and_those_held_out(tmp_path: Path) -> None:
    packed(tmp_path)
    tang = complete(tmp_path, "欲穷千里目，更上一层楼。")
    assert tang.poems == ("空山不見人，但聞人語響。", "床前明月光，疑是地上霜。", "紅豆生南國，春來發幾枝。")
    assert (tang.damaged, tang.of_held_out) == (3, 1)
    assert tang.text == "\n\n".join(tang.poems) + "\n\n"
    assert tang.told["poems"] == 3


def test_without_the_book_it_is_told_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"training\.no-file"):
        complete(tmp_path, "")
