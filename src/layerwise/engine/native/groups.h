// The memory of rows on their way through the layers, and the groups' formulas, on some rows of some panels.
//
// A batch lies in panels: LANES columns, with a line for each row.
#pragma once

#include "samples.h"

namespace lw {
namespace LW_ISA {

// The memory of up to `capacity` rows on their way through the layers, as a thread sees it: the input is its own, and
// the scaled input; all else may be another's.
template <class T>
struct Space {
    index stride = 0;  // between panels
    List<T*> buffers;  // the layers' outputs; the first is the input
    List<T*> masks;
    List<T*> deltas;  // the gradient by each group's output; one for those that pass it on to each other in place
    List<T*> kept;  // of a batch norm: lines of its mean, variance and 1 / sqrt(var + epsilon); of a layer norm: by row

    Space() = default;
    Space(const Layers<T>& layers, index capacity, bool gradients) {
        constexpr int L = LANES<T>;
        // An odd number of lines: panels a power of two apart would share the same few sets of the cache.
        stride = (capacity | 1) * L;
        for (index width : layers.widths) buffers.push_back(make(width));
        if (!gradients) return;
        for (index width : layers.masks) masks.push_back(make(width));
        const int n = layers.groups.size();
        for (int g = 0; g < n; ++g) deltas.push_back(nullptr);
        for (int g = n - 1; g >= 0; --g) {
            const bool shared = g + 1 < n && layers.groups[g + 1].passes_on();
            deltas[g] = shared ? deltas[g + 1] : make(layers.groups[g].n_out);
        }
        for (const Group<T>& g : layers.groups)
            if (g.kept >= 0) {
                owned_.push_back(Lines<T>(g.kind == Kind::BatchNorm ? 3 * g.panels() * L : stride));
                kept.push_back(static_cast<T*>(owned_.back()));
            }
    }

    // Another thread's view of it.
    Space view(const Layers<T>& layers) const {
        Space other;
        other.stride = stride;
        for (int i = 0; i < buffers.size(); ++i)
            other.buffers.push_back(i < layers.own_buffers ? other.make(layers.widths[i])
                                                           : static_cast<T*>(buffers[i]));
        for (T* mask : masks) other.masks.push_back(static_cast<T*>(mask));
        for (T* delta : deltas) other.deltas.push_back(static_cast<T*>(delta));
        for (T* memory : kept) other.kept.push_back(static_cast<T*>(memory));
        return other;
    }

private:
    T* make(index width) {
        owned_.push_back(Lines<T>(lines(width, LANES<T>) * stride));
        return owned_.back();
    }
    List<Lines<T>> owned_;
};

// How much room a thread needs: to turn LANES rows of the widest softmax or output, three times; and, to pass gradients
// back, for the transposed weights of some panels of inputs.
template <class T>
index working_room(const Layers<T>& layers, bool gradients) {
    constexpr int L = LANES<T>;
    index length = 3 * layers.groups.back().n_out * L;
    for (const Group<T>& g : layers.groups) {
        if (g.kind == Kind::Softmax) length = greater(length, 3 * g.n_out * L);
        if (g.dense() && gradients) length = greater(length, ABREAST * g.n_out * L);
    }
    return length;
}

// A thread's share of a batch: some rows; or, of a layer that all threads compute together, some panels.
struct Share {
    index r0, r1;
    index rows = 0;          // of the batch
    int t = 0, threads = 0;  // 0: by rows, whatever the layer

    static Share by_rows(index r0, index r1) { return {r0, r1}; }
    static Share of_thread(index rows, int t, int threads) {
        return {rows * t / threads, rows * (t + 1) / threads, rows, t, threads};
    }

    // Panels times rows, f(p0, p1, r0, r1). A thread has whole panels where there are enough, always the same ones, so
    // that their weights stay in its cache; else some rows of one.
    template <class F>
    void units(index panels, F f) const {
        if (!threads) return f(index(0), panels, r0, r1);
        if (panels >= threads) return f(panels * t / threads, panels * (t + 1) / threads, index(0), rows);
        const index begin = panels * rows * t / threads, end = panels * rows * (t + 1) / threads;
        index p = begin / rows;
        if (p == end / rows) return f(p, p + 1, begin % rows, end % rows);
        f(p, p + 1, begin % rows, rows);
        if (end % rows) f(p + 1, p + 2, index(0), end % rows);
    }

    // Whole panels, all rows of the batch: f(p).
    template <class F>
    void whole_panels(index panels, F f) const {
        for (index p = panels * t / threads; p < panels * (t + 1) / threads; ++p) f(p);
    }
};

template <class T>
void ops_forward(const Group<T>& g, const Space<T>& s, index panel, index r0, index r1) {
    for (const Op<T>& op : g.ops) op.forward(s, panel * s.stride + r0 * LANES<T>, (r1 - r0) * LANES<T>);
}

// On the gradient by the group's output, in place; `skip` of its last ops are the loss's business.
template <class T>
void ops_backward(const Group<T>& g, const Space<T>& s, T* delta, int skip, index panel, index r0, index r1) {
    const index at = panel * s.stride + r0 * LANES<T>, n = (r1 - r0) * LANES<T>;
    for (int i = g.ops.size() - 1 - skip; i >= 0; --i) g.ops[i].backward(s, at, n, delta + at);
}

// Panels p0 ... p1 - 1 of x W + b, of one group of units, for some rows.
template <class T>
Product<T> dense(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p0, index r0) {
    constexpr int L = LANES<T>;
    return {s.buffers[g.in] + g.inputs_of(p0) * s.stride + r0 * L,
            s.stride,
            weights.w + p0 * weights.panel,
            weights.line,
            weights.panel,
            s.buffers[g.z] + p0 * s.stride + r0 * L,
            s.stride,
            g.terms(),
            Start::line,
            weights.b + p0 * L};
}

// And what follows it; `between` is called after each block of terms.
template <class T, class Between = Nothing>
void dense_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p0, index p1, index r0, index r1,
                   Between between = {}, index block = BLOCK) {
    g.in_groups(p0, p1, g.panels(), [&](index q0, index q1) {
        constexpr int L = LANES<T>;
        Product<T> product = dense(g, weights, s, q0, r0);
        multiply_blocks<T, From::lines>(r1 - r0, lesser(g.n_out, q1 * L) - q0 * L, product, between, block);
    });
    for (index p = p0; p < p1; ++p) ops_forward(g, s, p, r0, r1);
}

// Some panels of the gradient by a dense layer's inputs, of one group of them; room: for the transposed weights.
template <class T>
void dense_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, T* room,
                    index panel, index count, index r0, index r1) {
    constexpr int L = LANES<T>;
    const index units = g.n_out / g.groups, first = g.units_of(panel), line = panel - g.inputs_of(first);
    for (index q = 0; q < count; ++q)
        transpose(weights.w + first * weights.panel + (line + q) * L * L, weights.panel,
                  lesser(L, g.terms() - (line + q) * L), units, room + q * units * L);
    Product<T> product{dy + first * s.stride + r0 * L, s.stride, room, L, units * L,
                       dx + panel * s.stride + r0 * L, s.stride, units};
    multiply_blocks<T, From::lines>(r1 - r0, lesser(g.n_in - panel * L, count * L), product);
}

// LANES rows at a time, for the formulas that work on turned rows.
template <class T, class F>
inline void for_blocks(index r0, index r1, F f) {
    for (index r = r0; r < r1; r += LANES<T>) f(r, lesser(LANES<T>, r1 - r));
}

// Some rows through a softmax, and back, in place.
template <class T>
void softmax_forward(const Group<T>& g, Space<T>& s, T* room, index r0, index r1) {
    for_blocks<T>(r0, r1, [&](index r, index rows) {
        turn(s.buffers[g.in] + r * LANES<T>, s.stride, rows, g.n_out, room);
        softmax(room, g.n_out);
        turn_back(room, rows, g.n_out, s.buffers[g.z] + r * LANES<T>, s.stride);
    });
}
template <class T>
void softmax_backward(const Group<T>& g, const Space<T>& s, T* delta, T* room, index r0, index r1) {
    for_blocks<T>(r0, r1, [&](index r, index rows) {
        T *y = room, *d = room + g.n_out * LANES<T>;
        turn(s.buffers[g.z] + r * LANES<T>, s.stride, rows, g.n_out, y);
        turn(delta + r * LANES<T>, s.stride, rows, g.n_out, d);
        softmax_back(y, d, g.n_out);
        turn_back(d, rows, g.n_out, delta + r * LANES<T>, s.stride);
    });
}

// Some rows through a scale, and back.
template <class T>
void scale_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index r0, index r1) {
    for (index p = 0; p < g.panels(); ++p) {
        const index at = p * s.stride + r0 * LANES<T>;
        move_lines<T>(s.buffers[g.in] + at, r1 - r0, nullptr, weights.w + g.vector(0, p), nullptr, s.buffers[g.z] + at);
    }
}
template <class T>
void scale_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, index r0,
                    index r1) {
    for (index p = 0; p < g.panels(); ++p) {
        const index at = p * s.stride + r0 * LANES<T>;
        move_lines<T>(dy + at, r1 - r0, nullptr, weights.w + g.vector(0, p), nullptr, dx + at);
    }
}

// Some rows through a piecewise linear layer, y = [x, clip((x - low) factor, 0, 1)], and back.
template <class T, class F>
inline void for_intervals(const Group<T>& g, F f) {
    const Intervals& all = *g.intervals;
    for (std::size_t j = 0; j < all.column.size(); ++j)
        f(index(all.column[j]), g.n_in + index(j), T(all.low[j]), T(all.factor[j]));
}
template <class T>
inline index column_at(index column, index stride, index r) {
    return column / LANES<T> * stride + r * LANES<T> + column % LANES<T>;
}
template <class T>
void piecewise_forward(const Group<T>& g, Space<T>& s, index r0, index r1) {
    constexpr int L = LANES<T>;
    const T* x = s.buffers[g.in];
    T* y = s.buffers[g.z];
    for (index p = 0; p < g.panels_in(); ++p)
        std::memcpy(y + p * s.stride + r0 * L, x + p * s.stride + r0 * L, std::size_t((r1 - r0) * L) * sizeof(T));
    for_intervals(g, [&](index from, index to, T low, T factor) {
        const T* a = x + column_at<T>(from, s.stride, 0);
        T* b = y + column_at<T>(to, s.stride, 0);
        for (index r = r0; r < r1; ++r) b[r * L] = at_most(at_least((a[r * L] - low) * factor, T(0)), T(1));
    });
}
template <class T>
void piecewise_backward(const Group<T>& g, const Space<T>& s, const T* dy, T* dx, index r0, index r1) {
    constexpr int L = LANES<T>;
    for (index p = 0; p < g.panels_in(); ++p)
        std::memcpy(dx + p * s.stride + r0 * L, dy + p * s.stride + r0 * L, std::size_t((r1 - r0) * L) * sizeof(T));
    for_intervals(g, [&](index column, index interval, T low, T factor) {
        const index to = column_at<T>(column, s.stride, 0), from = column_at<T>(interval, s.stride, 0);
        const T* x = s.buffers[g.in] + to;
        for (index r = r0; r < r1; ++r) {
            const T t = (x[r * L] - low) * factor;
            if (t > 0 && t < 1) dx[to + r * L] += dy[from + r * L] * factor;
        }
    });
}

// Some rows through a layer norm, and back.
template <class T>
void layer_norm_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index r0, index r1) {
    constexpr int L = LANES<T>;
    const T *x = s.buffers[g.in], *v = weights.w;
    T *y = s.buffers[g.z], *normal = g.normal < 0 ? nullptr : s.buffers[g.normal];
    for (index r = r0; r < r1; ++r)
        layer_norm(x + r * L, s.stride, g.n_out, g.epsilon, v, v + g.vector(1, 0),
                   normal ? s.kept[g.kept] + r : nullptr, normal ? normal + r * L : nullptr, y + r * L);
}
template <class T>
void layer_norm_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, index r0,
                         index r1) {
    constexpr int L = LANES<T>;
    for (index r = r0; r < r1; ++r)
        layer_norm_back(dy + r * L, s.buffers[g.normal] + r * L, s.stride, g.n_out, weights.w, s.kept[g.kept][r],
                        dx + r * L);
}

// Some rows through a batch norm as in prediction, where gamma's lines hold gamma / sqrt(var + epsilon).
template <class T>
void batch_norm_predict(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index r0, index r1) {
    const T* v = weights.w;
    for (index p = 0; p < g.panels(); ++p) {
        const index at = p * s.stride + r0 * LANES<T>;
        move_lines(s.buffers[g.in] + at, r1 - r0, v + g.vector(2, p), v + g.vector(0, p), v + g.vector(1, p),
                   s.buffers[g.z] + at);
    }
}

// A panel of a batch norm, all rows of the batch: forward, and back.
template <class T>
void batch_norm_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p, index rows) {
    T* kept = s.kept[g.kept];
    const index at = p * s.stride;
    batch_norm(s.buffers[g.in] + at, rows, g.epsilon, weights.w + g.vector(0, p), weights.w + g.vector(1, p),
               kept + g.vector(0, p), kept + g.vector(1, p), kept + g.vector(2, p), s.buffers[g.normal] + at,
               s.buffers[g.z] + at);
}
template <class T>
void batch_norm_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, index p,
                         index rows) {
    const index at = p * s.stride;
    batch_norm_back(dy + at, s.buffers[g.normal] + at, rows, weights.w + g.vector(0, p),
                    s.kept[g.kept] + g.vector(2, p), dx + at);
}

// A share of a batch through a group. `between` is called after each block of a dense layer's terms.
template <class T, class Between = Nothing>
void group_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, T* room, const Share& share,
                   Between between = {}, index block = BLOCK) {
    const index r0 = share.r0, r1 = share.r1;
    switch (g.kind) {
        case Kind::Dense:
            return share.units(g.panels(), [&](index p0, index p1, index r0, index r1) {
                dense_forward(g, weights, s, p0, p1, r0, r1, between, block);
            });
        case Kind::BatchNorm:
            if (g.kept < 0) {
                batch_norm_predict(g, weights, s, r0, r1);
                break;
            }
            return share.whole_panels(g.panels(), [&](index p) {
                batch_norm_forward(g, weights, s, p, share.rows), ops_forward(g, s, p, 0, share.rows);
            });
        case Kind::LayerNorm: layer_norm_forward(g, weights, s, r0, r1); break;
        case Kind::Scale: scale_forward(g, weights, s, r0, r1); break;
        case Kind::Piecewise: piecewise_forward(g, s, r0, r1); break;
        case Kind::Softmax: softmax_forward(g, s, room, r0, r1); break;
        case Kind::SparseDense:  // its sums are made as the rows are read (sparse.h)
        case Kind::Dropout:
        case Kind::Activation: break;
    }
    for (index p = 0; p < g.panels(); ++p) ops_forward(g, s, p, r0, r1);
}

// Back through a group's first layer: the gradient by its input, dx, from that by its output, dy; then(p, r0, r1) for
// each panel of dx as soon as it is there. Of a softmax they are one.
template <class T, class Then>
void group_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, T* dy, T* dx, T* room,
                    const Share& share, Then then) {
    const index r0 = share.r0, r1 = share.r1;
    switch (g.kind) {
        case Kind::Dense:
            return share.units(g.panels_in(), [&](index p0, index p1, index r0, index r1) {
                g.in_groups(p0, p1, g.panels_in(), [&](index q0, index q1) {
                    for (index p = q0; p < q1; p += ABREAST) {
                        const index count = lesser(ABREAST, q1 - p);
                        dense_backward(g, weights, s, dy, dx, room, p, count, r0, r1);
                        for (index q = p; q < p + count; ++q) then(q, r0, r1);
                    }
                });
            });
        case Kind::BatchNorm:
            return share.whole_panels(g.panels(), [&](index p) {
                batch_norm_backward(g, weights, s, dy, dx, p, share.rows), then(p, index(0), share.rows);
            });
        case Kind::LayerNorm: layer_norm_backward(g, weights, s, dy, dx, r0, r1); break;
        case Kind::Scale: scale_backward(g, weights, s, dy, dx, r0, r1); break;
        case Kind::Piecewise: piecewise_backward(g, s, dy, dx, r0, r1); break;
        case Kind::Softmax: softmax_backward(g, s, dx, room, r0, r1); break;
        case Kind::SparseDense:  // these come first: there is nothing below that learns
        case Kind::Dropout:
        case Kind::Activation: return;
    }
    for (index p = 0; p < g.panels_in(); ++p) then(p, r0, r1);
}

// Some rows through groups first ... to the loss.
template <class T>
void rows_forward(const Layers<T>& layers, const List<Weights<T>>& weights, Space<T>& s, T* room, int first, index r0,
                  index r1) {
    for (int g = first; g < layers.before_loss; ++g)
        group_forward(layers.groups[g], weights[g], s, room, Share::by_rows(r0, r1));
}

// The last layer's output on some rows, turned; and what follows each block: f(r, rows, block).
template <class T, class F>
void for_loss_blocks(const Layers<T>& layers, const Space<T>& s, T* room, index r0, index r1, F f) {
    const Group<T>& last = layers.groups.back();
    const bool with_softmax = layers.softmax_with_loss();
    const T* out = s.buffers[with_softmax ? last.in : last.out];
    const index n = last.n_out * LANES<T>;
    for_blocks<T>(r0, r1, [&](index r, index rows) {
        turn(out + r * LANES<T>, s.stride, rows, last.n_out, room);
        f(r, rows, LossBlocks<T>{room, room + n, room + 2 * n, 1, with_softmax});
    });
}

}  // namespace LW_ISA
}  // namespace lw
