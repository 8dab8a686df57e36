"""Rows as lines: every value comes back with its type."""

from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from genregenie.accounts.backup import layout
from genregenie.storage.tables import METADATA


def test_every_value_comes_back_as_it_was() -> None:
    columns = {
        "text": "text",
        "integer": "integer",
        "number": "number",
        "bytes": "bytes",
        "moment": "timestamp",
        "day": "date",
        "yes": "boolean",
    }

    @given(
        st.fixed_dictionaries(
            {
                "text": st.none() | st.text(),
                "integer": st.none() | st.integers(-(2**63), 2**63 - 1),
                "number": st.none() | st.floats(allow_nan=False),
                "bytes": st.none() | st.binary(),
                "moment": st.none() | st.datetimes(timezones=st.just(UTC)),
                "day": st.none() | st.dates(),
                "yes": st.none() | st.booleans(),
            }
        )
    )
    def check(row: dict[str, Any]) -> None:
        line = layout.encode(row, columns)
        assert "\n" not in line
        back = layout.decode(
            line.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass"), columns
        )
        assert back == row
        assert {k: type(v) for k, v in back.items()} == {k: type(v) for k, v in row.items()}

    check()


def test_every_column_has_a_word_for_its_type() -> None:
    for table in METADATA.sorted_tables:
        for column in table.columns:
            assert layout.word_of(column) in layout._TYPES
