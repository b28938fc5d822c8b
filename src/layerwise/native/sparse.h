// The first layer's products where the rows are those of a sparse matrix: only its entries are read, and W is used as it
// lies in theta, a row of units for each input.
//
//     forward           y[r] = b + sum_i x[r][i] W[i]     over the entries of row r, in their order
//     weight gradient   dW[i] = sum_r x[r][i] dy[r]       over the rows of the batch, in their order
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
constexpr index SPARSE_AHEAD = 6;  // entries whose rows of W are asked for early

// LINES lines of y[r], from a line of units on. `readable`: how many numbers may be read from w on; a row of W whose last
// line would reach beyond is copied.
template <class T, int LINES, class C>
inline void sum_entries(const T* w, index units, index line, index readable, const C* columns, const T* values, index n,
                        const T* start, T* y, index y_next) {
    constexpr int L = LANES<T>, W = WIDTH<T>;
    Vector<T> sum[LINES * VECTORS];
    for (int v = 0; v < LINES * VECTORS; ++v) sum[v] = load(start + v * W);
    w += line * L, readable -= line * L;
    for (index k = 0; k < n; ++k) {
        const index at = index(columns[k]) * units;
        if (k + SPARSE_AHEAD < n)
            for (int l = 0; l < LINES; ++l) __builtin_prefetch(w + index(columns[k + SPARSE_AHEAD]) * units + l * L, 0, 3);
        const Vector<T> x = broadcast(values[k]);
        const auto add = [&](const T* row) {
#pragma GCC unroll 16
            for (int v = 0; v < LINES * VECTORS; ++v) sum[v] += x * load(row + v * W);
        };
        if (at + LINES * L <= readable) {
            add(w + at);
        } else {
            alignas(LINE) T padded[LINES * L] = {};
            std::memcpy(padded, w + at, std::size_t(lesser(LINES * L, units - line * L)) * sizeof(T));
            add(padded);
        }
    }
    for (int l = 0; l < LINES; ++l)
        for (int v = 0; v < VECTORS; ++v) store(y + l * y_next + v * W, sum[l * VECTORS + v]);
}

template <class T, int LINES, class C>
inline void sum_lines_of_entries(const T* w, index units, index line, index readable, const C* columns, const T* values,
                                 index n, const T* start, T* y, index y_next) {
    constexpr int L = LANES<T>;
    for (; (line + LINES - 1) * L < units; line += LINES)
        sum_entries<T, LINES>(w, units, line, readable, columns, values, n, start + line * L, y + line * y_next, y_next);
    if constexpr (LINES > 1)
        sum_lines_of_entries<T, LINES / 2>(w, units, line, readable, columns, values, n, start, y, y_next);
}

// x W + b of some rows of a batch; row_of(r): which of the matrix.
template <class T, class F>
void sparse_forward(const Group<T>& g, const Weights<T>& weights, const Input& x, Space<T>& s, index r0, index r1, F row_of) {
    constexpr int L = LANES<T>;
    T* z = s.buffers[g.z];
    with_columns(x, [&](const auto* columns) {
        for (index r = r0; r < r1; ++r) {
            const index row = row_of(r), begin = index(x.starts[row]), n = index(x.starts[row + 1]) - begin;
            sum_lines_of_entries<T, SPARSE_LINES>(weights.w, g.n_out, 0, g.readable, columns + begin,
                                                  static_cast<const T*>(x.X) + begin, n, weights.b, z + r * L, s.stride);
            T* last = z + (g.panels() - 1) * s.stride + r * L;  // what pads it has read of the next row of W
            for (index j = g.n_out - (g.panels() - 1) * L; j < L; ++j) last[j] = 0;
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
        if (!group_->sparse) return;
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

    template <class F>
    void for_chunks(int t, int threads, F f) const {
        for (index c = chunks_ * t / threads; c < chunks_ * (t + 1) / threads; ++c) f(chunk(c));
    }

    // The data gradient of each of a thread's chunks: f(chunk, gradient, whether any of it is not 0). The gradient is in
    // whole lines.
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
                    add_entries(place, columns, static_cast<const T*>(x.X), first, end, dy + r * L, stride, own.gradient);
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
            if (index(columns[middle]) < column) low = middle + 1;
            else high = middle;
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
