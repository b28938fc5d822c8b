// The layers as they are computed: in groups, with their weights in panels.
//
// A group is a layer that is not elementwise with the elementwise ones after it, its ops, which are computed while its
// output is still in the first cache; elementwise layers at the very beginning are a group too. Weights and biases are
// kept in panels of LANES units: for each of them a line an input, and a line of biases, theta's own order being
// (inputs, units). The vectors of a scale or a normalization (s; gamma and beta; the running mean and variance) lie one
// after the other, with a line a panel. What pads a line is 0 and stays 0.
#pragma once

#include "activations.h"
#include "functions.h"
#include "kernels.h"
#include "list.h"
#include "normalization.h"
#include "optimizers.h"
#include "penalties.h"
#include "philox.h"
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

template <class T>
inline void multiply_by(const T* x, const T* mask, T* y, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) y[i] = x[i] * mask[i];
}

// An elementwise layer, an activation or a dropout: from one of the batch's buffers to another or over the same.
template <class T>
struct Op {
    Activation<T> activation;
    int x, y;
    int mask;  // which of dropout's; of an activation -1
    T rate;    // of dropout
    std::uint32_t position;

    // n numbers of a space's buffers and masks, from `at` on.
    template <class Space>
    void forward(const Space& s, index at, index n) const {
        const T* from = s.buffers[x] + at;
        T* to = s.buffers[y] + at;
        if (mask >= 0) return multiply_by<T>(from, s.masks[mask] + at, to, n);
        activation.forward(from, to, n);
    }
    // On the gradient by its output there, in place.
    template <class Space>
    void backward(const Space& s, index at, index n, T* d) const {
        if (mask >= 0) return multiply_by<T>(d, s.masks[mask] + at, d, n);
        activation.backward(s.buffers[activation.reads_x() ? x : y] + at, d, n);
    }
};

template <class T>
struct Group {
    Kind kind{};         // of its first layer
    index readable = 0;  // how many numbers theta has from theta_w on
    index n_in = 0, n_out = 0;
    index groups = 1;                // of a dense layer's units, whose panels are their own
    int in = 0, z = 0, out = 0;      // buffers: what is read, where the first layer's output goes, and the last op's y
    index w = 0, b = 0;              // where its lines begin
    index theta_w = 0, theta_b = 0;  // and its numbers in theta; W of a sparse layer stays there (sparse.h)
    int vectors = 0, learned = 0;    // of a scale or a normalization; their first line is w
    index theta_vectors[4] = {};
    T epsilon = 0, momentum = 0;
    int normal = -1;  // the buffer of what gamma or s is multiplied by, where gradients are asked for
    int kept = -1;    // which of a space's memories for what a normalization keeps (together.h)
    int first_piece = 0;
    const Intervals* intervals = nullptr;  // of a piecewise linear layer
    List<Op<T>> ops;

    bool dense() const { return facts_of(kind).dense; }
    bool learns() const { return facts_of(kind).arrays > 0; }
    bool passes_on() const { return !learns() && n_in == n_out; }  // gradients, in place
    index pieces_a_panel() const { return dense() ? 1 + lines(inputs_in_lines(), LANES<T>) : index(learned); }
    index piece_at(index panel, index i) const { return first_piece + panel * pieces_a_panel() + i; }
    index vector(int k, index panel) const { return (k * panels() + panel) * LANES<T>; }  // from w on
    index panels_in() const { return lines(n_in, LANES<T>); }
    index panels() const { return lines(n_out, LANES<T>); }
    index inputs_in_lines() const { return kind == Kind::SparseDense ? 0 : terms(); }

    // How many inputs a unit reads; from which panel on, where it is in panel p; and the first panel of those that read
    // the inputs of panel p.
    index terms() const { return n_in / groups; }
    index inputs_of(index p) const { return p / (panels() / groups) * (panels_in() / groups); }
    index units_of(index p) const { return p / (panels_in() / groups) * (panels() / groups); }
    // Panels p0 ... p1 - 1 of `all`, those of a group at a time: f(q0, q1).
    template <class F>
    void in_groups(index p0, index p1, index all, F f) const {
        const index each = all / groups;
        for (index p = p0, end; p < p1; p = end) end = lesser(p1, (p / each + 1) * each), f(p, end);
    }
};

// Part of the parameters: up to LANES inputs of a panel of units or, of no input, its biases. What threads share out
// among each other when they learn. A group's pieces are those of its first panel, the biases first, then of the next.
struct Piece {
    index begin;  // where its lines begin
    index input;  // input < 0: the biases, or a vector
    std::int32_t lines;
    std::uint16_t part;     // which of the layer's arrays
    std::uint16_t columns;  // of each line, that are parameters
    std::uint32_t layer;
};

// A group's parameters, in lines of their own or as they lie in theta.
template <class T>
struct Weights {
    const T* w;         // or the vectors
    index panel, line;  // how far panels and lines lie apart
    const T* b;
};

template <class T>
class Layers {
public:
    List<Group<T>> groups;
    List<Piece> pieces;
    List<index> widths;       // of the buffers
    List<index> masks;        // widths of dropout's masks
    int first_learning = -1;  // the first group with parameters: nothing is passed back beyond it
    int normalizations = 0;   // that keep something for backward
    int before_loss = 0;  // groups; a softmax at the very end is done with the loss: its output is needed there alone
    int own_buffers = 1;  // how many of the first ones each thread fills for itself, with all rows
    index length = 0;     // of all parameters in lines
    index n_in, n_out;

    // For training, or for prediction, which leaves dropout out.
    Layers(const Plan& plan, bool training) : n_in(plan.n_in), n_out(plan.n_out) {
        buffer(plan.sparse() ? 0 : n_in);
        for (const Layer& layer : plan.layers) {
            if (layer.kind == Kind::Dropout && !training) continue;
            if (groups.size() == 0 || !facts_of(layer.kind).elementwise) begin_group(layer);
            Group<T>& group = groups.back();
            switch (layer.kind) {
                case Kind::Dense:
                case Kind::SparseDense: add_dense(group, layer, plan.n_theta); break;
                case Kind::Softmax: add_softmax(group); break;
                case Kind::Piecewise: add_piecewise(group, layer); break;
                case Kind::Scale:
                case Kind::LayerNorm:
                case Kind::BatchNorm: add_vectors(group, layer, training); break;
                case Kind::Dropout:
                case Kind::Activation: add_op(group, layer); break;
            }
        }
        length = lines(length, LANES<T>) * LANES<T>;
        const Group<T>& last = groups.back();
        before_loss = groups.size() - (last.kind == Kind::Softmax && last.ops.size() == 0 ? 1 : 0);
        // To scale all rows of the input once more costs less than to fetch them from another core.
        if (groups.size() > 1 && groups[0].kind == Kind::Scale && groups[1].kind == Kind::Dense)
            own_buffers = groups[1].in + 1;
    }

    bool softmax_with_loss() const { return before_loss < groups.size(); }

    // Between theta's order and lines.
    void to_lines(const T* theta, T* packed) const {
        for (const Group<T>& g : groups)
            if (g.learns()) to_lines(g, theta, packed + g.w, packed + g.b);
    }
    static void to_lines(const Group<T>& g, const T* theta, T* w, T* b) {
        constexpr int L = LANES<T>;
        for (int k = 0; k < g.vectors; ++k)
            for (index j = 0; j < g.panels() * L; ++j)
                w[g.vector(k, 0) + j] = j < g.n_out ? theta[g.theta_vectors[k] + j] : T(0);
        for (index p = 0; g.dense() && p < g.panels(); ++p) {
            const index n = lesser(L, g.n_out - p * L);
            for (index i = 0; i < g.inputs_in_lines(); ++i) {
                T* to = w + (p * g.terms() + i) * L;
                const T* from = theta + g.theta_w + i * g.n_out + p * L;
                for (index j = 0; j < L; ++j) to[j] = j < n ? from[j] : T(0);
            }
            for (index j = 0; j < L; ++j) b[p * L + j] = j < n ? theta[g.theta_b + p * L + j] : T(0);
        }
    }
    void from_lines(const T* packed, T* theta) const {
        constexpr int L = LANES<T>;
        for (const Group<T>& g : groups) {
            for (int k = 0; k < g.vectors; ++k)
                for (index j = 0; j < g.n_out; ++j) theta[g.theta_vectors[k] + j] = packed[g.w + g.vector(k, 0) + j];
            for (index p = 0; g.dense() && p < g.panels(); ++p) {
                const index n = lesser(L, g.n_out - p * L);
                for (index i = 0; i < g.inputs_in_lines(); ++i) {
                    const T* from = packed + g.w + (p * g.terms() + i) * L;
                    T* to = theta + g.theta_w + i * g.n_out + p * L;
                    for (index j = 0; j < n; ++j) to[j] = from[j];
                }
                for (index j = 0; j < n; ++j) theta[g.theta_b + p * L + j] = packed[g.b + p * L + j];
            }
        }
    }
    Weights<T> weights(const Group<T>& g, const T* packed) const {
        return {packed + g.w, g.terms() * LANES<T>, LANES<T>, packed + g.b};
    }

private:
    int buffer(index width) {
        widths.push_back(index(width));
        return widths.size() - 1;
    }

    void begin_group(const Layer& layer) {
        const int current = groups.size() ? groups.back().out : 0;
        Group<T> group;
        group.kind = layer.kind;
        group.n_in = layer.n_in, group.n_out = layer.n_out;
        group.in = group.z = group.out = current;
        if (first_learning < 0 && group.learns()) first_learning = groups.size();
        groups.push_back(static_cast<Group<T>&&>(group));
    }

    void add_dense(Group<T>& group, const Layer& layer, index n_theta) {
        constexpr int L = LANES<T>;
        group.z = group.out = buffer(layer.n_out), kept_ = false, group.groups = layer.groups;
        group.theta_w = layer.parts[0].begin, group.theta_b = layer.parts[1].begin;
        group.readable = n_theta - group.theta_w;
        group.w = length, group.b = length + group.panels() * group.inputs_in_lines() * L;
        group.first_piece = pieces.size();
        for (index p = 0; p < group.panels(); ++p) {
            add_piece(group, p, layer, 1, -1, 1, group.b + p * L);
            for (index i = 0; i < group.inputs_in_lines(); i += L)
                add_piece(group, p, layer, 0, i, lesser(L, group.terms() - i), group.w + (p * group.terms() + i) * L);
        }
        length = group.b + group.panels() * L;
    }

    void add_softmax(Group<T>& group) {
        if (kept_) group.z = group.out = buffer(group.n_out);
        kept_ = true;
    }

    void add_piecewise(Group<T>& group, const Layer& layer) {
        group.z = group.out = buffer(layer.n_out), kept_ = false;
        group.intervals = &layer.intervals;
    }

    void add_vectors(Group<T>& group, const Layer& layer, bool training) {
        const Facts facts = facts_of(layer.kind);
        const bool scale = layer.kind == Kind::Scale, batch_norm = layer.kind == Kind::BatchNorm;
        group.vectors = facts.arrays, group.learned = facts.learned;
        group.momentum = batch_norm ? T(layer.a) : T(0), group.epsilon = T(batch_norm ? layer.b : layer.a);
        group.normal = scale ? group.in : training ? buffer(layer.n_out) : -1;
        if (training && !scale) group.kept = normalizations++;
        group.z = group.out = buffer(layer.n_out), kept_ = false;
        group.w = group.b = length, group.first_piece = pieces.size();
        for (int k = 0; k < group.vectors; ++k) group.theta_vectors[k] = layer.parts[k].begin;
        for (index p = 0; p < group.panels(); ++p)
            for (int k = 0; k < group.learned; ++k) add_piece(group, p, layer, k, -1, 1, group.w + group.vector(k, p));
        length += group.vectors * group.panels() * LANES<T>;
    }

    void add_op(Group<T>& group, const Layer& layer) {
        const int x = group.out;
        group.out = kept_ || layer.reads_x ? buffer(layer.n_out) : x;
        kept_ = layer.reads_y;
        int mask = -1;
        if (layer.kind == Kind::Dropout) mask = masks.size(), masks.push_back(index(layer.n_in));
        group.ops.push_back({Activation<T>(layer), x, group.out, mask, T(layer.a), layer.position});
    }

    void add_piece(const Group<T>& group, index panel, const Layer& layer, int part, index input, index lines,
                   index begin) {
        const index columns = lesser(LANES<T>, group.n_out - panel * LANES<T>);
        pieces.push_back(
            {begin, input, std::int32_t(lines), std::uint16_t(part), std::uint16_t(columns), layer.position});
    }

    bool kept_ = true;  // nobody may write over the newest buffer
};

// How many of a group's last ops go backward with the loss.
template <class T>
int skipped_ops(const Plan& plan, const Layers<T>& layers, int group) {
    return plan.loss.fused && group == layers.groups.size() - 1 && !layers.softmax_with_loss() ? 1 : 0;
}

// The masks of `rows` rows from `row` of the batch on: 0, or 1 / (1 - rate) for what is kept; number (r, column) of an
// op's is written to its masks at place(r, column).
template <class T, class Masks, class Place>
void fill_masks(const Layers<T>& layers, const Masks& masks, std::uint64_t seed, std::int64_t step, index row,
                index rows, Place place) {
    constexpr index PART = 4 * BLOCKS;
    for (const Group<T>& g : layers.groups)
        for (const Op<T>& op : g.ops) {
            if (op.mask < 0) continue;
            T uniform[PART];
            T* mask = masks[op.mask];
            const T keep = 1 / (1 - op.rate);
            const index n = g.n_out, end = (row + rows) * n;
            index r = 0, column = 0;
            for (index e = row * n; e < end;) {
                const index m = lesser(PART - e % 4, end - e);
                draw(seed, std::uint64_t(step), op.position, e, m, uniform);
                for (index i = 0; i < m; ++i) {
                    mask[place(r, column, n)] = uniform[i] >= op.rate ? keep : T(0);
                    if (++column == n) column = 0, ++r;
                }
                e += m;
            }
        }
}

}  // namespace LW_ISA
}  // namespace lw
