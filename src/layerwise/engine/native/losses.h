// Softmax, and the losses on blocks of LANES rows; their formulas are those of cost_formulas.h, or custom.
//
// The rows are turned: output j of all rows of a block is one line, and n outputs are n lines, so that sums and maxima
// over the outputs run from line to line, and nothing but a row's own numbers takes part. Blocks follow each other, and
// each formula is done for all of them before the next: so there is other work while a sum waits for its last term.
// What the lines of y, t and d hold for rows that are not there is never read.
#pragma once

#include <type_traits>

#include "activations.h"
#include "cost_formulas.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

// Rows r0 ... r0 + rows - 1 of a panel-wise batch, turned; and back.
template <class T>
void turn(const T* from, index stride, index rows, index n, T* lines) {
    constexpr int L = LANES<T>;
    for (index j = 0; j < n; ++j) {
        const T* x = from + j / L * stride + j % L;
        for (index r = 0; r < rows; ++r) lines[j * L + r] = x[r * L];
    }
}
template <class T>
void turn_back(const T* lines, index rows, index n, T* to, index stride) {
    constexpr int L = LANES<T>;
    for (index j = 0; j < n; ++j) {
        T* x = to + j / L * stride + j % L;
        for (index r = 0; r < rows; ++r) x[r * L] = lines[j * L + r];
    }
}

// f(b, y's lines of block b) for each block.
template <class T, class F>
inline void each_block(index blocks, index n, T* y, F f) {
    for (index b = 0; b < blocks; ++b) f(b, y + b * n * LANES<T>);
}

// y_j = e^(y_j - max y) / sum_k e^(y_k - max y)
template <class T>
void softmax(T* y, index n, index blocks = 1) {
    constexpr int L = LANES<T>;
    each_block(blocks, n, y, [=](index, T* y) {
        T most[L];
        for (int r = 0; r < L; ++r) most[r] = y[r];
        for (index j = 1; j < n; ++j)
            for (int r = 0; r < L; ++r) most[r] = y[j * L + r] > most[r] ? y[j * L + r] : most[r];
        for (index j = 0; j < n; ++j)
            for (int r = 0; r < L; ++r) y[j * L + r] -= most[r];
    });
    each(blocks * n * L, y, y, [](T x) { return exp(x); });
    each_block(blocks, n, y, [=](index, T* y) {
        T sum[L] = {};
        for (index j = 0; j < n; ++j)
            for (int r = 0; r < L; ++r) sum[r] += y[j * L + r];
        for (int r = 0; r < L; ++r) sum[r] = 1 / sum[r];
        for (index j = 0; j < n; ++j)
            for (int r = 0; r < L; ++r) y[j * L + r] *= sum[r];
    });
}

// d_j = y_j (d_j - sum_k d_k y_k): the whole Jacobian; d is dy before and dx after.
template <class T>
void softmax_back(const T* y, T* d, index n, index blocks = 1) {
    constexpr int L = LANES<T>;
    each_block(blocks, n, d, [=](index b, T* d) {
        const T* here = y + b * n * L;
        T sum[L] = {};
        for (index j = 0; j < n; ++j)
            for (int r = 0; r < L; ++r) sum[r] += d[j * L + r] * here[j * L + r];
        for (index j = 0; j < n; ++j)
            for (int r = 0; r < L; ++r) d[j * L + r] = here[j * L + r] * (d[j * L + r] - sum[r]);
    });
}

// Outputs, targets and room for as many numbers, or the gradient: n lines for each of some blocks.
template <class T>
struct Lot {
    const T *y, *t;
    T* d;
    index n, blocks;
};

// d = f(y, t); one pass over all lines, which compilers make vector code of.
template <class T, class F>
inline void each_pair(const Lot<T>& lot, F f) {
    const T *y = lot.y, *t = lot.t;
    T* d = lot.d;
    LW_INDEPENDENT
    for (index i = 0; i < lot.blocks * lot.n * LANES<T>; ++i) d[i] = f(y[i], t[i]);
}

// out = scale * the sum of d over the outputs: a line a block.
template <class T>
inline void sum_up(const Lot<T>& lot, T scale, T* out) {
    constexpr int L = LANES<T>;
    each_block(lot.blocks, lot.n, lot.d, [&](index b, const T* d) {
        T sum[L] = {};
        for (index j = 0; j < lot.n; ++j)
            for (int r = 0; r < L; ++r) sum[r] += d[j * L + r];
        for (int r = 0; r < L; ++r) out[b * L + r] = scale * sum[r];
    });
}

// out = scale * the sum of f over the outputs; d is room to work in.
template <class T, class F>
inline void sum_over(const Lot<T>& lot, T scale, T* out, F f) {
    each_pair(lot, f);
    sum_up(lot, scale, out);
}

// use(formula, begin, end) for the outputs begin ... end - 1, whose numbers are the same: all of them, or one at a time.
template <class T, class Use>
inline void each_formula(const Loss& loss, index n, Use use) {
    const index step = loss.numbers.size() == 1 ? n : 1;
    for (index j = 0; j < n; j += step)
        with_formula<T>(loss.kind, loss.numbers[std::size_t(step == 1 ? j : 0)].data(),
                        [&](const auto& formula) { use(formula, j, j + step); });
}

// d = f(y, t) for these outputs.
template <class T, class F>
inline void each_of(const Lot<T>& lot, index begin, index end, F f) {
    constexpr int L = LANES<T>;
    if (end - begin == lot.n) return each_pair(lot, f);
    for (index b = 0; b < lot.blocks; ++b)
        each_pair(Lot<T>{lot.y + (b * lot.n + begin) * L, lot.t + (b * lot.n + begin) * L,
                         lot.d + (b * lot.n + begin) * L, end - begin, 1},
                  f);
}

// The loss of each row; d is room to work in. one_hot: of each row's targets one is 1 and all others are 0.
template <class T>
void losses(const Loss& loss, bool one_hot, const Lot<T>& lot, T* out) {
    const T scale = loss.mean ? 1 / T(lot.n) : T(1);
    if (loss.kind == LossKind::CategoricalCrossEntropy && one_hot) {  // one logarithm, that of the right class
        sum_over(lot, T(1), out, [](T y, T t) { return t * y; });
        return each_formula<T>(loss, lot.n, [&](const auto& formula, index, index) {
            each(lot.blocks * LANES<T>, out, out, [=](T y) { return scale * formula.f(y, T(1)); });
        });
    }
    if (loss.kind == LossKind::Custom)
        compute<T>(loss.f, lot.y, lot.t, lot.d, lot.blocks * lot.n * LANES<T>);
    else
        each_formula<T>(loss, lot.n, [&](const auto& formula, index begin, index end) {
            each_of(lot, begin, end, [=](T y, T t) { return formula.f(y, t); });
        });
    sum_up(lot, scale, out);
}

// d = scale * weight * f(y, t) for these outputs.
template <class T, class F>
inline void gradient_over(const Lot<T>& lot, index begin, index end, T scale, const T* weights, F f) {
    constexpr int L = LANES<T>;
    each_block(lot.blocks, lot.n, lot.d, [&](index b, T* d) {
        const T *y = lot.y + b * lot.n * L, *t = lot.t + b * lot.n * L;
        T factor[L];
        for (int r = 0; r < L; ++r) factor[r] = scale * weights[b * L + r];
        for (index j = begin; j < end; ++j) {
            LW_INDEPENDENT
            for (int r = 0; r < L; ++r) d[j * L + r] = f(y[j * L + r], t[j * L + r]) * factor[r];
        }
    });
}

// d = scale * weight * d, a row at a time.
template <class T>
inline void weigh(const Lot<T>& lot, T scale, const T* weights) {
    constexpr int L = LANES<T>;
    each_block(lot.blocks, lot.n, lot.d, [&](index b, T* d) {
        T factor[L];
        for (int r = 0; r < L; ++r) factor[r] = scale * weights[b * L + r];
        for (index j = 0; j < lot.n; ++j)
            for (int r = 0; r < L; ++r) d[j * L + r] *= factor[r];
    });
}

// Its gradient by y, or, where the loss is fused with what comes before, by that layer's input; each row's times its
// weight.
template <class T>
void losses_back(const Loss& loss, const Lot<T>& lot, const T* weights) {
    const T scale = loss.mean ? 1 / T(lot.n) : T(1);
    if (loss.kind == LossKind::Custom) {
        compute<T>(loss.slope, lot.y, lot.t, lot.d, lot.blocks * lot.n * LANES<T>);
        return weigh(lot, scale, weights);
    }
    each_formula<T>(loss, lot.n, [&](const auto& formula, index begin, index end) {
        const auto write = [&](auto f) { gradient_over(lot, begin, end, scale, weights, f); };
        if constexpr (std::decay_t<decltype(formula)>::fuses)
            if (loss.fused) return write([=](T y, T t) { return formula.joint(y, t); });
        write([=](T y, T t) { return formula.slope(y, t); });
    });
}

// Which output is the greatest, the first of them where several are: a line a block.
template <class T>
void greatest(const T* y, index n, index blocks, T* which) {
    constexpr int L = LANES<T>;
    each_block(blocks, n, y, [=](index b, const T* y) {
        for (int r = 0; r < L; r += WIDTH<T>) {
            Vector<T> most = load(y + r), at = {};
            for (index j = 1; j < n; ++j) {
                const Vector<T> value = load(y + j * L + r);
                const auto more = value > most;
                at = more ? broadcast(T(j)) : at, most = more ? value : most;
            }
            store(which + b * L + r, at);
        }
    });
}

// The share of each row's answers that are right, where each output is a yes or a no.
template <class T>
void shares(const Lot<T>& lot, T threshold, T* out) {
    sum_over(lot, 1 / T(lot.n), out, [threshold](T y, T t) {
        const T said = y > threshold ? T(1) : T(0), right = t > T(0.5) ? T(1) : T(0);
        return 1 - absolute(said - right);
    });
}

}  // namespace LW_ISA
}  // namespace lw
