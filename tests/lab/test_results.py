"""The lab's tables: records are written and read back."""

import shutil

import pytest

from genregenie.lab import records, results

KINDS = [
    kind for kind in vars(records).values() if isinstance(kind, type) and "TABLE" in vars(kind)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.TABLE)
def test_what_is_kept_is_read_and_written_back_to_the_byte(kind, tmp_path):
    shipped = results.place(f"{kind.TABLE}.csv")
    shutil.copy(shipped, tmp_path)
    found = results.read(kind, tmp_path)
    assert len(found) == len(shipped.read_text(encoding="utf-8").splitlines()) - 1
    results.write(kind, [], tmp_path, model="nobody's")
    assert (tmp_path / shipped.name).read_bytes() == shipped.read_bytes()


def test_records_take_the_place_of_those_of_the_same_model(tmp_path):
    def line(system: str, model: str, honest: float | None) -> records.Headline:
        return records.Headline(system, model, None, 0.25, honest, None)

    results.write_headlines("B", [line("B", "svm", 0.5), line("B", "knn", None)], tmp_path)
    results.write_headlines("A", [line("A", "svm", 0.75)], tmp_path)
    results.write_headlines("B", [line("B", "svm", 0.625)], tmp_path)
    assert results.read(records.Headline, tmp_path) == [
        line("A", "svm", 0.75),
        line("B", "knn", None),
        line("B", "svm", 0.625),
    ]
    assert results.read(records.Score, tmp_path) == []
