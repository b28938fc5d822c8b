// Rows of the data, gathered, converted and scaled into lines.
//
// A batch of n rows with c columns is kept as lines(c) panels, each of n lines: number k of row r is
// panel[k / LANES][r][k % LANES]. A panel is read from end to end by the products, whatever the number of columns.
#pragma once

#include "plan.h"
#include "simd.h"

namespace lw {
namespace LW_ISA {

// One row into a panel-wise batch: its lines lie `stride` apart. W: what is computed in.
template <class T, class W, class S>
inline void read_row(const S* from, index columns, const W* offset, const W* factor, T* to, index stride) {
    constexpr int L = LANES<T>;
    index whole = columns / L * L;
    for (index k = 0; k < whole; k += L, to += stride) {
        if (!factor)
            for (int j = 0; j < L; ++j) to[j] = T(from[k + j]);
        else if (!offset)
            for (int j = 0; j < L; ++j) to[j] = T(W(from[k + j]) * factor[k + j]);
        else
            for (int j = 0; j < L; ++j) to[j] = T((W(from[k + j]) - offset[k + j]) * factor[k + j]);
    }
    if (whole == columns) return;
    for (int j = 0; j < L; ++j) {
        index k = whole + j;
        W x = k < columns ? W(from[k]) : W(0);
        if (factor && k < columns) x = ((offset ? x - offset[k] : x)) * factor[k];
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
        case Element::u8: case Element::i8: return 1;
        case Element::u16: case Element::i16: return 2;
        case Element::u32: case Element::i32: case Element::f32: return 4;
        default: return 8;
    }
}

}  // namespace LW_ISA
}  // namespace lw
