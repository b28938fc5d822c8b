// Philox4x32-10, as philox.py has it: word i of the draw for (seed, step, layer) is the same on every executor.
#pragma once

#include "simd.h"

namespace lw {
namespace LW_ISA {

constexpr int BLOCKS = 32;  // computed side by side

// The words of blocks first ... first + BLOCKS - 1: four of each, given to `take` with the block's place among them.
template <class F>
inline void philox_words(std::uint64_t seed, std::uint64_t step, std::uint32_t layer, std::uint32_t first, F take) {
    std::uint32_t a[BLOCKS], b[BLOCKS], c[BLOCKS], d[BLOCKS];
    for (int i = 0; i < BLOCKS; ++i) {
        a[i] = first + std::uint32_t(i);
        b[i] = layer;
        c[i] = std::uint32_t(step);
        d[i] = std::uint32_t(step >> 32);
    }
    std::uint32_t low = std::uint32_t(seed), high = std::uint32_t(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < BLOCKS; ++i) {
            std::uint64_t p = std::uint64_t(a[i]) * 0xD2511F53u, q = std::uint64_t(c[i]) * 0xCD9E8D57u;
            a[i] = std::uint32_t(q >> 32) ^ b[i] ^ low;
            c[i] = std::uint32_t(p >> 32) ^ d[i] ^ high;
            b[i] = std::uint32_t(q);
            d[i] = std::uint32_t(p);
        }
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
    for (int i = 0; i < BLOCKS; ++i) take(i, a[i], b[i], c[i], d[i]);
}

// The same words, as uniform numbers on [0, 1).
template <class T>
inline void philox(std::uint64_t seed, std::uint64_t step, std::uint32_t layer, std::uint32_t first, T* out) {
    philox_words(seed, step, layer, first,
                 [&](int i, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
                     out[4 * i] = T(std::int32_t(a >> 8)) * T(0x1p-24);
                     out[4 * i + 1] = T(std::int32_t(b >> 8)) * T(0x1p-24);
                     out[4 * i + 2] = T(std::int32_t(c >> 8)) * T(0x1p-24);
                     out[4 * i + 3] = T(std::int32_t(d >> 8)) * T(0x1p-24);
                 });
}

// Numbers begin ... begin + count - 1 of the draw, into out.
template <class T>
inline void draw(std::uint64_t seed, std::uint64_t step, std::uint32_t layer, index begin, index count, T* out) {
    T part[4 * BLOCKS];
    while (count > 0) {
        index block = begin / 4, skip = begin % 4, m = lesser(count, 4 * BLOCKS - skip);
        philox(seed, step, layer, std::uint32_t(block), part);
        std::memcpy(out, part + skip, std::size_t(m) * sizeof(T));
        begin += m, out += m, count -= m;
    }
}

}  // namespace LW_ISA
}  // namespace lw
