"""Random numbers by key: the same whoever asks, and whenever. No stream has a state that must be kept.

    generator(seed, purpose, index)    NumPy's generator, made anew: first weights, the rows' order, rows set aside
    Philox(seed, size)                 masks, by (step, layer); `words_of` for augmentation, by (epoch, row)

Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): a block cipher on a counter. Word i of a draw is word i mod 4
of the block with counter (i div 4, layer, step low, step high) under the key (seed low, seed high). So a
resumed run draws what the uninterrupted one did, and any executor can fill any part of a mask by itself.
"""

from __future__ import annotations

import numpy as np

from layerwise.typing import Array

WEIGHTS, ORDER, HELD_OUT, FOLDS, SHARD_ORDER, BLOCKS = range(6)  # what a generator draws
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def generator(seed: int, purpose: int, index: int = 0) -> np.random.Generator:
    """Return NumPy's generator for what is drawn: its key is the seed, and purpose · 2⁶⁰ + index.

    Parameters
    ----------
    seed : int
        At least 0; what is beyond 64 bits is left out.
    purpose : int
        `WEIGHTS`, `ORDER`, `HELD_OUT`, `FOLDS`, `SHARD_ORDER` or `BLOCKS`.
    index : int
        The layer; or the step at which the epoch begins.
    """
    return np.random.Generator(np.random.Philox(key=[seed % 2**64, purpose * 2**60 + index]))


class Philox:
    """Draws of up to `size` numbers without allocating.

    Parameters
    ----------
    seed : int
        The key; what is beyond 64 bits is left out.
    size : int
        The most numbers that one draw will need.
    """

    def __init__(self, seed: int, size: int) -> None:
        blocks = -(-size // 4) + 1  # a draw may begin within one
        self._key = _key(seed)
        self._counter = np.arange(blocks, dtype=np.uint64)
        self._words = np.empty((4, blocks), np.uint64)
        self._products = np.empty((2, blocks), np.uint64)
        self._uniform = np.empty((blocks, 4), np.float32)

    def words(self, step: int, layer: int, count: int, first: int = 0) -> Array:
        """`count` blocks of four 32-bit words from block `first` on, (4, count) in uint64; overwritten by the next."""
        words, products = self._words[:, :count], self._products[:, :count]
        np.add(self._counter[:count], np.uint64(first), out=words[0])
        words[1], words[2], words[3] = layer, step & 0xFFFFFFFF, step >> 32
        _encrypt(words, products, self._key)
        return words

    def fill(self, out: Array, step: int, layer: int, first: int = 0) -> None:
        """Fill `out`, in C order, with uniform numbers on [0, 1): the words' upper 24 bits times 2⁻²⁴.

        They are numbers `first` and those after it of the draw.
        """
        block, skipped = divmod(first, 4)
        count = -(-(skipped + out.size) // 4)
        words = self.words(step, layer, count, block)
        np.right_shift(words, np.uint64(8), out=words)
        uniform = self._uniform[:count]
        np.copyto(uniform, words.T, casting="unsafe")  # 24 bits fit a float32
        np.multiply(uniform, 2**-24, out=uniform)
        np.copyto(out, uniform.reshape(-1)[skipped : skipped + out.size].reshape(out.shape))


def words_of(seed: int, steps: Array, layer: int, count: int) -> Array:
    """The first `count` words of the draw for each step: (len(steps), count) in uint64, each below 2³²."""
    blocks = -(-count // 4)
    words = np.empty((4, len(steps), blocks), np.uint64)
    words[0], words[1] = np.arange(blocks), layer
    words[2], words[3] = (steps & _LOW)[:, None], (steps >> _32)[:, None]
    _encrypt(words, np.empty((2, *words.shape[1:]), np.uint64), _key(seed))
    return np.moveaxis(words, 0, 2).reshape(len(steps), -1)[:, :count]


def _key(seed: int) -> tuple[int, int]:
    return seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF


def _encrypt(words: Array, products: Array, keys: tuple[int, int]) -> None:
    """The ten rounds of the cipher, in place, on words (4, ...) with room for products (2, ...)."""
    for i in range(10):
        np.multiply(words[0], np.uint64(_MULTIPLIERS[0]), out=products[0])
        np.multiply(words[2], np.uint64(_MULTIPLIERS[1]), out=products[1])
        # (c0, c1, c2, c3) ← (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0))
        for word, product, extra, key in ((0, 1, 1, 0), (2, 0, 3, 1)):
            np.right_shift(products[product], _32, out=words[word])
            np.bitwise_xor(words[word], words[extra], out=words[word])
            np.bitwise_xor(words[word], np.uint64((keys[key] + i * _WEYL[key]) & 0xFFFFFFFF), out=words[word])
        np.bitwise_and(products[1], _LOW, out=words[1])
        np.bitwise_and(products[0], _LOW, out=words[3])
