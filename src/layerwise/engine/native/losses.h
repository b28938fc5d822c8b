// Softmax and the losses' formulas, as layers/activations.py and losses/ have them, for blocks of LANES rows.
//
// The rows are turned: output j of all rows of a block is one line, and n outputs are n lines, so that sums and maxima
// over the outputs run from line to line, and nothing but a row's own numbers takes part. Blocks follow each other, and
// each formula is done for all of them before the next: so there is other work while a sum waits for its last term.
// What the lines of y, t and d hold for rows that are not there is never read.
#pragma once

#include "activations.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

constexpr double EPSILON = 1e-7;  // the least rate whose logarithm is taken

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

// d = f(y, t, p), where each output has its own p.
template <class T, class F>
inline void each_output(const Lot<T>& lot, const std::vector<double>& p, F f) {
    constexpr int L = LANES<T>;
    each_block(lot.blocks, lot.n, lot.d, [&](index b, T* d) {
        const T *y = lot.y + b * lot.n * L, *t = lot.t + b * lot.n * L;
        for (index j = 0; j < lot.n; ++j) {
            const T of_output = T(p[std::size_t(j)]);
            LW_INDEPENDENT
            for (int r = 0; r < L; ++r) d[j * L + r] = f(y[j * L + r], t[j * L + r], of_output);
        }
    });
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

// The loss of each row; d is room to work in. one_hot: of each row's targets one is 1 and all others are 0.
template <class T>
void losses(const Loss& loss, bool one_hot, const Lot<T>& lot, T* out) {
    const T a = T(loss.a), mean = 1 / T(lot.n), least = at_least(a, format<T>::normal);
    auto sum = [&](T scale, auto f) { sum_over(lot, scale, out, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return sum(mean, [](T y, T t) { return (y - t) * (y - t); });
        case LossKind::QuadraticCost: return sum(T(0.5), [](T y, T t) { return (y - t) * (y - t); });
        case LossKind::MeanAbsoluteError: return sum(mean, [](T y, T t) { return absolute(y - t); });
        case LossKind::Huber:
            return sum(mean / 2, [a](T y, T t) {
                T e = absolute(y - t), c = at_most(e, a);
                return c * (2 * e - c);
            });
        case LossKind::Quantile:
            return sum(mean, [a](T y, T t) {
                T e = t - y;
                return at_least(a * e, (a - 1) * e);
            });
        case LossKind::Poisson: return sum(mean, [](T y, T t) { return y - t * log(at_least(y, T(EPSILON))); });
        case LossKind::CategoricalCrossEntropy:
            if (!one_hot) return sum(T(-1), [least](T y, T t) { return t * log(at_least(y, least)); });
            sum(T(1), [](T y, T t) { return t * y; });  // one logarithm, that of the right class
            return each(lot.blocks * LANES<T>, out, out, [least](T y) { return -log(at_least(y, least)); });
        case LossKind::BinaryCrossEntropy:
            if (!loss.positive.empty()) {
                each_output(lot, loss.positive, [least](T y, T t, T p) {
                    T rest = log(at_least(1 - y, least));
                    return rest + t * (p * log(at_least(y, least)) - rest);
                });
                return sum_up(lot, loss.mean ? -mean : T(-1), out);
            }
            return sum(loss.mean ? -mean : T(-1), [least](T y, T t) {
                T rest = log(at_least(1 - y, least));
                return rest + t * (log(at_least(y, least)) - rest);
            });
        case LossKind::Custom:
            compute<T>(loss.f, lot.y, lot.t, lot.d, lot.blocks * lot.n * LANES<T>);
            return sum_up(lot, loss.mean ? mean : T(1), out);
    }
}

template <class T, class F>
inline void gradient_over(const Lot<T>& lot, T scale, const T* weights, F f) {
    constexpr int L = LANES<T>;
    each_block(lot.blocks, lot.n, lot.d, [&](index b, T* d) {
        const T *y = lot.y + b * lot.n * L, *t = lot.t + b * lot.n * L;
        T factor[L];
        for (int r = 0; r < L; ++r) factor[r] = scale * weights[b * L + r];
        for (index j = 0; j < lot.n; ++j) {
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
    const T a = T(loss.a), mean = 1 / T(lot.n), least = at_least(a, format<T>::normal);
    auto write = [&](T scale, auto f) { gradient_over(lot, scale, weights, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return write(2 * mean, [](T y, T t) { return y - t; });
        case LossKind::QuadraticCost: return write(T(1), [](T y, T t) { return y - t; });
        case LossKind::MeanAbsoluteError: return write(mean, [](T y, T t) { return sign(y - t); });
        case LossKind::Huber: return write(mean, [a](T y, T t) { return at_least(at_most(y - t, a), -a); });
        case LossKind::Quantile: return write(mean, [a](T y, T t) { return T(0.5) * sign(y - t) + (T(0.5) - a); });
        case LossKind::Poisson: return write(mean, [](T y, T t) { return 1 - t / at_least(y, T(EPSILON)); });
        case LossKind::CategoricalCrossEntropy:
            if (loss.fused) return write(T(1), [](T y, T t) { return y - t; });
            return write(T(1), [least](T y, T t) { return -t / at_least(y, least); });
        case LossKind::BinaryCrossEntropy:
            if (!loss.positive.empty()) {
                const bool fused = loss.fused;
                each_output(lot, loss.positive, [least, fused](T y, T t, T p) {
                    const T error = p * ((t * (1 - 1 / p) + 1 / p) * y - t);
                    return fused ? error : error / at_least(y * (1 - y), least);
                });
                return weigh(lot, loss.mean ? mean : T(1), weights);
            }
            if (loss.fused) return write(loss.mean ? mean : T(1), [](T y, T t) { return y - t; });
            return write(loss.mean ? mean : T(1), [least](T y, T t) { return (y - t) / at_least(y * (1 - y), least); });
        case LossKind::Custom:
            compute<T>(loss.slope, lot.y, lot.t, lot.d, lot.blocks * lot.n * LANES<T>);
            return weigh(lot, loss.mean ? mean : T(1), weights);
    }
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
