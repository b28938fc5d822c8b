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

// A tile is NV vectors wide or, with NV = HALF, half a vector: a line that is one vector of AVX-512 and at most half full
// costs half as much so, for two halves are multiplied in the time of one whole.
constexpr int HALF = 0;

// How many lines of C the registers hold beside one line of B and one number of A.
template <int NV>
constexpr int MOST_ROWS = NV <= 1 ? 12 : (REGISTERS - 1 - NV) / NV > 8 ? 8 : (REGISTERS - 1 - NV) / NV;
static_assert(MOST_ROWS<2> >= 6, "12 accumulators at least");

// Of A: panels with a line a row of C; panels with a line a term of the sum; or rows as NumPy has them.
enum class From { rows, columns, matrix };
enum class Start { zero, line, c };  // of the sum: at 0, at a line given (the biases), or at what C holds
enum class End { store, subtract };  // C = the sum, or C = C - scale * the sum

template <class T>
struct Product {
    const T* a;
    index a_panel;  // From::rows: how far the panels of A lie apart; From::matrix: how far its rows do
    const T* b;
    index b_line;  // how far the lines of B lie apart
    T* c;
    index terms;
    const T* line;
    T scale;
};

template <class T, int MR, int VECTORS_WIDE, From from, Start start, End end>
void tile(const Product<T>& product) {
    constexpr int BYTES = VECTORS_WIDE == HALF ? VECTOR_BYTES / 2 : VECTOR_BYTES;
    constexpr int NV = VECTORS_WIDE == HALF ? 1 : VECTORS_WIDE, L = LANES<T>, W = BYTES / int(sizeof(T));
    using V = Vector<T, BYTES>;
    V sum[MR][NV];
    for (int i = 0; i < MR; ++i)
        for (int v = 0; v < NV; ++v)
            sum[i][v] = start == Start::zero   ? V{}
                        : start == Start::line ? load<BYTES>(product.line + v * W)
                                               : load<BYTES>(product.c + i * L + v * W);
    const T* a = product.a;
    const T* b = product.b;
    const index b_line = product.b_line;
    constexpr index next = from == From::columns ? L : 1;
    const index line = from == From::rows ? L : from == From::columns ? 1 : product.a_panel;
    for (index left = product.terms; left > 0; left -= L, a += from == From::rows ? product.a_panel : L * next) {
        const index run = lesser(left, L);
#pragma GCC unroll 4
        for (index k = 0; k < run; ++k, b += b_line) {
            V of_b[NV];
            for (int v = 0; v < NV; ++v) of_b[v] = load<BYTES>(b + v * W);
            for (int i = 0; i < MR; ++i) {
                const V of_a = broadcast<BYTES>(a[i * line + k * next]);
                for (int v = 0; v < NV; ++v) sum[i][v] += of_a * of_b[v];
            }
        }
    }
    T* c = product.c;
    for (int i = 0; i < MR; ++i)
        for (int v = 0; v < NV; ++v) {
            T* at = c + i * L + v * W;
            if (end == End::store)
                store<BYTES>(at, sum[i][v]);
            else
                store<BYTES>(at, load<BYTES>(at) - product.scale * sum[i][v]);
        }
}

template <class T, int NV, From from, Start start, End end, int MR = MOST_ROWS<NV>>
inline void tile_of(index rows, const Product<T>& product) {
    if (rows == MR) return tile<T, MR, NV, from, start, end>(product);
    if constexpr (MR > 1) return tile_of<T, NV, from, start, end, MR - 1>(rows, product);
}

// Calls f with the number of vectors that hold `columns` numbers as a constant, or HALF.
template <class T, int NV = 1, class F>
inline auto with_vectors(index columns, F f) {
    if constexpr (VECTORS == 1)
        if (2 * columns <= WIDTH<T>) return f(std::integral_constant<int, HALF>{});
    if constexpr (NV < VECTORS)
        if (columns > NV * WIDTH<T>) return with_vectors<T, NV + 1>(columns, f);
    return f(std::integral_constant<int, NV>{});
}

constexpr index BLOCK = 256;  // terms summed before the next panel's turn: 16 KB of B stay in the first cache

// A of a product: some rows of a batch, in panels or as a matrix.
template <class T>
struct Rows {
    const T* at;
    index panel;  // how far the panels lie apart; of a matrix, the rows
    bool matrix = false;
};

// Where B, C and the biases of panel 0 begin, and how far those of the next panel lie.
template <class T>
struct Panels {
    const T* b;
    index b_panel, b_line;
    T* c;
    index c_panel;
    const T* biases;  // null: the sum starts at 0
    index columns;    // of all panels
};

template <class T, int NV, From from>
void block_product(index rows, index a_row, Product<T> p, bool first) {
    constexpr int L = LANES<T>, MR = MOST_ROWS<NV>;
    for (index r = 0; r < rows; r += MR, p.a += MR * a_row, p.c += MR * L) {
        const index n = lesser(MR, rows - r);
        if (!first)
            tile_of<T, NV, from, Start::c, End::store>(n, p);
        else if (p.line)
            tile_of<T, NV, from, Start::line, End::store>(n, p);
        else
            tile_of<T, NV, from, Start::zero, End::store>(n, p);
    }
}

// One row, four panels at once, where B's panels lie side by side: more sums at work than one row has otherwise.
template <class T>
void wide_row(index terms, const T* a, index a_panel, const T* b, index b_line, T* c, index c_panel, const T* biases) {
    constexpr int L = LANES<T>, W = WIDTH<T>, NV = 4 * L / W < 8 ? 4 * L / W : 8;
    for (int part = 0; part < 4 * L; part += NV * W) {
        Vector<T> sum[NV];
        for (int v = 0; v < NV; ++v) sum[v] = load(biases + part + v * W);
        const T *x = a, *line = b + part;
        for (index left = terms; left > 0; left -= L, x += a_panel)
            for (index k = 0; k < lesser(left, L); ++k, line += b_line)
                for (int v = 0; v < NV; ++v) sum[v] += broadcast(x[k]) * load(line + v * W);
        for (int v = 0; v < NV; ++v) store(c + (part + v * W) / L * c_panel + (part + v * W) % L, sum[v]);
    }
}

constexpr index STREAMED = 1 << 18;  // bytes of B that stay in the second cache while A comes from memory

// The same for rows that come from far: each is read once, from end to end, and the next ones are asked for meanwhile.
template <class T>
void stream_rows(index rows, index terms, const Rows<T>& a, const Panels<T>& to, index p0, index p1) {
    constexpr int L = LANES<T>, STEP = 6;
    for (index r = 0; r < rows; r += STEP) {
        const index n = lesser(STEP, rows - r), ahead = lesser(STEP, rows - r - n) * a.panel;
        const index part = (ahead + p1 - p0 - 1) / (p1 - p0);
        for (index p = p0; p < p1; ++p) {
            for (index i = (p - p0) * part; i < lesser(ahead, (p - p0 + 1) * part); i += L)
                __builtin_prefetch(a.at + (r + n) * a.panel + i, 0, 2);
            with_vectors<T>(to.columns - p * L, [&](auto vectors) {
                constexpr int NV = decltype(vectors)::value;
                const Product<T> product{a.at + r * a.panel, a.panel, to.b + p * to.b_panel, to.b_line,
                                         to.c + p * to.c_panel + r * L, terms, to.biases + p * L, 0};
                block_product<T, NV, From::matrix>(n, a.panel, product, true);
            });
        }
    }
}

// Panels p0 ... p1 - 1 of C = biases + A B, for `rows` rows. Blocks of terms come first, then panels, then rows: a block
// of A stays in the second cache while it meets all panels.
template <class T>
void rows_product(index rows, index terms, const Rows<T>& a, const Panels<T>& to, index p0, index p1) {
    constexpr int L = LANES<T>;
    if (rows == 1 && to.b_panel == L && to.biases)
        for (; p0 + 4 <= p1 && (p0 + 4) * L <= to.columns; p0 += 4)
            wide_row(terms, a.at, a.matrix ? L : a.panel, to.b + p0 * L, to.b_line, to.c + p0 * to.c_panel, to.c_panel,
                     to.biases + p0 * L);
    if (a.matrix && (p1 - p0) * terms <= STREAMED / LINE) return stream_rows(rows, terms, a, to, p0, p1);
    for (index k = 0; k < terms; k += BLOCK)
        for (index p = p0; p < p1; ++p)
            with_vectors<T>(to.columns - p * L, [&](auto vectors) {
                constexpr int NV = decltype(vectors)::value;
                const Product<T> product{a.at + (a.matrix ? k : k / L * a.panel), a.panel, to.b + p * to.b_panel + k * to.b_line,
                                         to.b_line, to.c + p * to.c_panel, lesser(BLOCK, terms - k),
                                         to.biases ? to.biases + p * L : nullptr, 0};
                if (a.matrix)
                    block_product<T, NV, From::matrix>(rows, a.panel, product, k == 0);
                else
                    block_product<T, NV, From::rows>(rows, L, product, k == 0);
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
