// The memory of rows on their way through the layers, and the groups' formulas, on some rows of some panels.
//
// A batch lies in panels: LANES columns, with a line for each row.
#pragma once

#include "samples.h"

namespace lw {
namespace LW_ISA {

// The memory of up to `capacity` rows on their way through the layers, as a thread sees it: the input is its own, and the
// scaled input; all else may be another's.
template <class T>
struct Space {
    index stride = 0;   // between panels
    List<T*> buffers;   // the layers' outputs; the first is the input
    List<T*> masks;
    List<T*> deltas;    // the gradient by each group's output
    List<T*> kept;      // of a batch norm: lines of its mean, its variance, 1 / sqrt(var + epsilon); of a layer norm: that, by row

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
            const bool shared = g + 1 < n && !layers.groups[g + 1].learns();
            deltas[g] = shared ? deltas[g + 1] : make(layers.groups[g].n_out);
        }
        for (const Group<T>& g : layers.groups)
            if (g.kept >= 0) owned_.push_back(Lines<T>(g.batch_norm ? 3 * g.panels() * L : stride)), kept.push_back(static_cast<T*>(owned_.back()));
    }

    // Another thread's view of it.
    Space view(const Layers<T>& layers) const {
        Space other;
        other.stride = stride;
        for (int i = 0; i < buffers.size(); ++i)
            other.buffers.push_back(i < layers.own_buffers ? other.make(layers.widths[i]) : static_cast<T*>(buffers[i]));
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

// Room to turn LANES rows of the widest softmax or output, three times.
template <class T>
Lines<T> turning_room(const Layers<T>& layers) {
    index n = layers.groups.back().n_out;
    for (const Group<T>& g : layers.groups)
        if (g.softmax) n = greater(n, g.n_out);
    return Lines<T>(3 * n * LANES<T>);
}

template <class T>
void ops_forward(const Group<T>& g, Space<T>& s, index panel, index r0, index r1) {
    const index at = panel * s.stride + r0 * LANES<T>, n = (r1 - r0) * LANES<T>;
    for (const Op<T>& op : g.ops) {
        T *x = s.buffers[op.x] + at, *y = s.buffers[op.y] + at;
        if (op.kind == LayerKind::Dropout)
            multiply_by<T>(x, s.masks[op.mask] + at, y, n);
        else if (op.kind != LayerKind::Softmax)
            op.activation.forward(x, y, n);
    }
}

// On the gradient by the group's output, in place; `skip` of its last ops are the loss's business.
template <class T>
void ops_backward(const Group<T>& g, Space<T>& s, T* delta, int skip, index panel, index r0, index r1) {
    const index at = panel * s.stride + r0 * LANES<T>, n = (r1 - r0) * LANES<T>;
    T* d = delta + at;
    for (int i = g.ops.size() - 1 - skip; i >= 0; --i) {
        const Op<T>& op = g.ops[i];
        if (op.kind == LayerKind::Dropout)
            multiply_by<T>(d, s.masks[op.mask] + at, d, n);
        else if (op.kind != LayerKind::Softmax)
            op.activation.backward(s.buffers[op.activation.reads_x() ? op.x : op.y] + at, d, n);
    }
}

// Panels p0 ... p1 - 1 of x W + b, for some rows.
template <class T>
Product<T> dense(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p0, index r0) {
    constexpr int L = LANES<T>;
    return {s.buffers[g.in] + r0 * L, s.stride, weights.w + p0 * weights.panel, weights.line, weights.panel,
            s.buffers[g.z] + p0 * s.stride + r0 * L, s.stride, g.n_in, Start::line, weights.b + p0 * L};
}

// And what follows it; `between` is called after each block of terms.
template <class T, class Between = Nothing>
void dense_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p0, index p1, index r0, index r1,
                   Between between = {}, index block = BLOCK) {
    Product<T> product = dense(g, weights, s, p0, r0);
    multiply_blocks<T, From::lines>(r1 - r0, lesser(g.n_out, p1 * LANES<T>) - p0 * LANES<T>, product, between, block);
    for (index p = p0; p < p1; ++p) ops_forward(g, s, p, r0, r1);
}

// LANES rows at a time, for the formulas that work on turned rows.
template <class T, class F>
inline void for_blocks(index r0, index r1, F f) {
    for (index r = r0; r < r1; r += LANES<T>) f(r, lesser(LANES<T>, r1 - r));
}

// Some rows through a scale or a normalization by row; through a batch norm as in prediction, where gamma's lines hold
// gamma / sqrt(var + epsilon).
template <class T>
void norm_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index r0, index r1) {
    constexpr int L = LANES<T>;
    const T *x = s.buffers[g.in], *v = weights.w;
    T *y = s.buffers[g.z], *normal = g.normal < 0 ? nullptr : s.buffers[g.normal];
    for (index r = r0; g.layer_norm && r < r1; ++r)
        layer_norm(x + r * L, s.stride, g.n_out, g.epsilon, v, v + g.vector(1, 0), normal ? s.kept[g.kept] + r : nullptr,
                   normal ? normal + r * L : nullptr, y + r * L);
    for (index p = 0; !g.layer_norm && p < g.panels(); ++p) {
        const index at = p * s.stride + r0 * L;
        const T *center = g.scale ? nullptr : v + g.vector(2, p), *beta = g.scale ? nullptr : v + g.vector(1, p);
        move_lines(x + at, r1 - r0, center, v + g.vector(0, p), beta, y + at);
    }
}

// The gradient by the input of a scale or a layer norm, for some rows, from that by its output.
template <class T>
void norm_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, index r0, index r1) {
    constexpr int L = LANES<T>;
    for (index r = r0; g.layer_norm && r < r1; ++r)
        layer_norm_back(dy + r * L, s.buffers[g.normal] + r * L, s.stride, g.n_out, weights.w, s.kept[g.kept][r], dx + r * L);
    for (index p = 0; g.scale && p < g.panels(); ++p) {
        const index at = p * s.stride + r0 * L;
        move_lines<T>(dy + at, r1 - r0, nullptr, weights.w + g.vector(0, p), nullptr, dx + at);
    }
}

// A panel of a batch norm, all rows of the batch: forward, and back.
template <class T>
void batch_norm_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p, index rows) {
    T* kept = s.kept[g.kept];
    const index at = p * s.stride;
    batch_norm(s.buffers[g.in] + at, rows, g.epsilon, weights.w + g.vector(0, p), weights.w + g.vector(1, p), kept + g.vector(0, p),
               kept + g.vector(1, p), kept + g.vector(2, p), s.buffers[g.normal] + at, s.buffers[g.z] + at);
}
template <class T>
void batch_norm_backward(const Group<T>& g, const Weights<T>& weights, const Space<T>& s, const T* dy, T* dx, index p, index rows) {
    const index at = p * s.stride;
    batch_norm_back(dy + at, s.buffers[g.normal] + at, rows, weights.w + g.vector(0, p), s.kept[g.kept] + g.vector(2, p), dx + at);
}

// Some rows through a whole group.
template <class T>
void group_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, T* room, index r0, index r1) {
    if (g.softmax)
        for_blocks<T>(r0, r1, [&](index r, index rows) {
            turn(s.buffers[g.ops[0].x] + r * LANES<T>, s.stride, rows, g.n_out, room);
            softmax(room, g.n_out);
            turn_back(room, rows, g.n_out, s.buffers[g.ops[0].y] + r * LANES<T>, s.stride);
        });
    if (g.dense) return dense_forward(g, weights, s, 0, g.panels(), r0, r1);
    if (g.vectors) norm_forward(g, weights, s, r0, r1);
    for (index p = 0; p < g.panels(); ++p) ops_forward(g, s, p, r0, r1);
}

// Some rows through groups first ..., but for a softmax at the end.
template <class T>
void rows_forward(const Layers<T>& layers, const List<Weights<T>>& weights, Space<T>& s, T* room, int first, index r0,
                  index r1) {
    for (int g = first; g < layers.groups.size() - (softmax_with_loss(layers) ? 1 : 0); ++g)
        group_forward(layers.groups[g], weights[g], s, room, r0, r1);
}

// Some rows back through all of a group but its products.
template <class T>
void group_backward(const Group<T>& g, Space<T>& s, T* room, T* delta, int skip, index r0, index r1) {
    for (index p = 0; p < g.panels(); ++p) ops_backward(g, s, delta, skip, p, r0, r1);
    if (g.softmax && g.ops.size() > skip)
        for_blocks<T>(r0, r1, [&](index r, index rows) {
            T *y = room, *d = room + g.n_out * LANES<T>;
            turn(s.buffers[g.ops[0].y] + r * LANES<T>, s.stride, rows, g.n_out, y);
            turn(delta + r * LANES<T>, s.stride, rows, g.n_out, d);
            softmax_back(y, d, g.n_out);
            turn_back(d, rows, g.n_out, delta + r * LANES<T>, s.stride);
        });
}

// The last layer's output on some rows, turned; and what follows each block: f(r, rows, block).
template <class T, class F>
void for_loss_blocks(const Layers<T>& layers, const Space<T>& s, T* room, index r0, index r1, F f) {
    const Group<T>& last = layers.groups.back();
    const bool with_softmax = softmax_with_loss(layers);
    const T* out = s.buffers[with_softmax ? last.in : last.out];
    const index n = last.n_out * LANES<T>;
    for_blocks<T>(r0, r1, [&](index r, index rows) {
        turn(out + r * LANES<T>, s.stride, rows, last.n_out, room);
        f(r, rows, LossBlocks<T>{room, room + n, room + 2 * n, 1, with_softmax});
    });
}

}  // namespace LW_ISA
}  // namespace lw
