// The layers as they are computed: in groups, with their weights in lines and memory for a batch.
//
// A group is a dense layer or a softmax with the elementwise layers after it, which are computed while its panel is
// still in the first cache. Weights and biases are kept in lines of the units (simd.h), theta's own order being
// (inputs, units); what pads a line is 0 and stays 0.
#pragma once

#include "activations.h"
#include "kernels.h"
#include "list.h"
#include "losses.h"
#include "penalties.h"
#include "philox.h"
#include "rows.h"
#include "threads.h"

namespace lw {
namespace LW_ISA {

// Memory of whole lines, zeroed.
template <class T>
class Lines {
public:
    Lines() = default;
    explicit Lines(index n) : p_(static_cast<T*>(allocate_lines(std::size_t(n) * sizeof(T)))) {}
    Lines(Lines&& other) noexcept : p_(other.p_) { other.p_ = nullptr; }
    Lines& operator=(Lines&& other) noexcept {
        T* p = p_;
        p_ = other.p_, other.p_ = p;
        return *this;
    }
    ~Lines() { free_lines(p_); }
    operator T*() const { return p_; }

private:
    T* p_ = nullptr;
};

// One elementwise layer, or a softmax: from one of the batch's buffers to another or over the same.
template <class T>
struct Op {
    LayerKind kind;
    T a, b;
    int x, y;
    int mask = -1;
    std::uint32_t position;
};

template <class T>
struct Group {
    bool dense = false, softmax = false;
    index n_in = 0, n_out = 0;
    int in = 0, z = 0, out = 0;      // buffers: what is read, where x W + b goes, and the last op's y
    index w = 0, b = 0;              // where its lines begin
    index theta_w = 0, theta_b = 0;  // and its numbers in theta
    int first_piece = 0, last_piece = 0;
    List<Op<T>> ops;

    index panels_in() const { return lines(n_in, LANES<T>); }
    index panels() const { return lines(n_out, LANES<T>); }
};

// Part of the parameters: one panel of units and up to LANES inputs, or (input < 0) a panel of biases.
struct Piece {
    int group;
    index panel, input;
    index begin, count;
    double l1, l2;
};

// A group's parameters, in lines of their own or as they lie in theta.
template <class T>
struct Weights {
    const T* w;
    index panel, line;  // how far panels and lines lie apart
    const T* b;
};

template <class T>
class Layers {
public:
    List<Group<T>> groups;
    List<Piece> pieces;
    List<index> widths;  // of the buffers
    List<index> masks;   // widths of dropout's masks
    int first_learning = -1;    // the first dense group: nothing is passed back beyond it
    index length = 0;           // of all parameters in lines
    index n_in, n_out;

    // For training, or for prediction, which leaves dropout out.
    Layers(const Plan& plan, bool training) : n_in(plan.n_in), n_out(plan.n_out) {
        constexpr int L = LANES<T>;
        int current = buffer(n_in);
        bool kept = true;  // nobody may write over the current buffer
        for (const Layer& layer : plan.layers) {
            if (layer.kind == LayerKind::Dropout && !training) continue;
            if (layer.kind == LayerKind::Dense || layer.kind == LayerKind::Softmax || groups.size() == 0) {
                groups.push_back({});
                groups.back().n_in = layer.n_in, groups.back().n_out = layer.n_out;
                groups.back().in = groups.back().out = current;
            }
            Group<T>& group = groups.back();
            if (layer.kind == LayerKind::Dense) {
                group.dense = true;
                group.z = group.out = current = buffer(layer.n_out);
                group.theta_w = layer.weights, group.theta_b = layer.biases;
                add_pieces(group, layer);
                kept = false;
                if (first_learning < 0) first_learning = groups.size() - 1;
                continue;
            }
            if (layer.kind == LayerKind::Softmax) group.softmax = true;
            Op<T> op{layer.kind, T(layer.a), T(layer.b), current, current, -1, layer.position};
            if (kept || reads_x(layer.kind)) op.y = buffer(layer.n_out);
            if (layer.kind == LayerKind::Dropout) op.mask = masks.size(), masks.push_back(index(layer.n_in));
            kept = reads_y(layer.kind);
            group.out = current = op.y;
            group.ops.push_back(static_cast<Op<T>&&>(op));
        }
        length = lines(length, L) * L;
    }

    // Between theta's order and lines.
    void to_lines(const T* theta, T* packed) const {
        for (const Group<T>& g : groups)
            if (g.dense) to_lines(g, theta, packed + g.w, packed + g.b);
    }
    static void to_lines(const Group<T>& g, const T* theta, T* w, T* b) {
        constexpr int L = LANES<T>;
        for (index p = 0; p < g.panels(); ++p) {
            const index n = lesser(L, g.n_out - p * L);
            for (index i = 0; i < g.n_in; ++i) {
                T* to = w + (p * g.n_in + i) * L;
                const T* from = theta + g.theta_w + i * g.n_out + p * L;
                for (index j = 0; j < L; ++j) to[j] = j < n ? from[j] : T(0);
            }
            for (index j = 0; j < L; ++j) b[p * L + j] = j < n ? theta[g.theta_b + p * L + j] : T(0);
        }
    }
    void from_lines(const T* packed, T* theta) const {
        constexpr int L = LANES<T>;
        for (const Group<T>& g : groups) {
            if (!g.dense) continue;
            for (index p = 0; p < g.panels(); ++p) {
                const index n = lesser(L, g.n_out - p * L);
                for (index i = 0; i < g.n_in; ++i) {
                    const T* from = packed + g.w + (p * g.n_in + i) * L;
                    T* to = theta + g.theta_w + i * g.n_out + p * L;
                    for (index j = 0; j < n; ++j) to[j] = from[j];
                }
                for (index j = 0; j < n; ++j) theta[g.theta_b + p * L + j] = packed[g.b + p * L + j];
            }
        }
    }
    Weights<T> weights(const Group<T>& g, const T* packed) const {
        return {packed + g.w, g.n_in * LANES<T>, LANES<T>, packed + g.b};
    }

private:
    int buffer(index width) {
        widths.push_back(index(width));
        return widths.size() - 1;
    }

    void add_pieces(Group<T>& group, const Layer& layer) {
        constexpr int L = LANES<T>;
        const int number = groups.size() - 1;
        group.w = length, group.b = length + group.panels() * group.n_in * L;
        group.first_piece = pieces.size();
        for (index p = 0; p < group.panels(); ++p) {
            pieces.push_back({number, p, -1, group.b + p * L, L, layer.l1[1], layer.l2[1]});
            for (index i = 0; i < group.n_in; i += L)
                pieces.push_back({number, p, i, group.w + (p * group.n_in + i) * L, lesser(L, group.n_in - i) * L,
                                  layer.l1[0], layer.l2[0]});
        }
        group.last_piece = pieces.size();
        length = group.b + group.panels() * L;
    }
};

// The memory of up to `capacity` rows on their way through the layers. One is shared by all threads, or each has one.
template <class T>
struct Space {
    index stride = 0;               // between panels
    List<Lines<T>> buffers;  // the layers' outputs; the first is the input
    List<Lines<T>> masks;
    List<Lines<T>> owned;
    List<T*> deltas;  // the gradient by each group's output

    Space() = default;
    Space(const Layers<T>& layers, index capacity, bool gradients) {
        constexpr int L = LANES<T>;
        // An odd number of lines: panels a power of two apart would share the same few sets of the cache.
        stride = (capacity | 1) * L;
        for (index width : layers.widths) buffers.push_back(Lines<T>(lines(width, L) * stride));
        if (!gradients) return;
        for (index width : layers.masks) masks.push_back(Lines<T>(lines(width, L) * stride));
        const int n = layers.groups.size();
        for (int g = 0; g < n; ++g) deltas.push_back(nullptr);
        for (int g = n - 1; g >= 0; --g) {
            const bool shared = g + 1 < n && !layers.groups[g + 1].dense;
            if (!shared) owned.push_back(Lines<T>(layers.groups[g].panels() * stride));
            deltas[g] = shared ? deltas[g + 1] : static_cast<T*>(owned.back());
        }
    }
};

// ---------------------------------------------------------------- the layers' formulas, on some rows of some panel

template <class T>
void ops_forward(const Group<T>& g, Space<T>& s, index panel, index r0, index r1) {
    const index at = panel * s.stride + r0 * LANES<T>, n = (r1 - r0) * LANES<T>;
    for (const Op<T>& op : g.ops) {
        T *x = s.buffers[op.x] + at, *y = s.buffers[op.y] + at;
        if (op.kind == LayerKind::Softmax) continue;
        if (op.kind != LayerKind::Dropout) {
            activate(op.kind, op.a, op.b, x, y, n);
            continue;
        }
        const T* mask = s.masks[op.mask] + at;
        for (index i = 0; i < n; ++i) y[i] = x[i] * mask[i];
    }
}

// On the gradient by the group's output, in place; `skip` of its last ops are the loss's business.
template <class T>
void ops_backward(const Group<T>& g, Space<T>& s, T* delta, int skip, index panel, index r0, index r1) {
    const index at = panel * s.stride + r0 * LANES<T>, n = (r1 - r0) * LANES<T>;
    for (int i = g.ops.size() - 1 - skip; i >= 0; --i) {
        const Op<T>& op = g.ops[i];
        T* d = delta + at;
        if (op.kind == LayerKind::Softmax) continue;
        if (op.kind != LayerKind::Dropout) {
            activate_back(op.kind, op.a, op.b, s.buffers[reads_x(op.kind) ? op.x : op.y] + at, d, n);
            continue;
        }
        const T* mask = s.masks[op.mask] + at;
        for (index k = 0; k < n; ++k) d[k] *= mask[k];
    }
}

// Panels p0 ... p1 - 1 of x W + b, for some rows; x is `input` or, without one, the group's input buffer.
template <class T>
void dense_product(const Group<T>& g, const Weights<T>& weights, Space<T>& s, const Rows<T>* input, index p0, index p1,
                   index r0, index r1) {
    constexpr int L = LANES<T>;
    rows_product(r1 - r0, g.n_in, input ? *input : Rows<T>{s.buffers[g.in] + r0 * L, s.stride},
                 Panels<T>{weights.w, weights.panel, weights.line, s.buffers[g.z] + r0 * L, s.stride, weights.b, g.n_out},
                 p0, p1);
}

template <class T>
void dense_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, index p0, index p1, index r0, index r1) {
    dense_product<T>(g, weights, s, nullptr, p0, p1, r0, r1);
    for (index p = p0; p < p1; ++p) ops_forward(g, s, p, r0, r1);
}

// LANES rows at a time, for the formulas that work on turned rows.
template <class T, class F>
inline void for_blocks(index r0, index r1, F f) {
    for (index r = r0; r < r1; r += LANES<T>) f(r, lesser(LANES<T>, r1 - r));
}

// Some rows through a whole group. `scratch` has room for LANES rows, turned.
template <class T>
void group_forward(const Group<T>& g, const Weights<T>& weights, Space<T>& s, T* scratch, index r0, index r1) {
    if (g.softmax)
        for_blocks<T>(r0, r1, [&](index r, index rows) {
            turn(s.buffers[g.ops[0].x] + r * LANES<T>, s.stride, rows, g.n_out, scratch);
            softmax(scratch, g.n_out);
            turn_back(scratch, rows, g.n_out, s.buffers[g.ops[0].y] + r * LANES<T>, s.stride);
        });
    if (g.dense) return dense_forward(g, weights, s, 0, g.panels(), r0, r1);
    for (index p = 0; p < g.panels(); ++p) ops_forward(g, s, p, r0, r1);
}

// Some rows back through all of a group but its products. `scratch` has room for twice LANES rows, turned.
template <class T>
void group_backward(const Group<T>& g, Space<T>& s, T* scratch, T* delta, int skip, index r0, index r1) {
    for (index p = 0; p < g.panels(); ++p) ops_backward(g, s, delta, skip, p, r0, r1);
    if (g.softmax && g.ops.size() > skip)
        for_blocks<T>(r0, r1, [&](index r, index rows) {
            T *y = scratch, *d = scratch + g.n_out * LANES<T>;
            turn(s.buffers[g.ops[0].y] + r * LANES<T>, s.stride, rows, g.n_out, y);
            turn(delta + r * LANES<T>, s.stride, rows, g.n_out, d);
            softmax_back(y, d, g.n_out);
            turn_back(d, rows, g.n_out, delta + r * LANES<T>, s.stride);
        });
}

// One panel of a dense group's inputs: the gradient by them. `transposed` is transpose()d W.
template <class T>
void dense_backward(const Group<T>& g, const T* transposed, Space<T>& s, const T* delta, T* dx, index panel, index r0,
                    index r1) {
    constexpr int L = LANES<T>;
    rows_product(r1 - r0, g.n_out, Rows<T>{delta + r0 * L, s.stride},
                 Panels<T>{transposed, 0, L, dx + panel * s.stride + r0 * L, 0, nullptr, g.n_in - panel * L}, 0, 1);
}

// The gradient of a piece over the first n rows: stored, or added to what is there.
template <class T>
void piece_gradient(const Group<T>& g, const Piece& piece, const Space<T>& s, const T* delta, index n, bool add, T* to) {
    constexpr int L = LANES<T>;
    const T* dy = delta + piece.panel * s.stride;
    const index columns = g.n_out - piece.panel * L;
    if (piece.input >= 0) {
        const T* x = s.buffers[g.in] + piece.input / L * s.stride;
        if (add)
            columns_product<T, Start::c, End::store>(piece.count / L, n, x, dy, to, T(0), columns);
        else
            columns_product<T, Start::zero, End::store>(piece.count / L, n, x, dy, to, T(0), columns);
        return;
    }
    T sum[L] = {};
    for (index r = 0; r < n; ++r)
        for (int j = 0; j < L; ++j) sum[j] += dy[r * L + j];
    for (int j = 0; j < L; ++j) to[j] = add ? to[j] + sum[j] : sum[j];
}

// Masks of rows r0 ... r1 - 1, which are rows base + r0 ... of the batch: 0, or 1 / (1 - rate) for what is kept.
template <class T>
void fill_masks(const Layers<T>& layers, Space<T>& s, std::uint64_t seed, std::int64_t step, index base, index r0,
                index r1) {
    constexpr int L = LANES<T>;
    constexpr index PART = 4 * BLOCKS;
    for (const Group<T>& g : layers.groups)
        for (const Op<T>& op : g.ops) {
            if (op.kind != LayerKind::Dropout) continue;
            T uniform[PART];
            T* mask = s.masks[op.mask];
            const T keep = 1 / (1 - op.a);
            const index n = g.n_out, end = (base + r1) * n;
            index row = r0, column = 0;
            for (index e = (base + r0) * n; e < end;) {
                const index m = lesser(PART - e % 4, end - e);
                draw(seed, std::uint64_t(step), op.position, e, m, uniform);
                for (index i = 0; i < m; ++i) {
                    mask[column / L * s.stride + row * L + column % L] = uniform[i] >= op.a ? keep : T(0);
                    if (++column == n) column = 0, ++row;
                }
                e += m;
            }
        }
}

}  // namespace LW_ISA
}  // namespace lw
