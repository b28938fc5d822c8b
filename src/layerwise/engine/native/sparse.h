// The first layer's products where the rows are those of a sparse matrix: only its entries are read, and W is used as
// it lies in theta, a row of units for each input.
//
//     forward           y[r] = b + sum_i x[r][i] W[i]     over the entries of row r, in their order
//     weight gradient   dW[i] = sum_r x[r][i] dy[r]       over the rows of the batch, in their order
//
// Forward, rows go through a large W together, block by block, so that it stays in the cache while they read it.
//
// The gradient is made in chunks of some inputs. Each has the entries of all rows that fall to it: since those of a row
// ascend, a place in every row is all that has to be kept from chunk to chunk. Threads share out the chunks, so that an
// element is summed in the same order whoever computes it; and a chunk is updated while it is in the cache, so that the
// whole gradient need not be written down.
#pragma once

#include "groups.h"

namespace lw {
namespace LW_ISA {

// Calls f with the matrix's column numbers in their own type.
template <class F>
inline void with_columns(const Input& x, F f) {
    if (x.wide_columns) return f(static_cast<const std::int64_t*>(x.columns));
    f(static_cast<const std::int32_t*>(x.columns));
}

// Lines of the sum that the registers hold.
constexpr int SPARSE_LINES = REGISTERS / 2 / VECTORS < 8 ? REGISTERS / 2 / VECTORS : 8;
constexpr index SPARSE_AHEAD = 6;   // entries whose rows of W are asked for early
constexpr index SPARSE_ROWS = 512;  // that go through W together, at most
// Bytes: of the sums of these rows; of a block of W, which stays in the second cache beside them; of a W that does not,
// and of one that is far from it.
constexpr index SPARSE_SUMS = 1 << 19, SPARSE_BLOCK = 1 << 18, SPARSE_LARGE = 1 << 19, SPARSE_FAR = 1 << 21;

// LINES lines of y += the sum over n entries. w: where these lines of W's first row begin, of which `left` numbers are
// its own. `readable`: how many numbers may be read from w on; a row of W whose last line would reach beyond is copied.
template <class T, int LINES, class C>
void add_entries(const T* w, index units, index left, index readable, const C* columns, const T* values, index n, T* y,
                 index y_next) {
    constexpr int L = LANES<T>, W = WIDTH<T>;
    Vector<T> sum[LINES * VECTORS];
#pragma GCC unroll 16
    for (int v = 0; v < LINES * VECTORS; ++v) sum[v] = load(y + v / VECTORS * y_next + v % VECTORS * W);
    const auto add = [&](T value, const T* row) {
        const Vector<T> x = broadcast(value);
#pragma GCC unroll 16
        for (int v = 0; v < LINES * VECTORS; ++v) sum[v] += x * load(row + v * W);
    };
    index whole = n;
    while (whole > 0 && index(columns[whole - 1]) * units + LINES * L > readable) --whole;
    for (index k = 0; k < whole; ++k) {
        if (k + SPARSE_AHEAD < n)
            for (int l = 0; l < LINES; ++l)
                __builtin_prefetch(w + index(columns[k + SPARSE_AHEAD]) * units + l * L, 0, 3);
        add(values[k], w + index(columns[k]) * units);
    }
    for (index k = whole; k < n; ++k) {
        alignas(LINE) T padded[LINES * L] = {};
        std::memcpy(padded, w + index(columns[k]) * units, std::size_t(lesser(LINES * L, left)) * sizeof(T));
        add(values[k], padded);
    }
#pragma GCC unroll 16
    for (int v = 0; v < LINES * VECTORS; ++v) store(y + v / VECTORS * y_next + v % VECTORS * W, sum[v]);
}

// All lines of a row's sum, in parts as equal as can be.
template <class T, int LINES = SPARSE_LINES, class C>
inline void add_to_some(index lines, const T* w, index units, index left, index readable, const C* columns,
                        const T* values, index n, T* y, index y_next) {
    if constexpr (LINES > 1)
        if (lines < LINES)
            return add_to_some<T, LINES - 1>(lines, w, units, left, readable, columns, values, n, y, y_next);
    add_entries<T, LINES>(w, units, left, readable, columns, values, n, y, y_next);
}
template <class T, class C>
void add_to_row(const Group<T>& g, const T* w, const C* columns, const T* values, index n, T* y, index y_next) {
    index p = 0;
    for (index parts = lines(g.panels(), SPARSE_LINES); parts > 0; --parts) {
        const index some = lines(g.panels() - p, parts), at = p * LANES<T>;
        add_to_some<T>(some, w + at, g.n_out, g.n_out - at, g.readable - at, columns, values, n, y + p * y_next,
                       y_next);
        p += some;
    }
}

// How many rows go through W together.
template <class T>
index sparse_rows(const Group<T>& g) {
    return lesser(SPARSE_ROWS, greater(16, SPARSE_SUMS / (g.panels() * LINE)));
}

// How many rows of W these entries of some rows of x take at a time. All, where each of them is read a few times only.
template <class T>
index sparse_block(const Group<T>& g, index entries) {
    const index row = g.n_out * index(sizeof(T)), bytes = g.n_in * row;
    const index uses = bytes > SPARSE_FAR ? 2 : 8;
    return bytes <= SPARSE_LARGE || entries / uses < g.n_in ? g.n_in : greater(1, SPARSE_BLOCK / row);
}

// How many entries of a row there are below column `end`. Those of a row that comes soon are asked for: as many.
template <class T, class C>
index entries_below(index end, const C* columns, index k, index row_end, index soon, const T* values) {
    const index begin = k;
    while (k < row_end && index(columns[k]) < end) ++k;
    for (index i = 0; i < k - begin; i += LANES<T>) __builtin_prefetch(values + soon + i, 0, 3);
    for (index i = 0; i < k - begin; i += LANES<C>) __builtin_prefetch(columns + soon + i, 0, 3);
    return k - begin;
}

// x W + b of some rows of a batch; row_of(r): which of the matrix. Where W is large, they take it block by block, so
// that it comes once into the cache for all of them: each row is read on from where it was left. The order of a sum's
// terms is the same.
template <class T, class F>
void sparse_forward(const Group<T>& g, const Weights<T>& weights, const Input& x, Space<T>& s, index r0, index r1,
                    F row_of) {
    constexpr int L = LANES<T>;
    constexpr index SOON = 2;  // rows
    const index most = sparse_rows(g);
    const T* values = static_cast<const T*>(x.X);
    with_columns(x, [&](const auto* columns) {
        index next[SPARSE_ROWS], ends[SPARSE_ROWS];
        for (index begin = r0; begin < r1; begin += most) {
            const index rows = lesser(most, r1 - begin);
            T *z = s.buffers[g.z] + begin * L, *last = z + (g.panels() - 1) * s.stride;
            index entries = 0;
            for (index r = 0; r < rows; ++r) {
                const index row = row_of(begin + r);
                next[r] = index(x.starts[row]), ends[r] = index(x.starts[row + 1]), entries += ends[r] - next[r];
                for (index p = 0; p < g.panels(); ++p) std::memcpy(z + p * s.stride + r * L, weights.b + p * L, LINE);
            }
            const index block = sparse_block(g, entries);
            for (index first = 0; first < g.n_in; first += block)
                for (index r = 0; r < rows; ++r) {
                    const index k = next[r];
                    next[r] += first + block >= g.n_in ? ends[r] - k
                                                       : entries_below(first + block, columns, k, ends[r],
                                                                       next[lesser(r + SOON, rows - 1)], values);
                    add_to_row(g, weights.w, columns + k, values + k, next[r] - k, z + r * L, s.stride);
                }
            for (index r = 0; r < rows; ++r)  // what pads it has read of the next row of W
                for (index j = g.n_out - (g.panels() - 1) * L; j < L; ++j) last[r * L + j] = 0;
        }
    });
}

template <class T>
class SparseGradient {
    static constexpr int L = LANES<T>;
    static constexpr index CHUNK = 4096;  // numbers

public:
    // Whole lines but for the last, of which W's numbers from `begin` on are part.
    struct Chunk {
        index number, begin, length;
    };

    SparseGradient() = default;
    explicit SparseGradient(const Layers<T>& layers) : group_(&layers.groups[0]) {
        if (group_->kind != Kind::SparseDense) return;
        inputs_ = L * greater(1, CHUNK / (L * group_->n_out));
        chunks_ = (group_->n_in + inputs_ - 1) / inputs_;
    }

    // How many there are; 0 where rows are not sparse.
    index chunks() const { return chunks_; }

    void prepare(index batch, int threads) {
        if (!chunks_) return;
        if (batch > capacity_) spaces_ = List<Own>(), capacity_ = batch;
        while (spaces_.size() < threads) {
            Own own;
            own.gradient = Lines<T>(inputs_ * group_->n_out + group_->panels() * L);
            own.places = Lines<Place>(capacity_);
            spaces_.push_back(static_cast<Own&&>(own));
        }
    }

    Chunk chunk(index number) const {
        const index first = number * inputs_;
        return {number, first * group_->n_out, (lesser(first + inputs_, group_->n_in) - first) * group_->n_out};
    }

    // Whole lines for a chunk of a thread's.
    T* room(int t) { return spaces_[t].gradient; }

    template <class F>
    void for_chunks(int t, int threads, F f) const {
        for (index c = chunks_ * t / threads; c < chunks_ * (t + 1) / threads; ++c) f(chunk(c));
    }

    // The data gradient of each of a thread's chunks: f(chunk, gradient, whether any of it is not 0). The gradient is
    // in whole lines.
    template <class F>
    void each(int t, int threads, const Samples<T>& samples, const Batch<T>& batch, const T* dy, index stride, F f) {
        with_columns(samples.input(), [&](const auto* columns) {
            Own& own = spaces_[t];
            const Input& x = samples.input();
            const index from = chunks_ * t / threads * inputs_;
            for (index r = 0; r < batch.rows; ++r) {
                const index row = samples.row_at(batch.start + r);
                own.places[r] = first_from(columns, index(x.starts[row]), index(x.starts[row + 1]), from);
            }
            for_chunks(t, threads, [&](const Chunk& chunk) {
                const index first = chunk.number * inputs_, end = lesser(first + inputs_, group_->n_in);
                zero(lines(chunk.length, L) * L, static_cast<T*>(own.gradient));
                bool any = false;
                for (index r = 0; r < batch.rows; ++r) {
                    Place& place = own.places[r];
                    if (place.column >= end) continue;
                    any = true;
                    add_entries(place, columns, static_cast<const T*>(x.X), first, end, dy + r * L, stride,
                                own.gradient);
                }
                // What pads dy is 0, so the lines that reach into the next input's added nothing to it.
                f(chunk, static_cast<T*>(own.gradient), any);
            });
        });
    }

private:
    // Where a row has been read to: the next entry and its column.
    struct Place {
        index column, next, end;
    };
    struct Own {
        Lines<T> gradient;
        Lines<Place> places;
    };

    template <class C>
    static Place first_from(const C* columns, index begin, index end, index column) {
        index low = begin, high = end;
        while (low < high) {
            const index middle = low + (high - low) / 2;
            if (index(columns[middle]) < column)
                low = middle + 1;
            else
                high = middle;
        }
        return {low < end ? index(columns[low]) : PTRDIFF_MAX, low, end};
    }

    template <class C>
    void add_entries(Place& place, const C* columns, const T* values, index first, index end, const T* dy, index stride,
                     T* gradient) const {
        constexpr int W = WIDTH<T>;
        const index units = group_->n_out, panels = group_->panels();
        index k = place.next, column = place.column;
        while (column < end) {
            const Vector<T> x = broadcast(values[k]);
            T* g = gradient + (column - first) * units;
            const T* d = dy;
            for (index p = 0; p < panels; ++p, d += stride, g += L)
#pragma GCC unroll 4
                for (int v = 0; v < L; v += W) store(g + v, load(g + v) + x * load(d + v));
            column = ++k < place.end ? index(columns[k]) : PTRDIFF_MAX;
        }
        place.next = k, place.column = column;
    }

    const Group<T>* group_ = nullptr;
    index inputs_ = 0, chunks_ = 0, capacity_ = 0;
    List<Own> spaces_;  // of each thread
};

}  // namespace LW_ISA
}  // namespace lw
