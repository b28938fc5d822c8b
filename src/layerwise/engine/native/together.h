// A step done by all threads together, layer by layer: each has panels of its own, or rows of a panel, and they wait
// for each other between layers. The last, narrow layers are done row by row, from the forward pass to the gradient,
// without waiting.
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
        while (rooms_.size() < threads) rooms_.push_back(Lines<T>(working_room(layers_, true)));
        weights_ = List<Weights<T>>();
        for (const Group<T>& g : layers_.groups)
            weights_.push_back(g.kind == Kind::SparseDense ? Weights<T>{theta + g.theta_w, L, g.n_out, packed + g.b}
                                                           : layers_.weights(g, packed));
    }

    // Forward, and back to the gradient by the output of the group below the last narrow ones. False if a loss is not
    // finite. `meet` waits for all threads; `between` is called now and then while the first layer is at work.
    template <class Between, class Meet>
    bool forward(int t, int threads, const Batch<T>& batch, std::uint64_t seed, Between between, Meet meet) {
        Space<T>& s = spaces_[t];
        T* room = rooms_[t];
        const Share share = Share::of_thread(batch.rows, t, threads);
        const index r0 = share.r0, r1 = share.r1;
        read(batch, s, r0, r1);
        if (s.masks.size()) {
            fill_masks(layers_, s.masks, seed, batch.step, batch.place + r0, r1 - r0,
                       [&](index r, index column, index) { return column / L * s.stride + (r0 + r) * L + column % L; });
            meet();
        }
        const int tail = first_by_rows(), first = first_product();
        if (first) group_forward(layers_.groups[0], weights_[0], s, room, Share::by_rows(0, batch.rows));
        for (int g = first; g < tail; ++g) {
            const Group<T>& group = layers_.groups[g];
            if (g == first)
                group_forward(group, weights_[g], s, room, share, between, block(batch.rows));
            else
                group_forward(group, weights_[g], s, room, share);
            // Sparse rows that go on one by one are nobody else's.
            if (g + 1 < tail || group.kind != Kind::SparseDense) meet();
        }
        rows_forward(layers_, weights_, s, room, int(greater(tail, first)), r0, r1);
        bool finite = true;
        for_loss_blocks(layers_, s, room, r0, r1, [&](index r, index rows, const LossBlocks<T>& block) {
            finite &= samples_.loss(batch, r, rows, block, true);
            turn_back(block.d, rows, plan_.n_out, s.deltas[layers_.groups.size() - 1] + r * L, s.stride);
        });
        if (layers_.first_learning >= 0) back_rows(s, room, tail, r0, r1);
        return finite;
    }

    // From there back to the first layer, learning on the way: learn(group, space) for each that learns, from the last
    // to the first, when its deltas are there and nobody needs its weights any more in this step.
    // done(g): no thread has anything left to do for groups g and those after it.
    template <class Learn, class Meet, class Done>
    void backward(int t, int threads, const Batch<T>& batch, Learn learn, Meet meet, Done done) {
        Space<T>& s = spaces_[t];
        const Share share = Share::of_thread(batch.rows, t, threads);
        const int first = layers_.first_learning;
        int pending = layers_.groups.size() - 1;  // groups above g that have not learned yet
        for (int g = first_by_rows() - 1; g > first; --g) {
            pass_back(g, s, rooms_[t], share);
            for (; pending > g; --pending)
                if (layers_.groups[pending].learns()) learn(pending, s);
            meet();
            done(g + 1);
        }
        for (; pending >= first && pending >= 0; --pending)
            if (layers_.groups[pending].learns()) learn(pending, s);
    }

    // The groups that `done` is told of, from the last to the first.
    template <class F>
    void for_done(F f) const {
        for (int g = first_by_rows() - 1; g > layers_.first_learning; --g) f(g + 1);
    }

    // How many terms of a sum of the first product pass between two calls of `between`, and how often it is called.
    static index block(index rows) { return rows < 64 ? 64 : BLOCK; }
    index calls(index rows) const {
        return layers_.groups[first_product()].dense() && first_by_rows() > first_product()
                   ? lines(layers_.n_in, block(rows))
                   : 0;
    }

private:
    int first_product() const { return layers_.own_buffers > 1 ? 1 : 0; }

    // Rows into the first panels, all of them: to read them once more costs less than to fetch them from another core.
    // Of sparse rows, some, and at once to the first layer's sums.
    void read(const Batch<T>& batch, Space<T>& s, index r0, index r1) const {
        const Group<T>& first = layers_.groups[0];
        if (first.kind == Kind::SparseDense)
            return sparse_forward(first, weights_[0], samples_.input(), s, r0, r1,
                                  [&](index r) { return samples_.row_at(batch.start + r); });
        for (index r = 0; r < batch.rows; ++r) samples_.read(batch.start + r, s.buffers[0] + r * L, s.stride);
    }

    // The groups from which on rows are done one by one: a last dense layer of one panel, and what follows it; none
    // that needs the whole batch.
    int first_by_rows() const {
        int g = layers_.groups.size() - 1, norm = g;
        while (g > 0 && !layers_.groups[g].dense()) --g;
        while (norm >= 0 && layers_.groups[norm].kind != Kind::BatchNorm) --norm;
        const int first = layers_.groups[g].dense() && layers_.groups[g].panels() > 1 ? g + 1 : g;
        return first > norm ? first : norm + 1;
    }

    // The gradient by the output of group g - 1's first layer from that by group g's.
    void pass_back(int g, const Space<T>& s, T* room, const Share& share) const {
        T* dx = s.deltas[g - 1];
        group_backward(layers_.groups[g], weights_[g], s, s.deltas[g], dx, room, share,
                       [&](index p, index r0, index r1) { ops_backward(layers_.groups[g - 1], s, dx, 0, p, r0, r1); });
    }

    // From the loss on some rows back to the first layer's output of the group below `first`, or of the first to learn.
    void back_rows(const Space<T>& s, T* room, int first, index r0, index r1) const {
        int g = layers_.before_loss - 1;
        const Group<T>& last = layers_.groups[g];
        for (index p = 0; p < last.panels(); ++p)
            ops_backward(last, s, s.deltas[g], skipped_ops(plan_, layers_, g), p, r0, r1);
        for (; g >= first && g > layers_.first_learning; --g) pass_back(g, s, room, Share::by_rows(r0, r1));
    }

    const Plan& plan_;
    const Layers<T>& layers_;
    Samples<T>& samples_;
    List<Space<T>> spaces_;  // of each thread
    index capacity_ = 0;
    List<Weights<T>> weights_;
    List<Lines<T>> rooms_;  // of each thread
};

}  // namespace LW_ISA
}  // namespace lw
