// The three products of a dense layer, by one register tile.
//
//     forward            y = x W + b        A = x rows         B = W           C = y
//     weight gradient   dW = x^T dy         A = x columns      B = dy          C = dW
//     input gradient    dx = dy W^T         A = dy rows        B = W^T         C = dx
//
// All of them are panels of lines (rows.h): x, y, dy and dx with a line a sample, W with a line an input. So B is read
// from end to end, C is written in whole lines, and A is read a number at a time. A tile is up to MR lines of C, kept
// in registers while k runs through the sum from its first term to its last. An element of C is therefore the same
// chain of fused multiply-adds wherever its tile begins and whichever thread computes it.
#pragma once

#include "simd.h"

namespace lw {
namespace LW_ISA {

// How many lines of C, each of NV vectors, the registers hold beside one line of B and one number of A.
template <int NV>
constexpr int MOST_ROWS = NV == 1 ? 12 : (REGISTERS - 1 - NV) / NV > 8 ? 8 : (REGISTERS - 1 - NV) / NV;
static_assert(MOST_ROWS<2> >= 6, "12 accumulators at least");

enum class From { rows, columns };  // of A: a line a row of C, or a line a term of the sum
enum class Start { zero, line, c };  // of the sum: at 0, at a line given (the biases), or at what C holds
enum class End { store, subtract };  // C = the sum, or C = C - scale * the sum

template <class T>
struct Product {
    const T* a;
    index a_panel;  // From::rows: how far the panels of A lie apart
    const T* b;
    index b_line;  // how far the lines of B lie apart
    T* c;
    index terms;
    const T* line;
    T scale;
};

template <class T, int MR, int NV, From from, Start start, End end>
void tile(const Product<T>& product) {
    constexpr int L = LANES<T>, W = WIDTH<T>;
    using V = Vector<T>;
    V sum[MR][NV];
    for (int i = 0; i < MR; ++i)
        for (int v = 0; v < NV; ++v)
            sum[i][v] = start == Start::zero   ? V{}
                        : start == Start::line ? load(product.line + v * W)
                                               : load(product.c + i * L + v * W);
    const T* a = product.a;
    const T* b = product.b;
    const index b_line = product.b_line;
    // A runs of numbers: for rows, those of one panel after the other; for columns, all of them.
    constexpr index next = from == From::rows ? 1 : L, line = from == From::rows ? L : 1;
    for (index left = product.terms; left > 0; left -= L, a += from == From::rows ? product.a_panel : L * L) {
        const index run = lesser(left, L);
#pragma GCC unroll 4
        for (index k = 0; k < run; ++k, b += b_line) {
            V of_b[NV];
            for (int v = 0; v < NV; ++v) of_b[v] = load(b + v * W);
            for (int i = 0; i < MR; ++i) {
                const V of_a = broadcast(a[i * line + k * next]);
                for (int v = 0; v < NV; ++v) sum[i][v] += of_a * of_b[v];
            }
        }
    }
    T* c = product.c;
    for (int i = 0; i < MR; ++i)
        for (int v = 0; v < NV; ++v) {
            T* at = c + i * L + v * W;
            if (end == End::store)
                store(at, sum[i][v]);
            else
                store(at, load(at) - product.scale * sum[i][v]);
        }
}

template <class T, int NV, From from, Start start, End end, int MR = MOST_ROWS<NV>>
inline void tile_of(index rows, const Product<T>& product) {
    if (rows == MR) return tile<T, MR, NV, from, start, end>(product);
    if constexpr (MR > 1) return tile_of<T, NV, from, start, end, MR - 1>(rows, product);
}

// Calls f with the number of vectors that hold `columns` numbers as a constant.
template <class T, int NV = 1, class F>
inline auto with_vectors(index columns, F f) {
    if constexpr (NV < VECTORS)
        if (columns > NV * WIDTH<T>) return with_vectors<T, NV + 1>(columns, f);
    return f(std::integral_constant<int, NV>{});
}

constexpr index BLOCK = 256;  // terms summed before the next rows take their turn: 16 KB of B stay in the first cache

// Rows of one panel of C from rows of A: C = line + A B. The panels of A lie a_panel apart.
template <class T>
void rows_product(index rows, index terms, const T* a, index a_panel, const T* b, index b_line, T* c, const T* line,
                  index columns) {
    constexpr int L = LANES<T>;
    with_vectors<T>(columns, [&](auto vectors) {
        constexpr int NV = decltype(vectors)::value, MR = MOST_ROWS<NV>;
        for (index k = 0; k < terms; k += BLOCK) {
            index m = lesser(BLOCK, terms - k);
            for (index r = 0; r < rows; r += MR) {
                Product<T> p{a + k / L * a_panel + r * L, a_panel, b + k * b_line, b_line, c + r * L, m, line, 0};
                index n = lesser(MR, rows - r);
                if (k)
                    tile_of<T, NV, From::rows, Start::c, End::store>(n, p);
                else if (line)
                    tile_of<T, NV, From::rows, Start::line, End::store>(n, p);
                else
                    tile_of<T, NV, From::rows, Start::zero, End::store>(n, p);
            }
        }
    });
}

// One panel of A (columns i of x) times one panel of B (dy): `rows` lines of dW, at most LANES. samples terms.
template <class T, Start start, End end>
void columns_product(index rows, index samples, const T* a, const T* b, T* c, T scale, index columns) {
    constexpr int L = LANES<T>;
    with_vectors<T>(columns, [&](auto vectors) {
        constexpr int NV = decltype(vectors)::value;
        constexpr int MR = MOST_ROWS<NV> >= 8 ? 8 : MOST_ROWS<NV>;
        for (index i = 0; i < rows; i += MR) {
            Product<T> p{a + i, 0, b, L, c + i * L, samples, nullptr, scale};
            tile_of<T, NV, From::columns, start, end, MR>(lesser(MR, rows - i), p);
        }
    });
}

// B of the input gradient: for one panel of inputs, a line for each unit. w: the panel's first line in the first
// panel of W; the panels of W lie w_panel apart. rows: how many of the panel's inputs there are.
template <class T>
void transpose(const T* w, index w_panel, index rows, index units, T* out) {
    constexpr int L = LANES<T>;
    for (index p = 0; p * L < units; ++p, w += w_panel)
        for (index j = 0; j < lesser(L, units - p * L); ++j)
            for (int i = 0; i < L; ++i) out[(p * L + j) * L + i] = i < rows ? w[i * L + j] : T(0);
}

}  // namespace LW_ISA
}  // namespace lw
