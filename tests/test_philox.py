"""The counter-based generator against the test vectors that its authors published (Random123, kat_vectors)."""

import numpy as np

from layerwise.data.philox import Philox, words_of


def hexadecimal(words):
    return [f"{int(word):08x}" for word in words]


def test_all_zeros():
    assert hexadecimal(Philox(0, 4).words(0, 0, 1)[:, 0]) == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def test_all_ones():
    generator = Philox(2**64 - 1, 4)
    generator._counter[:] = 2**32 - 1
    words = generator.words(2**64 - 1, 2**32 - 1, 1)[:, 0]
    assert hexadecimal(words) == ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]


def test_digits_of_pi():
    generator = Philox(0x299F31D0A4093822, 4)  # key words a4093822, 299f31d0
    generator._counter[:] = 0x243F6A88
    words = generator.words(0x0370734413198A2E, 0x85A308D3, 1)[:, 0]
    assert hexadecimal(words) == ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"]


def test_a_shorter_draw_is_the_beginning_of_a_longer_one():
    generator, short, long = Philox(7, 100), np.empty(13, np.float32), np.empty((5, 20))
    generator.fill(short, 3, 1)
    generator.fill(long, 3, 1)
    np.testing.assert_array_equal(short, long.ravel()[:13])


def test_draws_are_uniform_and_differ_by_seed_step_and_layer():
    draws = []
    for seed, step, layer in [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1)]:
        out = np.empty(40_000)
        Philox(seed, out.size).fill(out, step, layer)
        assert out.min() >= 0
        assert out.max() < 1
        assert abs(out.mean() - 0.5) < 5 * np.sqrt(1 / 12 / out.size)
        counts = np.bincount((out * 16).astype(int), minlength=16)
        assert ((counts - 2500) ** 2 / 2500).sum() < 45  # chi-square, 15 degrees of freedom, p < 1e-4
        draws.append(out)
    correlations = np.corrcoef(draws)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(40_000)


def test_the_words_of_many_steps_are_those_of_each():
    steps = np.array([0, 5, 2**32 + 5, 2**64 - 1], np.uint64)
    words = words_of(2**63 + 1, steps, 9, 14)
    for step, row in zip(steps, words, strict=True):
        each = Philox(2**63 + 1, 16).words(int(step), 9, 4)
        np.testing.assert_array_equal(row, each.T.ravel()[:14])
