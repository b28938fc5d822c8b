// What the parameters learn in a step: a piece's gradient, the penalties', and its update.
//
// Pieces lie in lines, as the products want them, and are brought there when a run begins. W of a sparse first layer
// stays as it lies in theta (sparse.h): its chunks are counted after the pieces.
#pragma once

#include "sparse.h"

namespace lw {
namespace LW_ISA {

// Part of a vector in theta's order, that of its states beside it, in whole lines: f(theta, gradient, states, n,
// columns), where `columns` lanes of each line are parameters. What is left at the end goes through lines of its own.
template <class T, class F>
inline void in_lines(T* theta, T* gradient, const States<T>& states, index n, F f) {
    constexpr int L = LANES<T>;
    constexpr index MOST = index(L) * L;  // as update_in_part takes them
    const index whole = n / L * L, rest = n - whole;
    for (index i = 0; i < whole; i += MOST)
        f(theta + i, gradient + i, states.from(i), lesser(MOST, whole - i), index(L));
    if (!rest) return;
    constexpr int ALL = 2 + MOST_STATES;
    alignas(LINE) T own[ALL][L] = {};
    T* left[ALL] = {theta + whole, gradient + whole};
    States<T> own_states;
    for (int k = 0; k < MOST_STATES; ++k) {
        left[2 + k] = states.at[k] ? states.at[k] + whole : nullptr;
        if (left[2 + k]) own_states.at[k] = own[2 + k];
    }
    for (int k = 0; k < ALL; ++k)
        if (left[k]) std::memcpy(own[k], left[k], std::size_t(rest) * sizeof(T));
    f(own[0], own[1], own_states, index(L), rest);
    for (int k = 0; k < ALL; ++k)
        if (left[k]) std::memcpy(left[k], own[k], std::size_t(rest) * sizeof(T));
}

// WebAssembly has nothing like SubnormalsAreZero: what would be 0 elsewhere is made 0 here, in a gradient before the
// parameters learn from it, and in what they have become.
template <class T>
inline void clear_subnormals([[maybe_unused]] T* x, [[maybe_unused]] index n) {
#if defined(__wasm__)
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) x[i] *= absolute(x[i]) < format<T>::normal ? T(0) : T(1);
#endif
}

template <class T>
class Learning {
    static constexpr int L = LANES<T>;
    using Chunk = typename SparseGradient<T>::Chunk;

public:
    Learning(const Plan& plan, const Layers<T>& layers) : plan_(plan), layers_(layers), sparse_(layers) {
        for (index i = 0; i < parts(); ++i) penalized_ |= !part_of(i).terms.empty();
    }

    const T* packed() const { return packed_; }
    T* gradient(const Piece& piece) const { return gradient_ + piece.begin; }
    bool clips() const { return clips_; }
    bool gathers() const { return gathers_; }

    // `gradient`: where it is kept, in lines; null: in memory of its own.
    void begin(Run& run, index batch, int threads, T* gradient = nullptr) {
        run_ = &run, gathers_ = false;
        if (!gradient && !own_) own_ = Lines<T>(layers_.length);
        gradient_ = gradient ? gradient : own_;
        if (!packed_) {
            packed_ = Lines<T>(layers_.length);
            penalties_ = Lines<double>(parts()), squares_ = Lines<double>(parts());
            factors_ = Lines<T>(parts()), folds_ = Lines<bool>(parts());
        }
        follows_ = run.learn && run.optimizer.rule.compiled < 0;
        if (follows_) fixed_ = Lines<T>(threads * FIXED_LENGTH<T>);
        sparse_.prepare(batch, threads);
        set_factors();
        layers_.to_lines(static_cast<const T*>(run.theta), packed_);
        for (int i = 0; i < run.optimizer.rule.states; ++i) {
            if (!states_[i]) states_[i] = Lines<T>(layers_.length);
            layers_.to_lines(static_cast<const T*>(run.states[i]), states_[i]);
        }
    }

    // From now on the data gradients of a shard are kept there, in lines and of a sparse layer in theta's order, and
    // nothing learns from them; a batch norm's statistics, times `share` where there are two rows or more, lie in the
    // lines of the running means.
    void gather(T* gradient, T* of_theta, double share) {
        gradient_ = gradient, run_->grad = of_theta, gathers_ = true, share_ = T(share);
    }

    // From now on the parameters learn from the gradient that is there.
    void apply(T* gradient, T* of_theta) { gradient_ = gradient, run_->grad = of_theta, gathers_ = false; }

    // The gradient of the newest update, in theta's order.
    void show_gradient(void* grad) const {
        layers_.from_lines(gradient_, static_cast<T*>(grad));
        if (!sparse_.chunks()) return;
        const Group<T>& first = layers_.groups[0];
        std::memcpy(static_cast<T*>(grad) + first.theta_w, static_cast<T*>(run_->grad) + first.theta_w,
                    std::size_t(first.n_in * first.n_out) * sizeof(T));
    }

    void apply_piece(index number, const Batch<T>& batch, const Step<T>& step) {
        finish(number, gradient_ + layers_.pieces[number].begin, batch, step);
    }
    void apply_chunks(int t, int threads, const Batch<T>& batch, const Step<T>& step) {
        sparse_.for_chunks(t, threads, [&](const Chunk& chunk) {
            T* room = sparse_.room(t);
            zero(lines(chunk.length, L) * L, room);
            std::memcpy(room, in_theta(run_->grad, chunk), std::size_t(chunk.length) * sizeof(T));
            finish_chunk(chunk, room, clips_, batch, step);
        });
    }
    void apply_statistics() {
        for (const Group<T>& group : layers_.groups)
            for (index p = 0; group.kind == Kind::BatchNorm && p < group.panels(); ++p)
                for (int k = 2; k < 4 && !is_frozen(group); ++k) {
                    const index at = group.w + group.vector(k, p);
                    adapt(group.momentum, T(1), gradient_ + at, packed_ + at);
                }
    }

    // The optimizer's numbers for a step, which each thread has for itself.
    void begin_step(int t, index made, Step<T>& step) {
        const Optimizer& o = run_->optimizer;
        const double rate = run_->rates ? run_->rates[made] : o.learning_rate;
        LW_ISA::begin_step<T>(o, rate, o.iterations + made, follows_ ? fixed_ + t * FIXED_LENGTH<T> : nullptr, step);
    }

    void end() {
        if (run_->learn) {
            layers_.from_lines(packed_, static_cast<T*>(run_->theta));
            for (int i = 0; i < run_->optimizer.rule.states; ++i)
                layers_.from_lines(states_[i], static_cast<T*>(run_->states[i]));
        }
        if (run_->finite && gradient_ == own_) layers_.from_lines(gradient_, static_cast<T*>(run_->grad));
    }

    // The gradient of piece i of a panel, or of some side by side, and their update.
    template <int PANELS>
    void learn(const Group<T>& group, index panel, index i, const Space<T>& s, const T* deltas, const Batch<T>& batch,
               const Step<T>& step) {
        switch (group.kind) {
            case Kind::Dense:
            case Kind::SparseDense: return learn_dense<PANELS>(group, panel, i, s, deltas, batch, step);
            case Kind::BatchNorm:
                for (int q = 0; q < PANELS && i == 0; ++q) adapt_statistics(group, panel + q, s, batch.rows);
                break;
            case Kind::Scale:
            case Kind::LayerNorm: break;
            case Kind::Softmax:
            case Kind::Piecewise:
            case Kind::Dropout:
            case Kind::Activation: return;
        }
        for (int q = 0; q < PANELS; ++q) learn_vector(group, panel + q, i, s, deltas, batch, step);
    }

    // The same for a thread's chunks of a sparse first layer.
    void learn_sparse(int t, int threads, const Samples<T>& samples, const Space<T>& s, const Batch<T>& batch,
                      const Step<T>& step) {
        if (!sparse_.chunks()) return;
        const bool keep = batch.ending || clips_;
        const bool moves = step.rule && step.rule->moves_without_gradient;
        const bool dense = keep || moves || !plan_.layers[0].parts[0].terms.empty();
        sparse_.each(t, threads, samples, batch, s.deltas[0], s.stride, [&](const Chunk& chunk, T* gradient, bool any) {
            if (any || dense) finish_chunk(chunk, gradient, keep, batch, step);
        });
    }

    // A piece whose data gradient is known: the penalties', and its update, unless that must wait for the norm.
    void finish(index number, T* gradient, const Batch<T>& batch, const Step<T>& step) {
        if (gathers_) return;
        const Piece& piece = layers_.pieces[number];
        const index n = piece.lines * L;
        if (!part_of(number).terms.empty())
            penalties_[number] = penalize(number, batch, packed_ + piece.begin, gradient, n, piece.columns);
        if (factors_[number] == 0) zero(n, gradient);
        clear_subnormals(gradient, n);
        if (clips_)
            squares_[number] = sum_of_squares(gradient, n);
        else
            update_piece(number, gradient, step);
    }

    // What the gradient is multiplied by, so that it is no longer than it may be: all threads find the same.
    T clip_scale() const {
        double sum = 0;
        for (index i = 0; i < parts(); ++i) sum += squares_[i];
        const double length = __builtin_sqrt(sum);
        return length > run_->clip_norm ? T(run_->clip_norm / length) : T(1);
    }

    void update_clipped(T scale, index number, const Step<T>& step) {
        T* gradient = gradient_ + layers_.pieces[number].begin;
        if (scale != 1)
            for (index i = 0; i < layers_.pieces[number].lines * L; i += WIDTH<T>)
                store(gradient + i, scale * load(gradient + i));
        update_piece(number, gradient, step);
    }
    void update_clipped_chunks(int t, int threads, T scale, const Step<T>& step) {
        sparse_.for_chunks(t, threads, [&](const Chunk& chunk) {
            T* gradient = in_theta(run_->grad, chunk);
            for (index i = 0; i < chunk.length; ++i) gradient[i] *= scale;
            update_chunk(chunk, gradient, step);
        });
    }

    // The penalties' values, added up; 0 where there are none.
    double penalties() const {
        double total = 0;
        for (index i = 0; penalized_ && i < parts(); ++i) total += penalties_[i];
        return total;
    }

private:
    // Of a dense layer, W's or b's.
    template <int PANELS>
    void learn_dense(const Group<T>& group, index panel, index i, const Space<T>& s, const T* deltas,
                     const Batch<T>& batch, const Step<T>& step) {
        const index number = group.piece_at(panel, i);
        const Piece& piece = layers_.pieces[number];
        const T* dy = deltas + panel * s.stride;
        const index columns = lesser(group.n_out - panel * L, PANELS * L), next = group.terms() * L;
        const auto product = [&](T* c, index c_next) {
            const T* x = s.buffers[group.in] + (group.inputs_of(panel) + piece.input / L) * s.stride;
            return Product<T>{x, L, dy, L, s.stride, c, c_next, batch.rows};
        };
        if (folds_[number] && !batch.ending) {
            Product<T> p = product(packed_ + piece.begin, next);
            p.scale = step.scalars[step.rule->descent];
            return multiply<T, From::columns, End::subtract>(piece.lines, columns, p);
        }
        alignas(LINE) T room[PANELS * L * L];
        const bool keep = batch.ending || clips_;
        T* gradient = keep ? gradient_ + piece.begin : room;
        const index gradient_next = keep ? piece.input < 0 ? L : next : L * L;
        if (factors_[number] == 0) {
            for (int q = 0; q < PANELS; ++q) zero(piece.lines * L, gradient + q * gradient_next);
        } else if (piece.input < 0) {
            for (int q = 0; q < PANELS; ++q)
                sum_lines(dy + q * s.stride, batch.rows, false, gradient + q * gradient_next);
        } else {
            // What pads a line is not always written.
            if (!keep && columns < PANELS * L) zero(piece.lines * L, room + (PANELS - 1) * L * L);
            Product<T> p = product(gradient, gradient_next);
            multiply<T, From::columns>(piece.lines, columns, p);
        }
        for (int q = 0; q < PANELS; ++q)
            finish(number + q * group.pieces_a_panel(), gradient + q * gradient_next, batch, step);
    }

    // Vector k of a scale or a normalization, on one panel.
    void learn_vector(const Group<T>& group, index panel, index k, const Space<T>& s, const T* deltas,
                      const Batch<T>& batch, const Step<T>& step) {
        const index number = group.piece_at(panel, k), at = panel * s.stride;
        const Piece& piece = layers_.pieces[number];
        T* gradient = gradient_ + piece.begin;
        if (k == 0)
            sum_products(deltas + at, s.buffers[group.normal] + at, batch.rows, gradient);
        else
            sum_lines(deltas + at, batch.rows, false, gradient);
        finish(number, gradient, batch, step);
    }

    // How much of each step a piece makes, nothing where its layer is frozen; and which are updated within the product.
    void set_factors() {
        clips_ = run_->learn && run_->clip_norm > 0;
        const bool plain = run_->learn && run_->optimizer.rule.descent >= 0 && !clips_;
        for (index i = 0; i < parts(); ++i) {
            const bool frozen = run_->frozen && run_->frozen[layer_of(i)], is_piece = i < layers_.pieces.size();
            factors_[i] = !run_->learn ? T(1) : frozen ? T(0) : T(part_of(i).rate);
            folds_[i] =
                plain && is_piece && layers_.pieces[i].input >= 0 && factors_[i] == 1 && part_of(i).terms.empty();
        }
    }

    // Pieces, then chunks.
    index parts() const { return layers_.pieces.size() + sparse_.chunks(); }
    const Part& part_of(index number) const {
        if (number >= layers_.pieces.size()) return plan_.layers[0].parts[0];
        const Piece& piece = layers_.pieces[number];
        return plan_.layers[piece.layer].parts[piece.part];
    }
    index layer_of(index number) const {
        return number >= layers_.pieces.size() ? 0 : index(layers_.pieces[number].layer);
    }

    // The running means of a batch norm's panel; those of one row, and of a layer that is frozen, stay.
    void adapt_statistics(const Group<T>& group, index panel, const Space<T>& s, index rows) {
        const T *batch = s.kept[group.kept], unbiased = rows < 2 ? T(0) : T(rows) / T(rows - 1);
        if (gathers_) {
            const T share = rows < 2 ? T(0) : share_;
            T *mean = gradient_ + group.w + group.vector(2, panel), *var = gradient_ + group.w + group.vector(3, panel);
            for (int j = 0; j < L; ++j)
                mean[j] = share * batch[group.vector(0, panel) + j],
                var[j] = share * unbiased * batch[group.vector(1, panel) + j];
            return;
        }
        if (!run_->learn || rows < 2 || is_frozen(group)) return;
        adapt(group.momentum, T(1), batch + group.vector(0, panel), packed_ + group.w + group.vector(2, panel));
        adapt(group.momentum, unbiased, batch + group.vector(1, panel), packed_ + group.w + group.vector(3, panel));
    }

    bool is_frozen(const Group<T>& group) const {
        return run_->frozen && run_->frozen[layers_.pieces[group.first_piece].layer];
    }

    double penalize(index number, const Batch<T>& batch, const T* w, T* gradient, index n, index columns) const {
        const Part& part = part_of(number);
        const double share = double(batch.scale);
        double total = 0;
        for (const Term& term : part.terms) {
            const T factor = T(term.by_batch ? term.strength * share : term.strength);
            total += LW_ISA::penalize(plan_.penalties[std::size_t(term.penalty)], factor, w, gradient, n, columns);
        }
        return total;
    }

    void update_piece(index number, const T* gradient, const Step<T>& step) {
        const Piece& piece = layers_.pieces[number];
        T* theta = packed_ + piece.begin;
        const States<T> states = states_of(states_, piece.begin);
        update(number, step, theta, gradient, states, piece.lines * L);
        clear_subnormals(theta, piece.lines * L);
        for (int k = 0; step.rule && k < step.rule->states; ++k) clear_subnormals(states.at[k], piece.lines * L);
        if (step.leaves_zeros || piece.columns == L) return;
        clear_rest(piece, theta);
        for (int k = 0; k < step.rule->states; ++k) clear_rest(piece, states.at[k]);
    }
    void update(index number, const Step<T>& step, T* theta, const T* gradient, const States<T>& states,
                index n) const {
        if (factors_[number] == 1)
            LW_ISA::update(step, theta, gradient, states, n);
        else
            update_in_part(factors_[number], step, theta, gradient, states, n);
    }
    static void clear_rest(const Piece& piece, T* x) {
        for (index i = 0; i < piece.lines * L; i += L)
            for (index j = piece.columns; j < L; ++j) x[i + j] = 0;
    }
    template <class Vectors>
    static States<T> states_of(const Vectors& vectors, index begin) {
        States<T> states;
        for (int k = 0; k < MOST_STATES; ++k) states.at[k] = vectors[k] ? vectors[k] + begin : nullptr;
        return states;
    }

    // ------------------------------------------------------------ chunks

    T* in_theta(void* vector, const Chunk& chunk) const {
        return vector ? static_cast<T*>(vector) + layers_.groups[0].theta_w + chunk.begin : nullptr;
    }

    void finish_chunk(const Chunk& chunk, T* gradient, bool keep, const Batch<T>& batch, const Step<T>& step) {
        const index number = layers_.pieces.size() + chunk.number;
        if (gathers_) {
            std::memcpy(in_theta(run_->grad, chunk), gradient, std::size_t(chunk.length) * sizeof(T));
            return;
        }
        if (!part_of(number).terms.empty()) {
            double total = 0;
            in_lines<T>(in_theta(run_->theta, chunk), gradient, States<T>(), chunk.length,
                        [&](T* w, T* g, const States<T>&, index n, index columns) {
                            total += penalize(number, batch, w, g, n, columns);
                        });
            penalties_[number] = total;
        }
        if (factors_[number] == 0) zero(chunk.length, gradient);
        if (keep) std::memcpy(in_theta(run_->grad, chunk), gradient, std::size_t(chunk.length) * sizeof(T));
        if (clips_)
            squares_[number] = sum_of_squares(gradient, lines(chunk.length, L) * L);
        else
            update_chunk(chunk, gradient, step);
    }

    void update_chunk(const Chunk& chunk, T* gradient, const Step<T>& step) const {
        const index number = layers_.pieces.size() + chunk.number;
        States<T> states;
        for (int k = 0; k < MOST_STATES; ++k) states.at[k] = in_theta(run_->states[k], chunk);
        in_lines<T>(
            in_theta(run_->theta, chunk), gradient, states, chunk.length,
            [&](T* w, const T* g, const States<T>& own, index n, index) { update(number, step, w, g, own, n); });
    }

    const Plan& plan_;
    const Layers<T>& layers_;
    SparseGradient<T> sparse_;
    bool penalized_ = false, clips_ = false, follows_ = false, gathers_ = false;
    T share_ = 0;
    Run* run_ = nullptr;
    Lines<T> packed_, states_[MOST_STATES], own_;  // theta, the optimizer's states and grad, in lines
    T* gradient_ = nullptr;
    Lines<double> penalties_, squares_;  // of the parts: the penalties' values, and the squares of gradients
    Lines<T> fixed_;                     // of each thread: what the interpreter's step does not change
    Lines<T> factors_;                   // how much of each step they make
    Lines<bool> folds_;                  // whether it is subtracted from them as it is summed up, and not kept
};

}  // namespace LW_ISA
}  // namespace lw
