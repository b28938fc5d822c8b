// Rows of the data, gathered, converted and scaled into lines.
//
// A batch of n rows with c columns is kept as lines(c) panels, each of n lines: number k of row r is
// panel[k / LANES][r][k % LANES]. A panel is read from end to end by the products, whatever the number of columns.
#pragma once

#include <type_traits>

#include "plan.h"
#include "simd.h"

namespace lw {
namespace LW_ISA {

// One row into a panel-wise batch: its lines lie `stride` apart. W: what is computed in.
template <class T, class W, class S>
inline void read_row(const S* __restrict from, index columns, const W* __restrict offset, const W* __restrict factor,
                     T* __restrict to, index stride) {
    constexpr int L = LANES<T>;
    const auto each_line = [&](auto f) {
        for (; columns >= L; columns -= L, from += L, to += stride) {
            LW_INDEPENDENT
            for (int j = 0; j < L; ++j) to[j] = T(f(j, W(from[j])));
            offset += offset ? L : 0, factor += factor ? L : 0;
        }
    };
    if (std::is_same<S, T>::value && !factor)
        for (; columns >= L; columns -= L, from += L, to += stride)
            for (int r = 0; r < L; r += WIDTH<T>) store(to + r, load(reinterpret_cast<const T*>(from) + r));
    else if (!factor)
        each_line([](int, W x) { return x; });
    else if (!offset)
        each_line([&](int j, W x) { return x * factor[j]; });
    else
        each_line([&](int j, W x) { return (x - offset[j]) * factor[j]; });
    if (!columns) return;
    for (int j = 0; j < L; ++j) {
        W x = j < columns ? W(from[j]) : W(0);
        if (factor && j < columns) x = ((offset ? x - offset[j] : x)) * factor[j];
        to[j] = T(x);
    }
}

template <class T, class W>
inline void read_row_of(Element element, const void* X, index row, index columns, const W* offset, const W* factor,
                        T* to, index stride) {
    auto read = [&](auto* data) { read_row<T, W>(data + row * columns, columns, offset, factor, to, stride); };
    switch (element) {
        case Element::u8: return read(static_cast<const std::uint8_t*>(X));
        case Element::i8: return read(static_cast<const std::int8_t*>(X));
        case Element::u16: return read(static_cast<const std::uint16_t*>(X));
        case Element::i16: return read(static_cast<const std::int16_t*>(X));
        case Element::u32: return read(static_cast<const std::uint32_t*>(X));
        case Element::i32: return read(static_cast<const std::int32_t*>(X));
        case Element::u64: return read(static_cast<const std::uint64_t*>(X));
        case Element::i64: return read(static_cast<const std::int64_t*>(X));
        case Element::f32: return read(static_cast<const float*>(X));
        case Element::f64: return read(static_cast<const double*>(X));
    }
}

inline int element_size(Element element) {
    switch (element) {
        case Element::u8:
        case Element::i8: return 1;
        case Element::u16:
        case Element::i16: return 2;
        case Element::u32:
        case Element::i32:
        case Element::f32: return 4;
        default: return 8;
    }
}

}  // namespace LW_ISA
}  // namespace lw
