"""Two hundred damaged files: each is heard, or refused with a sentence."""

import pytest

from tests import mutants

SOME = 200 // len(mutants.NAMES) + 1


@pytest.mark.parametrize("name", mutants.NAMES)
def test_an_undamaged_file_of_each_kind_is_heard(name):
    data = mutants.whole(name)
    with mutants.AudioFile(data) as audio:
        assert sum(len(b) for s in audio.stretches() for b in s.blocks) > 20_000


@pytest.mark.slow
@pytest.mark.parametrize("name", mutants.NAMES)
def test_a_damaged_one_is_heard_or_gets_a_sentence(name):
    found = {number: mutants.outcome((name, number)) for number in range(SOME)}
    assert {n: o for n, o in found.items() if o not in ("heard", "sentence")} == {}
