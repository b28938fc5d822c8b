// A step by spans: a large batch of a small network is cut into spans of rows, which go from the first layer to their
// gradients independently of each other, in chunks that stay in the first caches. The spans' gradients are then summed
// in order.
//
// Here all rows are turned: a block is LANES rows, and has a line for each unit, so that narrow layers fill whole
// lines, and outputs lie as the losses' formulas read them. With X and D the turned inputs and deltas of a block:
//
//     forward           Y = W^T X + b       A = W columns           B = X
//     input gradient    DX = W D            A = W lines             B = D
//     weight gradient   dW = X D^T          A = X lines             B = D, turned back: a line a row
#pragma once

#include "samples.h"

namespace lw {
namespace LW_ISA {

template <class T>
class Spans {
    static constexpr int L = LANES<T>;
    static constexpr index SPAN = 64;       // rows of a span, at least
    static constexpr index MOST = 64;       // spans
    static constexpr index CHUNK = 80 / L;  // blocks computed at once
    static constexpr index SMALL = 16384;   // parameters of a network that is worth cutting a batch for
    static constexpr index KEPT = 1 << 20;  // numbers of an input that is turned once for all steps
    static_assert(CHUNK <= MOST_BLOCKS, "losses are done a chunk at once");
    static constexpr index NARROW = 4;  // outputs of a layer whose deltas are not worth turning back

    struct Space {
        List<T*> buffers;  // the layers' outputs, [block][unit][row]; the first is the input
        Lines<T> input;
        List<Lines<T>> masks;
        List<Lines<T>> owned;
        List<T*> deltas;  // the gradient by each group's output
        Lines<T> rows;    // of the widest layer, [panel][row][unit]
        Lines<T> targets;
    };

public:
    Spans(const Plan& plan, const Layers<T>& layers, Samples<T>& samples)
        : plan_(plan), layers_(layers), samples_(samples) {}

    // Whether batches of so many rows are done so. It depends on the sizes alone, so that neither the number of threads
    // nor anything else about the machine changes a bit of the result.
    static bool suits(const Layers<T>& layers, index batch) {
        for (const Group<T>& g : layers.groups)
            if (!turns(g.kind) || g.groups > 1) return false;
        return batch >= SPAN && layers.length <= SMALL;
    }

    // Into how many spans a batch is cut: as many threads can be at work.
    static index spans(index rows) {
        index n = 1;
        while (2 * n <= MOST && rows >= 2 * n * SPAN) n *= 2;
        return n;
    }

    // For batches of up to so many rows. `again`: all steps have the same rows in the same order.
    void prepare(index batch, bool again, int threads) {
        while (spaces_.size() < threads) spaces_.push_back(make_space());
        if (batch > prepared_) gradients_ = Lines<T>(spans(batch) * layers_.length), prepared_ = batch;
        const index blocks = lines(batch, L), n = layers_.n_in;
        kept_ = again && blocks * n * L <= KEPT ? Lines<T>((blocks * n + L) * L) : Lines<T>();
        for (index k = 0; kept_ && k < blocks; ++k)
            read_block(spaces_[0], 0, lesser(L, batch - k * L), k * L, kept_ + k * n * L);
    }

    // Thread t's spans: the gradient of each. False if a loss is not finite.
    bool gradients(int t, int threads, const Batch<T>& batch, const T* packed, std::uint64_t seed) {
        Space& s = spaces_[t];
        bool finite = true;
        const index n = spans(batch.rows), blocks = lines(batch.rows, L);
        for (index span = n * t / threads; span < n * (t + 1) / threads; ++span) {
            const index begin = blocks * span / n, end = blocks * (span + 1) / n;
            const index chunks = lines(end - begin, CHUNK);
            for (index chunk = 0; chunk < chunks; ++chunk) {
                const index base = begin + (end - begin) * chunk / chunks;
                const index count = begin + (end - begin) * (chunk + 1) / chunks - base;
                const index rows = lesser(count * L, batch.rows - base * L);
                gather(s, batch, base, count, rows, seed);
                forward(s, packed, count);
                finite &= loss(s, batch, base * L, rows, count);
                backward(s, packed, count, base > begin, gradients_ + span * layers_.length);
            }
        }
        return finite;
    }

    // The sum of the spans' gradients of a piece.
    void sum_piece(const Batch<T>& batch, const Piece& piece, T* to) const {
        const index n = spans(batch.rows);
        for (index k = piece.begin; k < piece.begin + piece.lines * L; k += L, to += L) {
            const T* from = gradients_ + k;
            alignas(LINE) T sum[L];
            std::memcpy(sum, from, sizeof sum);
            for (index span = 1; span < n; ++span) add_line(from + span * layers_.length, sum);
            std::memcpy(to, sum, sizeof sum);
        }
    }

private:
    // Whether there are formulas for its turned rows.
    static bool turns(Kind kind) {
        switch (kind) {
            case Kind::Dense:
            case Kind::Softmax:
            case Kind::Dropout:
            case Kind::Activation: return true;
            case Kind::SparseDense:
            case Kind::Scale:
            case Kind::Piecewise:
            case Kind::LayerNorm:
            case Kind::BatchNorm: return false;
        }
        return false;
    }

    Space make_space() const {
        Space s;
        index widest = 0;
        for (index width : layers_.widths) {
            s.owned.push_back(Lines<T>((CHUNK * width + L) * L));  // dot_lines reads up to LANES lines too far
            s.buffers.push_back(static_cast<T*>(s.owned.back()));
            widest = greater(widest, lines(width, L) * L);
        }
        s.input = Lines<T>((CHUNK * layers_.n_in + L) * L);
        for (index width : layers_.masks) s.masks.push_back(Lines<T>(CHUNK * width * L));
        const int n = layers_.groups.size();
        for (int g = 0; g < n; ++g) s.deltas.push_back(nullptr);
        for (int g = n - 1; g >= 0; --g) {
            const Group<T>& group = layers_.groups[g];
            const bool shared = g + 1 < n && layers_.groups[g + 1].passes_on();
            if (!shared) s.owned.push_back(Lines<T>(CHUNK * group.n_out * L));
            s.deltas[g] = shared ? s.deltas[g + 1] : static_cast<T*>(s.owned.back());
        }
        s.rows = Lines<T>(CHUNK * widest * L), s.targets = Lines<T>(CHUNK * plan_.n_out * L);
        return s;
    }

    // Some rows, turned, into a block.
    void read_block(Space& s, index position, index rows, index r, T* block) const {
        const index n = layers_.n_in;
        for (index i = 0; i < L; ++i) {
            if (i < rows)
                samples_.read(position + r + i, s.rows + i * L, L * L);
            else
                for (index p = 0; p < n; p += L) zero(L, s.rows + p * L + i * L);
        }
        for (index p = 0; p < n; p += L) turn_block(s.rows + p * L, block + p * L, n - p);
    }

    void gather(Space& s, const Batch<T>& batch, index base, index blocks, index rows, std::uint64_t seed) const {
        const index n = layers_.n_in;
        s.buffers[0] = kept_ ? kept_ + base * n * L : s.input;
        for (index k = 0; !kept_ && k < blocks; ++k) {
            const index r = (base + k) * L, here = lesser(L, rows - k * L);
            read_block(s, batch.start, here, r, s.input + k * n * L);
            for (index i = 0; i < here; ++i) samples_.ask_for(batch.start + batch.rows + r + i);
        }
        if (s.masks.size())
            fill_masks(layers_, s.masks, seed, batch.step, batch.place + base * L, rows,
                       [](index r, index column, index width) { return (r / L * width + column) * L + r % L; });
    }

    void forward(Space& s, const T* packed, index blocks) const {
        for (int i = 0; i < layers_.before_loss; ++i) {
            const Group<T>& g = layers_.groups[i];
            const index n = blocks * g.n_out * L;
            if (g.kind == Kind::Dense) dense_forward(s, g, packed, blocks);
            if (g.kind == Kind::Softmax) {
                if (g.in != g.z) std::memcpy(s.buffers[g.z], s.buffers[g.in], std::size_t(n) * sizeof(T));
                softmax<T>(s.buffers[g.z], g.n_out, blocks);
            }
            for (const Op<T>& op : g.ops) op.forward(s, 0, n);
        }
    }

    static void dense_forward(Space& s, const Group<T>& g, const T* packed, index blocks) {
        for (index p = 0; p < g.panels(); ++p) {
            Product<T> product{packed + g.w + p * g.n_in * L,
                               L,
                               s.buffers[g.in],
                               L,
                               g.n_in * L,
                               s.buffers[g.z] + p * L * L,
                               g.n_out * L,
                               g.n_in,
                               Start::number,
                               packed + g.b + p * L};
            multiply_blocks<T, From::columns>(lesser(L, g.n_out - p * L), blocks * L, product);
        }
    }

    bool loss(Space& s, const Batch<T>& batch, index r, index rows, index blocks) {
        const Group<T>& last = layers_.groups.back();
        const bool with_softmax = layers_.softmax_with_loss();
        T *y = s.buffers[with_softmax ? last.in : last.out], *d = s.deltas[layers_.groups.size() - 1];
        return samples_.loss(batch, r, rows, {y, s.targets, d, blocks, with_softmax}, true);
    }

    // Of this chunk, into the span's gradient or, with `add`, on top of it.
    void backward(Space& s, const T* packed, index blocks, bool add, T* gradient) const {
        if (layers_.first_learning < 0) return;
        for (int i = layers_.before_loss - 1; i >= layers_.first_learning; --i) {
            const Group<T>& g = layers_.groups[i];
            T* delta = s.deltas[i];
            const index n = blocks * g.n_out * L;
            for (int k = g.ops.size() - 1 - skipped_ops(plan_, layers_, i); k >= 0; --k)
                g.ops[k].backward(s, 0, n, delta);
            if (g.kind == Kind::Softmax) softmax_back<T>(s.buffers[g.z], delta, g.n_out, blocks);
            if (g.kind == Kind::Dense) dense_backward(s, i, packed, blocks, add, gradient);
        }
    }

    void dense_backward(Space& s, int i, const T* packed, index blocks, bool add, T* gradient) const {
        const Group<T>& g = layers_.groups[i];
        const T* delta = s.deltas[i];
        if (g.n_out <= NARROW)
            narrow_gradient(s, g, delta, blocks, add, gradient);
        else
            wide_gradient(s, g, delta, blocks, add, gradient);
        if (i == layers_.first_learning) return;
        Product<T> inputs{packed + g.w, g.n_in * L, delta, L, g.n_out * L, s.deltas[i - 1], g.n_in * L, g.n_out};
        multiply_blocks<T, From::lines>(g.n_in, blocks * L, inputs);
    }

    void wide_gradient(Space& s, const Group<T>& g, const T* delta, index blocks, bool add, T* gradient) const {
        turn_back(delta, g.n_out, blocks, s.rows);
        Product<T> product{s.buffers[g.in],
                           g.n_in * L,
                           s.rows,
                           L,
                           CHUNK * L * L,
                           gradient + g.w,
                           g.n_in * L,
                           blocks * L,
                           add ? Start::c : Start::zero};
        multiply<T, From::lines>(g.n_in, g.n_out, product);
        for (index p = 0; p < g.panels(); ++p)
            sum_lines(s.rows + p * CHUNK * L * L, blocks * L, add, gradient + g.b + p * L);
    }

    // A line of products for each weight, summed up at the end, all rows of the chunk side by side.
    void narrow_gradient(Space& s, const Group<T>& g, const T* delta, index blocks, bool add, T* gradient) const {
        const T* x = s.buffers[g.in];
        alignas(LINE) T lines[L * L] = {}, turned[L * L], sum[L];
        for (index j = 0; j < g.n_out; ++j) {
            const auto finish = [&](index n, T* to) {
                turn_block(lines, turned);
                sum_lines(turned, L, false, sum);
                for (index i = 0; i < n; ++i) to[i * L + j] = add ? to[i * L + j] + sum[i] : sum[i];
            };
            for (index p = 0; p < g.n_in; p += L) {
                const index n = lesser(L, g.n_in - p);
                dot_lines(n, blocks, x + p * L, g.n_in * L, delta + j * L, g.n_out * L, lines);
                finish(n, gradient + g.w + p * L);
            }
            zero(L, lines);
            for (index b = 0; b < blocks; ++b) add_line(delta + (b * g.n_out + j) * L, lines);
            finish(1, gradient + g.b);
        }
    }

    // A line for each row again, in panels of units CHUNK blocks apart.
    static void turn_back(const T* delta, index n, index blocks, T* to) {
        alignas(LINE) T padded[L * L];
        for (index p = 0; p < n; p += L)
            for (index k = 0; k < blocks; ++k) {
                const T* from = delta + (k * n + p) * L;
                if (n - p < L) {
                    std::memcpy(padded, from, std::size_t((n - p) * L) * sizeof(T));
                    zero((L - (n - p)) * L, padded + (n - p) * L);
                    from = padded;
                }
                turn_block(from, to + (p * CHUNK + k * L) * L);
            }
    }

    const Plan& plan_;
    const Layers<T>& layers_;
    Samples<T>& samples_;
    List<Space> spaces_;  // of each thread
    Lines<T> gradients_;  // of each span
    Lines<T> kept_;       // all rows, turned, where every step has the same
    index prepared_ = 0;
};

}  // namespace LW_ISA
}  // namespace lw
