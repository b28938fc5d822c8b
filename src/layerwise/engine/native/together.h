// A step done by all threads together, layer by layer: each has panels of its own, or rows of a panel, and they wait for
// each other between layers. The last, narrow layers are done row by row, from the forward pass to the gradient, without
// waiting.
//
// A batch lies in panels: LANES columns, with a line for each row.
//
//     forward           y = x W + b        A = x lines             B = W           C = y
//     weight gradient   dW = x^T dy        A = x columns           B = dy          C = dW
//     input gradient    dx = dy W^T        A = dy lines            B = W^T         C = dx
#pragma once

#include "sparse.h"

namespace lw {
namespace LW_ISA {

template <class T>
class Together {
    static constexpr int L = LANES<T>;

public:
    Together(const Plan& plan, const Layers<T>& layers, Samples<T>& samples)
        : plan_(plan), layers_(layers), samples_(samples) {}

    void prepare(index batch, int threads, const T* packed, const T* theta) {
        if (batch > capacity_) {
            capacity_ = batch, spaces_ = List<Space<T>>();
            spaces_.push_back(Space<T>(layers_, capacity_, true));
        }
        while (spaces_.size() < threads) spaces_.push_back(spaces_[0].view(layers_));
        index length = 0;
        for (const Group<T>& g : layers_.groups)
            if (g.dense) length = greater(length, ABREAST * g.n_out * L);
        while (transposed_.size() < threads) transposed_.push_back(Lines<T>(length));
        while (rooms_.size() < threads) rooms_.push_back(turning_room(layers_));
        weights_ = List<Weights<T>>();
        for (const Group<T>& g : layers_.groups)
            weights_.push_back(g.sparse ? Weights<T>{theta + g.theta_w, L, g.n_out, packed + g.b}
                                        : Weights<T>{packed + g.w, g.n_in * L, L, packed + g.b});
    }

    // Forward, and back to the gradient by the output of the group below the last narrow ones. False if a loss is not
    // finite. `meet` waits for all threads; `between` is called now and then while the first layer is at work.
    template <class Between, class Meet>
    bool forward(int t, int threads, const Batch<T>& batch, std::uint64_t seed, Between between, Meet meet) {
        Space<T>& s = spaces_[t];
        T *transposed = transposed_[t], *room = rooms_[t];
        const index r0 = batch.rows * t / threads, r1 = batch.rows * (t + 1) / threads;
        const int tail = first_by_rows(), first = int(greater(first_product(), sparse()));
        // All rows: to read them once more costs less than to fetch them from another core.
        for (index r = 0; r < (sparse() ? 0 : batch.rows); ++r) samples_.read(batch.start + r, s.buffers[0] + r * L, s.stride);
        if (s.masks.size()) {
            fill_masks(layers_, s.masks, seed, batch.step, r0, r1 - r0, [&](index r, index column, index) {
                return column / L * s.stride + (r0 + r) * L + column % L;
            });
            meet();
        }
        if (sparse()) {
            sparse_forward(layers_.groups[0], weights_[0], samples_.input(), s, r0, r1,
                           [&](index r) { return samples_.row_at(batch.start + r); });
            for (index p = 0; p < layers_.groups[0].panels(); ++p) ops_forward(layers_.groups[0], s, p, r0, r1);
            if (tail > 1) meet();
        } else if (first) {
            group_forward(layers_.groups[0], weights_[0], s, room, 0, batch.rows);
        }
        for (int g = first; g < tail; ++g) {
            const Group<T>& group = layers_.groups[g];
            if (group.dense)
                for_units(group.panels(), batch.rows, t, threads, [&](index p0, index p1, index a, index b) {
                    if (g == first && !sparse())
                        dense_forward(group, weights_[g], s, p0, p1, a, b, between, block(batch.rows));
                    else
                        dense_forward(group, weights_[g], s, p0, p1, a, b);
                });
            else if (group.batch_norm)
                for (index p = group.panels() * t / threads; p < group.panels() * (t + 1) / threads; ++p)
                    batch_norm_forward(group, weights_[g], s, p, batch.rows), ops_forward(group, s, p, 0, batch.rows);
            else
                group_forward(group, weights_[g], s, room, r0, r1);
            meet();
        }
        rows_forward(layers_, weights_, s, room, int(greater(tail, first)), r0, r1);
        bool finite = true;
        for_loss_blocks(layers_, s, room, r0, r1, [&](index r, index rows, const LossBlocks<T>& block) {
            finite &= samples_.loss(batch, r, rows, block, true);
            turn_back(block.d, rows, plan_.n_out, s.deltas[layers_.groups.size() - 1] + r * L, s.stride);
        });
        back_rows(s, room, transposed, tail, r0, r1);
        const int g = tail - 1;
        if (g >= layers_.first_learning && g >= 0)
            group_backward(layers_.groups[g], s, room, s.deltas[g], skip(g), r0, r1);
        return finite;
    }

    // From there back to the first layer, learning on the way: learn(group, space) for each that learns, from the last
    // to the first, when its deltas are there and nobody needs its weights any more in this step.
    template <class Learn, class Meet>
    void backward(int t, int threads, const Batch<T>& batch, Learn learn, Meet meet) {
        Space<T>& s = spaces_[t];
        T *transposed = transposed_[t], *room = rooms_[t];
        const index r0 = batch.rows * t / threads, r1 = batch.rows * (t + 1) / threads;
        const int first = layers_.first_learning;
        int pending = layers_.groups.size() - 1;  // groups above g that have not learned yet
        for (int g = first_by_rows() - 1; g > first; --g) {
            const Group<T>&group = layers_.groups[g], &below = layers_.groups[g - 1];
            if (group.dense)
                for_units(group.panels_in(), batch.rows, t, threads, [&](index p0, index p1, index a, index b) {
                    for (index p = p0; p < p1; p += ABREAST) {
                        const index count = lesser(ABREAST, p1 - p);
                        inputs_gradient(g, s, transposed, p, count, a, b);
                        if (!below.softmax)
                            for (index q = p; q < p + count; ++q) ops_backward(below, s, s.deltas[g - 1], 0, q, a, b);
                    }
                });
            T* dx = s.deltas[g - 1];
            if (group.batch_norm)
                for (index p = group.panels() * t / threads; p < group.panels() * (t + 1) / threads; ++p) {
                    batch_norm_backward(group, weights_[g], s, s.deltas[g], dx, p, batch.rows);
                    if (!below.softmax) ops_backward(below, s, dx, 0, p, 0, batch.rows);
                }
            else if (group.vectors) {
                norm_backward(group, weights_[g], s, s.deltas[g], dx, r0, r1);
                for (index p = 0; !below.softmax && p < below.panels(); ++p) ops_backward(below, s, dx, 0, p, r0, r1);
            }
            for (; pending > g; --pending)
                if (layers_.groups[pending].learns()) learn(pending, s);
            meet();
            if (below.softmax || !group.learns()) {
                group_backward(below, s, room, s.deltas[g - 1], 0, r0, r1);
                meet();
            }
        }
        for (; pending >= first && pending >= 0; --pending)
            if (layers_.groups[pending].learns()) learn(pending, s);
    }

    // How many terms of a sum of the first product pass between two calls of `between`, and how often a thread calls it.
    static index block(index rows) { return rows < 64 ? 64 : BLOCK; }
    index calls(index rows) const {
        return layers_.groups[first_product()].dense && first_by_rows() > first_product() ? lines(layers_.n_in, block(rows)) : 0;
    }

private:
    int sparse() const { return layers_.groups[0].sparse; }  // how many groups are
    int first_product() const { return layers_.own_buffers > 1 ? 1 : 0; }
    int skip(int g) const { return skipped_ops(plan_, layers_, g); }

    // The groups from which on rows are done one by one: a last dense layer of one panel, and what follows it; none that
    // needs the whole batch.
    int first_by_rows() const {
        int g = layers_.groups.size() - 1, norm = g;
        while (g > 0 && !layers_.groups[g].dense) --g;
        while (norm >= 0 && !layers_.groups[norm].batch_norm) --norm;
        const int first = layers_.groups[g].dense && layers_.groups[g].panels() > 1 ? g + 1 : g;
        return first > norm ? first : norm + 1;
    }

    // Panels times rows. A thread has whole panels where there are enough, always the same ones, so that their weights stay
    // in its cache; else some rows of one.
    template <class F>
    static void for_units(index panels, index rows, int t, int threads, F f) {
        if (panels >= threads) return f(panels * t / threads, panels * (t + 1) / threads, index(0), rows);
        const index begin = panels * rows * t / threads, end = panels * rows * (t + 1) / threads;
        index p = begin / rows;
        if (p == end / rows) return f(p, p + 1, begin % rows, end % rows);
        f(p, p + 1, begin % rows, rows);
        if (end % rows) f(p + 1, p + 2, index(0), end % rows);
    }

    // Some panels of the gradient by a dense group's inputs.
    void inputs_gradient(int g, Space<T>& s, T* transposed, index panel, index count, index r0, index r1) const {
        const Group<T>& group = layers_.groups[g];
        for (index q = 0; q < count; ++q)
            transpose(weights_[g].w + (panel + q) * L * L, weights_[g].panel, lesser(L, group.n_in - (panel + q) * L),
                      group.n_out, transposed + q * group.n_out * L);
        Product<T> product{s.deltas[g] + r0 * L, s.stride, transposed, L, group.n_out * L,
                           s.deltas[g - 1] + panel * s.stride + r0 * L, s.stride, group.n_out};
        multiply_blocks<T, From::lines>(r1 - r0, lesser(group.n_in - panel * L, count * L), product);
    }

    // From the outputs of rows back to the gradient by the input of group `first`'s product, or, where group `first`
    // is the first to learn, to that by its output.
    void back_rows(Space<T>& s, T* room, T* transposed, int first, index r0, index r1) const {
        for (int g = layers_.groups.size() - 1; g >= first; --g) {
            const Group<T>& group = layers_.groups[g];
            group_backward(group, s, room, s.deltas[g], skip(g), r0, r1);
            if (g == layers_.first_learning) return;
            if (group.vectors) norm_backward(group, weights_[g], s, s.deltas[g], s.deltas[g - 1], r0, r1);
            for (index p = 0; group.dense && p < group.panels_in(); p += ABREAST)
                inputs_gradient(g, s, transposed, p, lesser(ABREAST, group.panels_in() - p), r0, r1);
        }
    }

    const Plan& plan_;
    const Layers<T>& layers_;
    Samples<T>& samples_;
    List<Space<T>> spaces_;  // of each thread
    index capacity_ = 0;
    List<Weights<T>> weights_;
    List<Lines<T>> transposed_, rooms_;  // of each thread
};

}  // namespace LW_ISA
}  // namespace lw
