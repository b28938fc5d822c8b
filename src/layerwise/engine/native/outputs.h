// Forward only: the outputs for any number of rows, or their losses, in chunks that stay in the second cache.
#pragma once

#include "together.h"

namespace lw {
namespace LW_ISA {

template <class T>
class Outputs {
    static constexpr int L = LANES<T>;
    static constexpr index FEW = 8;  // rows for which putting the weights into lines would cost more than it saves
    // Weights that stay in the second cache meet few rows at once, so that the next ones come from memory meanwhile.
    static constexpr index STREAMED = 1 << 19;
    static constexpr index TILES_A_CHUNK[] = {2, 7};

public:
    Outputs(const Plan& plan, Samples<T>& samples) : plan_(plan), layers_(plan, false), samples_(samples) {}

    // The outputs (n, n_out) for rows of X, unless `outputs` is null, and, with `scored`, the sums of their losses and
    // right answers: the rows are then the samples. False if, not scored, a number of X is not finite.
    bool run(const T* theta, const Input& X, index n, T* outputs, bool scored, Sums& sums, int threads) {
        Job job{this, X, n, outputs, scored};
        // So many rows' losses are summed at once, whatever the number of threads.
        const index part = TILES_A_CHUNK[layers_.length * index(sizeof(T)) > STREAMED] * MOST_LINES<ABREAST * VECTORS>;
        job.chunk = plan_.sparse() ? sparse_chunk(n, part, threads) : part;
        // Rows that meet few panels are read as they lie: to put them into panels first would take longer.
        job.direct = samples_.as_they_are(X.element) && layers_.groups[0].kind == Kind::Dense &&
                     layers_.groups[0].groups == 1 && layers_.groups[0].panels() <= 2 * ABREAST;
        for (const Group<T>& g : layers_.groups) job.weights.push_back(weights_of(job, g, theta));
        const index chunks = lines(n, job.chunk);
        if (scored) samples_.make_room(n), samples_.set_order(nullptr);
        threads = int(lesser(threads, chunks));
        for (int t = 0; t < threads; ++t) {
            job.spaces.push_back(Space<T>(layers_, lesser(job.chunk, n), false));
            job.rooms.push_back(Lines<T>(working_room(layers_, false)));
        }
        run_in_threads(
            threads,
            [](void* job, int t, int) {
                Job& j = *static_cast<Job*>(job);
                j.self->chunks(j, t);
            },
            &job);
        if (scored)
            for (index begin = 0; begin < n; begin += part)
                sums.add(samples_.sum(begin, lesser(n, begin + part), true));
        return job.finite.load();
    }

private:
    struct Job {
        Outputs* self;
        const Input& input;
        index n;
        T* outputs;
        bool scored;
        index chunk = 0;
        bool direct = false;
        List<Weights<T>> weights{};
        List<Space<T>> spaces{};
        List<Lines<T>> rooms{}, packed{};
        std::atomic<bool> finite{true};
        std::atomic<index> next{0};
    };

    // Sparse rows that go through W together: as many as may, in chunks as equal as can be.
    index sparse_chunk(index n, index least, index threads) const {
        const index chunks = lines(lines(n, sparse_rows(layers_.groups[0])), threads) * threads;
        return greater(least, lines(n, chunks));
    }

    Weights<T> weights_of(Job& job, const Group<T>& g, const T* theta) const {
        const index biases = g.panels() * L;
        switch (g.kind) {
            case Kind::Dense: {
                // A line of W in theta may be read beyond its end: into the next, or, by the last, into the biases.
                if (job.n <= FEW && g.n_out >= L && g.theta_b == g.theta_w + g.terms() * g.n_out)
                    return {theta + g.theta_w, L, g.n_out, biases_in_theta(job, g, theta)};
                T *w = packed(job, (g.terms() + 1) * biases), *b = w + g.terms() * biases;
                layers_.to_lines(g, theta, w, b);
                return {w, g.terms() * L, L, b};
            }
            case Kind::SparseDense: {
                T* b = packed(job, biases);
                layers_.to_lines(g, theta, nullptr, b);
                return {theta + g.theta_w, L, g.n_out, b};
            }
            case Kind::Scale:
            case Kind::LayerNorm:
            case Kind::BatchNorm: {
                T* v = packed(job, g.vectors * biases);
                layers_.to_lines(g, theta, v, nullptr);
                if (g.kind == Kind::BatchNorm)
                    for (index j = 0; j < biases; ++j) v[j] /= square_root(v[g.vector(3, 0) + j] + g.epsilon);
                return {v, 0, 0, nullptr};
            }
            case Kind::Softmax:
            case Kind::Piecewise:
            case Kind::Dropout:
            case Kind::Activation: break;
        }
        return {};
    }

    // Whole lines of biases; those that nothing follows in theta are copied.
    const T* biases_in_theta(Job& job, const Group<T>& g, const T* theta) const {
        const T* b = theta + g.theta_b;
        if (g.theta_b + g.panels() * L <= plan_.n_theta) return b;
        T* copy = packed(job, g.panels() * L);
        std::memcpy(copy, b, std::size_t(g.n_out) * sizeof(T));
        return copy;
    }

    static T* packed(Job& job, index n) {
        job.packed.push_back(Lines<T>(n));
        return job.packed.back();
    }

    // Chunks one after the other, each by the thread that comes to it first.
    void chunks(Job& job, int t) {
        Space<T>& s = job.spaces[t];
        T* room = job.rooms[t];
        const bool ending = false;
        for (index begin = job.next++ * job.chunk, next; begin < job.n; begin = next) {
            next = job.next++ * job.chunk;
            const index rows = lesser(job.chunk, job.n - begin);
            if (!job.direct && !plan_.sparse())
                for (index r = 0; r < rows; ++r)
                    samples_.read(job.input.X, job.input.element, begin + r, s.buffers[0] + r * L, s.stride);
            const bool sums = layers_.groups[0].dense() && layers_.groups[0].groups == 1;
            if (!(sums ? first_sums(job, s, begin, rows, next) : job.scored || finite(job, begin, rows)))
                return job.finite.store(false);
            rows_forward(layers_, job.weights, s, room, sums ? 1 : 0, 0, rows);
            const Batch<T> batch{0, job.n, 0, T(0), ending};
            const index n = plan_.n_out;
            for_loss_blocks(layers_, s, room, 0, rows, [&](index r, index count, LossBlocks<T> block) {
                if (block.softmax) softmax(block.y, n), block.softmax = false;
                if (job.outputs)
                    for (index i = 0; i < count; ++i)
                        for (index j = 0; j < n; ++j) job.outputs[(begin + r + i) * n + j] = block.y[j * L + i];
                if (job.scored) samples_.loss(batch, begin + r, count, block, false);
            });
        }
    }

    // Rows through a first group of weighted sums; false where, not scored, a number in them is not finite.
    bool first_sums(const Job& job, Space<T>& s, index begin, index rows, index next) const {
        const Group<T>& group = layers_.groups[0];
        if (group.kind == Kind::SparseDense)
            sparse_forward(group, job.weights[0], job.input, s, 0, rows, [&](index r) { return begin + r; });
        else
            dense_product(job, s, begin, rows, next);
        // A number that is not finite makes each weighted sum of its row so: one of them tells.
        T sum = 0;
        const T* z = s.buffers[group.z];
        for (index r = 0; r < rows; ++r) sum += z[r * L] - z[r * L];
        for (index p = 0; p < group.panels(); ++p) ops_forward(group, s, p, 0, rows);
        return job.scored || sum == 0;
    }

    void dense_product(const Job& job, Space<T>& s, index begin, index rows, index next) const {
        const Group<T>& group = layers_.groups[0];
        Product<T> product = dense(group, job.weights[0], s, 0, 0);
        if (next + rows <= job.n) {
            const index bytes = plan_.n_in * element_size(job.input.element);
            product.ahead = static_cast<const char*>(job.input.X) + next * bytes;
            product.ahead_step =
                lesser(LINE, bytes / group.n_in * MOST_LINES<ABREAST * VECTORS> / lines(group.panels(), ABREAST));
        }
        if (job.direct) {
            product.a = static_cast<const T*>(job.input.X) + begin * plan_.n_in, product.a_step = plan_.n_in;
            multiply_blocks<T, From::matrix>(rows, group.n_out, product);
        } else {
            multiply_blocks<T, From::lines>(rows, group.n_out, product);
        }
    }

    bool finite(const Job& job, index begin, index rows) const {
        const auto all = [&](const auto* x) {
            auto sum = x[0] - x[0];  // NaN where x is NaN or infinite, else 0
            for (index i = 0; i < rows * plan_.n_in; ++i) sum += x[i] - x[i];
            return sum == 0;
        };
        if (job.input.element == Element::f32) return all(static_cast<const float*>(job.input.X) + begin * plan_.n_in);
        if (job.input.element == Element::f64) return all(static_cast<const double*>(job.input.X) + begin * plan_.n_in);
        return true;
    }

    const Plan& plan_;
    const Layers<T> layers_;
    Samples<T>& samples_;
};

}  // namespace LW_ISA
}  // namespace lw
