// Products of matrices, by one register tile.
//
// Every matrix here lies in panels: some lines of LANES numbers, one after the other. A tile is up to MR lines of C, in
// one panel or in two or four side by side, kept in registers while k runs through the sum from its first term to its
// last:
//
//     C[i][j] = start[i][j] + sum_k A(i, k) B[k][j]          B is read in whole lines, A a number at a time
//
// An element of C is therefore the same chain of fused multiply-adds wherever its tile begins, and whichever thread
// computes it.
#pragma once

#include <type_traits>

#include "simd.h"

namespace lw {
namespace LW_ISA {

// How A lies: with a line for each i, in panels of LANES terms `a_step` apart; with its i side by side, `a_step` from
// term to term; or as a matrix, with its terms side by side, `a_step` from i to i.
enum class From { lines, columns, matrix };
// What the sums begin with: 0; a line, the same for all i; a number for each i, the same for all j; or what C holds.
enum class Start { zero, line, number, c };
enum class End { store, subtract };  // C = the sum, or C = C - scale * the sum

template <class T>
struct Product {
    const T* a;
    index a_step;
    const T* b;
    index b_line, b_next;  // how far its lines and its panels lie apart
    T* c;
    index c_next;
    index terms;
    Start start = Start::zero;
    const T* from = nullptr;  // the line, whose panels are LANES apart, or the numbers
    T scale = 0;
    const char* ahead = nullptr;  // asked for meanwhile, ahead_step bytes a term, where A lies in lines
    index ahead_step = 0;
};

// A tile is NV vectors wide or, with NV = HALF, half a vector: on a processor that multiplies two halves in the time of
// one whole, a line at most half full costs half as much so.
constexpr int HALF = 0;

// How many lines of C the registers hold beside one line of B and one number of A.
template <int NV>
constexpr int MOST_LINES = NV <= 1 ? 12 : (REGISTERS - 2 - NV) / NV;
static_assert(MOST_LINES<2> >= 6, "12 accumulators at least");

// Panels of C computed at once: two share each number of A where a line is one register.
constexpr int ABREAST = VECTORS == 1 ? 2 : 1;
constexpr int MOST_ABREAST = VECTORS == 1 ? 4 : 1;  // where C has few lines

template <class T, int MR, int VECTORS_WIDE, From from, End end>
void tile(const Product<T>& product) {
    constexpr int BYTES = VECTORS_WIDE == HALF ? VECTOR_BYTES / 2 : VECTOR_BYTES;
    constexpr int NV = VECTORS_WIDE == HALF ? 1 : VECTORS_WIDE, L = LANES<T>, W = BYTES / int(sizeof(T));
    using V = Vector<T, BYTES>;
    const auto place = [](index next, int v) { return v / VECTORS * next + v % VECTORS * W; };
    V sum[MR][NV] = {};
    const auto for_all = [&](auto f) {
#pragma GCC unroll 16
        for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) f(i, v, sum[i][v]);
    };
    switch (product.start) {
        case Start::zero: break;
        case Start::line: for_all([&](int, int v, V& sum) { sum = load<BYTES>(product.from + place(L, v)); }); break;
        case Start::number: for_all([&](int i, int, V& sum) { sum = broadcast<BYTES>(product.from[i]); }); break;
        case Start::c:
            for_all([&](int i, int v, V& sum) { sum = load<BYTES>(product.c + i * L + place(product.c_next, v)); });
    }
    const T* a = product.a;
    const T* b = product.b;
    const index b_line = product.b_line, b_next = product.b_next, a_step = product.a_step;
    const auto term = [&](const T* a) {
        V of_b[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) of_b[v] = load<BYTES>(b + place(b_next, v));
#pragma GCC unroll 16
        for (int i = 0; i < MR; ++i) {
            const V of_a = broadcast<BYTES>(a[from == From::lines ? i * L : from == From::columns ? i : i * a_step]);
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) sum[i][v] += of_a * of_b[v];
        }
        b += b_line;
    };
    if (from != From::columns) {
        index left = product.terms;
        const char* ahead = product.ahead_step ? product.ahead : reinterpret_cast<const char*>(b);
        for (; left >= L; left -= L, a += from == From::lines ? a_step : L)
#pragma GCC unroll 4
            for (int k = 0; k < L; ++k, ahead += product.ahead_step) {
                __builtin_prefetch(ahead, 0, 2);
                term(a + k);
            }
        for (index k = 0; k < left; ++k) term(a + k);
    } else {
#pragma GCC unroll 4
        for (index left = product.terms; left > 0; --left, a += a_step) term(a);
    }
    for_all([&](int i, int v, V sum) {
        T* at = product.c + i * L + place(product.c_next, v);
        store<BYTES>(at, end == End::store ? sum : load<BYTES>(at) - product.scale * sum);
    });
}

template <class T, int NV, From from, End end, int MR = MOST_LINES<NV>>
inline void tile_of(index lines, const Product<T>& product) {
    if (lines == MR) return tile<T, MR, NV, from, end>(product);
    if constexpr (MR > 1) return tile_of<T, NV, from, end, MR - 1>(lines, product);
}

// All lines of C, in tiles as equal as can be. The product is changed in place, here and below: copies of it, read
// while they are being written, would cost more than a small tile.
template <class T, int NV, From from, End end>
void tiles(index lines, Product<T>& p) {
    constexpr index MR = MOST_LINES<NV>, L = LANES<T>;
    const T *a = p.a, *numbers = p.from;
    T* c = p.c;
    for (index count = (lines + MR - 1) / MR; count > 0; --count) {
        const index n = (lines + count - 1) / count;
        tile_of<T, NV, from, end>(n, p);
        lines -= n, p.ahead += p.terms * p.ahead_step;
        p.a += n * (from == From::lines ? L : from == From::columns ? 1 : p.a_step), p.c += n * L;
        if (p.start == Start::number) p.from += n;
    }
    p.a = a, p.c = c, p.from = numbers;
}

// Calls f with the number of vectors that hold `columns` numbers as a constant, or HALF.
template <class T, int NV = 1, class F>
inline void with_vectors(index columns, F f) {
    if constexpr (VECTORS == 1)
        if (2 * columns <= WIDTH<T>) return f(std::integral_constant<int, HALF>{});
    if constexpr (NV < VECTORS)
        if (columns > NV * WIDTH<T>) return with_vectors<T, NV + 1>(columns, f);
    return f(std::integral_constant<int, NV>{});
}

// C of `lines` lines and as many panels as hold `columns` numbers a line.
template <class T, From from, End end = End::store>
void multiply(index lines, index columns, Product<T>& p) {
    constexpr index L = LANES<T>;
    const T *b = p.b, *line = p.from;
    T* c = p.c;
    while (columns > 0) {
        int panels = 1;
        if (MOST_ABREAST == 4 && lines <= 16 && columns > 3 * L)
            panels = 4, tiles<T, MOST_ABREAST * VECTORS, from, end>(lines, p);
        else if (ABREAST == 2 && columns > L)
            panels = 2, tiles<T, ABREAST * VECTORS, from, end>(lines, p);
        else
            with_vectors<T>(columns, [&](auto vectors) { tiles<T, decltype(vectors)::value, from, end>(lines, p); });
        p.b += panels * p.b_next, p.c += panels * p.c_next, columns -= panels * L;
        if (p.start == Start::line) p.from += panels * L;
    }
    p.b = b, p.c = c, p.from = line;
}

// The sums of long products stop after so many terms and go on when all panels and lines have come as far: 13 KB of a
// panel of B, and twice that of two, stay in the first cache beside as many terms of A.
constexpr index BLOCK = 208;

struct Nothing {
    void operator()() const {}
};

// C = start + A B in blocks of terms, as equal as whole lines of A can be; `between` is called after each.
template <class T, From from, class Between = Nothing>
void multiply_blocks(index lines, index columns, Product<T>& p, Between between = {}, index block = BLOCK) {
    constexpr index L = LANES<T>;
    const index terms = p.terms, count = (terms + block - 1) / block;
    block = (terms + count * L - 1) / (count * L) * L;
    for (index k = 0; k < terms; k += block) {
        p.terms = lesser(block, terms - k);
        multiply<T, from>(lines, columns, p);
        p.a += from == From::lines ? block / L * p.a_step : from == From::columns ? block * p.a_step : block;
        p.b += block * p.b_line;
        p.start = Start::c;
        between();
    }
}

// C[i] = sum_b A[b][i] B[b], line by line: a line of A for each i, one of B, in `blocks` panels; not more than LANES i.
template <class T>
void dot_lines(index lines, index blocks, const T* a, index a_next, const T* b, index b_next, T* c) {
    constexpr int L = LANES<T>, W = WIDTH<T>, MOST = REGISTERS / 2 / VECTORS < L ? REGISTERS / 2 / VECTORS : L;
    for (index i = 0; i < lines; i += MOST, a += MOST * L, c += MOST * L) {
        Vector<T> sum[MOST][VECTORS] = {};
        const T *x = a, *y = b;
        for (index k = 0; k < blocks; ++k, x += a_next, y += b_next)
#pragma GCC unroll 16
            for (int r = 0; r < MOST; ++r)
#pragma GCC unroll 4
                for (int v = 0; v < VECTORS; ++v) sum[r][v] += load(x + r * L + v * W) * load(y + v * W);
#pragma GCC unroll 16
        for (int r = 0; r < MOST; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; ++v) store(c + r * L + v * W, sum[r][v]);
    }
}

// W^T for one panel of inputs: a line for each unit, with the panel's inputs. w: the panel's first line in the first
// panel of W, whose panels lie w_panel apart; inputs: how many there are, at most LANES.
template <class T>
void transpose(const T* w, index w_panel, index inputs, index units, T* out) {
    constexpr index L = LANES<T>;
    alignas(LINE) T padded[L * L];
    for (index p = 0; p < units; p += L, w += w_panel, out += L * L) {
        const T* from = w;
        if (inputs < L) {
            std::memcpy(padded, w, std::size_t(inputs * L) * sizeof(T));
            zero((L - inputs) * L, padded + inputs * L);
            from = padded;
        }
        turn_block(from, out, units - p);
    }
}

}  // namespace LW_ISA
}  // namespace lw
