// The executor: gather, forward, loss, backward, update, for many steps, on one or several threads.
//
// A step is done together (together.h) or by spans (spans.h), as the sizes alone decide, so that neither the number of
// threads nor anything else about the machine changes a bit of the result. In both, an element of a product is summed in
// the same order whoever computes it.
#include "augment.h"
#include "outputs.h"
#include "spans.h"
#include "tuner.h"

namespace lw {
namespace LW_ISA {

template <class T>
class Net final : public Engine {
    static constexpr int L = LANES<T>;
    static constexpr double PATIENCE = 0.1;  // seconds between two polls

public:
    explicit Net(const Plan& plan)
        : plan_(plan), layers_(plan_, true), samples_(plan_), together_(plan_, layers_, samples_),
          spans_(plan_, layers_, samples_), outputs_(plan_, samples_), packed_(layers_.length) {
        for (const Piece& piece : layers_.pieces) penalized_ |= part_of(piece).penalized();
    }

    void set_data(const Data& data) override { samples_.set(data); }

    void run(Run& run) override {
        run_ = &run;
        prepare(lesser(run.batch, samples_.count()), run.threads);
        set_factors();
        layers_.to_lines(static_cast<const T*>(run.theta), packed_);
        for (int i = 0; i < run.optimizer.states; ++i) {
            if (!states_[i]) states_[i] = Lines<T>(layers_.length);
            layers_.to_lines(static_cast<const T*>(run.states[i]), states_[i]);
        }
        bad_.store(false), ending_[0] = ending_[1] = false;
        run.made = 0, run.finite = true, stopped_ = false;
        tuner_.limit(by_spans_ ? int(lesser(run.threads, Spans<T>::spans(lesser(run.batch, samples_.count())))) : run.threads);
        next_poll_ = epoch_began_ = seconds();
        next_poll_ += PATIENCE;
        const index wanted = run.epochs * (run.last - run.first);
        while (run.made < wanted && run.finite && !stopped_) {
            const double began = seconds();
            const index made = run.made;
            slice_ends_ = began + tuner_.duration(began);
            run_in_threads(tuner_.threads(), [](void* self, int t, int n) { static_cast<Net*>(self)->steps(t, n); }, this);
            const double now = seconds();
            tuner_.report(run.made - made, now - began, now);
        }
        if (run.learn) {
            layers_.from_lines(packed_, static_cast<T*>(run.theta));
            for (int i = 0; i < run.optimizer.states; ++i)
                layers_.from_lines(states_[i], static_cast<T*>(run.states[i]));
        }
        if (run.finite) layers_.from_lines(gradient_, static_cast<T*>(run.grad));
    }

    void evaluate(const void* theta, void* outputs, Sums& sums, int threads) override {
        outputs_.run(static_cast<const T*>(theta), samples_.X(), samples_.element(), samples_.count(),
                     static_cast<T*>(outputs), true, sums, threads);
    }

    bool outputs(const void* theta, const void* X, Element element, std::ptrdiff_t n, void* outputs, int threads) override {
        Sums none;
        return outputs_.run(static_cast<const T*>(theta), X, element, n, static_cast<T*>(outputs), false, none, threads);
    }

private:
    void prepare(index batch, int threads) {
        samples_.make_room(batch), samples_.set_order(run_->order);
        by_spans_ = Spans<T>::suits(layers_, batch);
        if (by_spans_)
            spans_.prepare(batch, run_->epochs > 1 && !run_->order && batch == samples_.count(), threads);
        else
            together_.prepare(batch, threads, packed_);
        if (gradient_) return;
        const index n = layers_.pieces.size();
        gradient_ = Lines<T>(layers_.length);
        penalties_ = Lines<double>(n), squares_ = Lines<double>(n);
        factors_ = Lines<T>(n), folds_ = Lines<bool>(n);
    }

    // How much of each step a piece makes, nothing where its layer is frozen; and which are updated within the product.
    void set_factors() {
        clips_ = run_->learn && run_->clip_norm > 0;
        const Optimizer& o = run_->optimizer;
        const bool plain = run_->learn && o.kind == OptimizerKind::SGD && o.weight_decay == 0 && !clips_;
        for (index i = 0; i < layers_.pieces.size(); ++i) {
            const Piece& piece = layers_.pieces[i];
            const bool frozen = run_->frozen && run_->frozen[piece.layer];
            factors_[i] = !run_->learn ? T(1) : frozen ? T(0) : T(part_of(piece).rate);
            folds_[i] = plain && piece.input >= 0 && factors_[i] == 1 && !part_of(piece).penalized();
        }
    }

    // ------------------------------------------------------------ the loop

    // Steps from where the run has come to, until it is done or something else is due.
    void steps(int t, int threads) {
        const SubnormalsAreZero faster;
        Run& run = *run_;
        const index n = samples_.count(), full = lesser(run.batch, n), an_epoch = run.last - run.first;
        const index begin = run.made, end = run.epochs * an_epoch;
        for (index made = begin; made < end; ++made) {
            const std::int64_t number = run.step + made;
            const index start = (run.first + made % an_epoch) * full, rows = lesser(full, n - start);
            if (t == 0) ending_[number & 1] = made + 1 == end || due();
            const double rate = run.rates ? run.rates[made] : run.optimizer.learning_rate;
            const Step<T> update(run.learn ? run.optimizer : Optimizer{}, rate, run.optimizer.iterations + made);
            const Batch<T> batch{start, rows, number, samples_.scale(start, rows), ending_[number & 1]};
            Sums& sums = run.sums[made / an_epoch];
            if (!(by_spans_ ? step_by_spans(t, threads, batch, update, sums) : step_together(t, threads, batch, update, sums))) {
                if (t == 0) run.finite = false;
                return;
            }
            const bool ending = batch.ending;
            if (t == 0) count(made + 1, an_epoch);
            if (ending) return;
        }
    }

    void count(index made, index an_epoch) {
        run_->made = made;
        if (made % an_epoch && !stopped_) return;
        const double now = seconds();
        run_->sums[(made - 1) / an_epoch].seconds += now - epoch_began_;
        epoch_began_ = now;
    }

    // Whether the threads shall come back after this step.
    bool due() {
        const double now = seconds();
        if (run_->poll && now >= next_poll_) {
            stopped_ = run_->poll(run_->poll_context);
            next_poll_ = seconds() + PATIENCE;
        }
        return stopped_ || now >= slice_ends_;
    }

    // Whether the losses of all threads were finite; the first thread adds them up.
    bool scored(int t, const Batch<T>& batch, Sums& sums) {
        if (bad_.load(std::memory_order_relaxed)) return false;
        if (t > 0) return true;
        const Sums of_batch = samples_.sum(0, batch.rows);
        sums.add(of_batch);
        run_->newest = of_batch.plain / double(batch.rows);
        return true;
    }

    void sum_penalties(int t, const Batch<T>& batch, Sums& sums) {
        if (t > 0 || !penalized_) return;
        double total = 0;
        for (int i = 0; i < layers_.pieces.size(); ++i) total += penalties_[i];
        sums.penalty += total * double(batch.rows);
    }

    // ------------------------------------------------------------ a step

    // Asks for the rows of the next batch, a few lines at a time while there is other work: they come in random order,
    // which no prefetcher of the machine foresees, and all at once they would only queue.
    struct Ahead {
        const char* X;
        const std::int64_t *row, *end;
        index bytes, lines;
        const char *at = nullptr, *row_ends = nullptr;

        Ahead(const Samples<T>& samples, const Batch<T>& batch, index calls)
            : X(samples.X()), row(samples.order()), end(row), bytes(samples.row_bytes()) {
            const index from = batch.start + batch.rows, to = lesser(from + batch.rows, samples.count());
            if (row) row += from, end += to;
            lines = ((to - from) * (bytes / LINE + 1) + calls - 1) / calls;
        }
        void some() {
            for (index i = 0; i < lines; ++i, at += LINE) {
                if (at >= row_ends) {
                    if (row == end) return;
                    at = X + *row++ * bytes, row_ends = at + bytes;
                }
                __builtin_prefetch(at, 0, 2);
            }
        }
    };

    bool step_together(int t, int threads, const Batch<T>& batch, const Step<T>& step, Sums& sums) {
        const auto meet = [&] { barrier_.wait(threads); };
        Ahead ahead(samples_, batch, together_.calls(batch.rows) + layers_.pieces.size() / threads / ABREAST + 1);
        const auto between = [&] { ahead.some(); };
        if (!together_.forward(t, threads, batch, run_->seed, between, meet)) bad_.store(true, std::memory_order_relaxed);
        meet();
        if (!scored(t, batch, sums)) return false;
        together_.backward(t, threads, batch, [&](int g, const Space<T>& s) {
            const Group<T>& group = layers_.groups[g];
            for_pieces(group, t, threads, [&](auto panels, index p, index i) {
                constexpr int PANELS = decltype(panels)::value;
                ahead.some();
                if (group.dense) return learn<PANELS>(group, p, i, s, s.deltas[g], batch, step);
                for (int q = 0; q < PANELS; ++q) learn_vector(group, p + q, i, s, s.deltas[g], batch, step);
            });
        }, meet);
        meet();
        if (clips_) {
            const T scale = clip_scale();
            for (const Group<T>& group : layers_.groups)
                for_pieces(group, t, threads, [&](auto panels, index p, index i) {
                    for (int q = 0; q < decltype(panels)::value; ++q) update_clipped(scale, piece_at(group, p + q, i), step);
                });
            meet();
        }
        sum_penalties(t, batch, sums);
        return true;
    }

    // A thread's pieces of a group: f(panels, panel, i) for piece i of a panel, or of some side by side.
    template <class F>
    void for_pieces(const Group<T>& group, int t, int threads, F f) const {
        const index panels = group.learns() ? group.panels() : 0, pieces = group.pieces_a_panel();
        if (panels < threads) {
            for (index i = panels * pieces * t / threads; i < panels * pieces * (t + 1) / threads; ++i)
                f(std::integral_constant<int, 1>{}, i / pieces, i % pieces);
            return;
        }
        index p = panels * t / threads;
        const index end = panels * (t + 1) / threads;
        for (; p + ABREAST <= end; p += ABREAST)
            for (index i = 0; i < pieces; ++i) f(std::integral_constant<int, ABREAST>{}, p, i);
        for (; p < end; ++p)
            for (index i = 0; i < pieces; ++i) f(std::integral_constant<int, 1>{}, p, i);
    }

    static index piece_at(const Group<T>& group, index panel, index i) {
        return group.first_piece + panel * group.pieces_a_panel() + i;
    }

    // The gradient of piece i of a panel, or of some side by side, and their update.
    template <int PANELS>
    void learn(const Group<T>& group, index panel, index i, const Space<T>& s, const T* deltas, const Batch<T>& batch,
               const Step<T>& step) {
        const index number = piece_at(group, panel, i);
        const Piece& piece = layers_.pieces[number];
        const T* dy = deltas + panel * s.stride;
        const index columns = lesser(group.n_out - panel * L, PANELS * L), next = group.n_in * L;
        const auto product = [&](T* c, index c_next) {
            return Product<T>{s.buffers[group.in] + piece.input / L * s.stride, L, dy, L, s.stride, c, c_next, batch.rows};
        };
        if (folds_[number] && !batch.ending) {
            Product<T> p = product(packed_ + piece.begin, next);
            p.scale = step.rate;
            return multiply<T, From::columns, End::subtract>(piece.lines, columns, p);
        }
        alignas(LINE) T room[PANELS * L * L];
        const bool keep = batch.ending || clips_;
        T* gradient = keep ? gradient_ + piece.begin : room;
        const index gradient_next = keep ? piece.input < 0 ? L : next : L * L;
        if (factors_[number] == 0) {
            for (int q = 0; q < PANELS; ++q) zero(piece.lines * L, gradient + q * gradient_next);
        } else if (piece.input < 0) {
            for (int q = 0; q < PANELS; ++q) sum_lines(dy + q * s.stride, batch.rows, false, gradient + q * gradient_next);
        } else {
            // What pads a line is not always written.
            if (!keep && columns < PANELS * L) zero(piece.lines * L, room + (PANELS - 1) * L * L);
            Product<T> p = product(gradient, gradient_next);
            multiply<T, From::columns>(piece.lines, columns, p);
        }
        for (int q = 0; q < PANELS; ++q) finish(number + q * group.pieces_a_panel(), gradient + q * gradient_next, batch, step);
    }

    // The same for vector k of a scale or a normalization, on one panel.
    void learn_vector(const Group<T>& group, index panel, index k, const Space<T>& s, const T* deltas, const Batch<T>& batch,
                      const Step<T>& step) {
        const index number = piece_at(group, panel, k), at = panel * s.stride;
        const Piece& piece = layers_.pieces[number];
        T* gradient = gradient_ + piece.begin;
        if (k == 0)
            sum_products(deltas + at, s.buffers[group.normal] + at, batch.rows, gradient);
        else
            sum_lines(deltas + at, batch.rows, false, gradient);
        if (k == 0 && group.batch_norm) adapt_statistics(group, panel, piece.layer, s, batch.rows);
        finish(number, gradient, batch, step);
    }

    const Part& part_of(const Piece& piece) const { return plan_.layers[piece.layer].parts[piece.part]; }

    // The running means of a batch norm's panel; those of one row, and of a layer that is frozen, stay.
    void adapt_statistics(const Group<T>& group, index panel, index layer, const Space<T>& s, index rows) {
        if (!run_->learn || rows < 2 || (run_->frozen && run_->frozen[layer])) return;
        const T *batch = s.kept[group.kept], unbiased = T(rows) / T(rows - 1);
        adapt(group.momentum, T(1), batch + group.vector(0, panel), packed_ + group.w + group.vector(2, panel));
        adapt(group.momentum, unbiased, batch + group.vector(1, panel), packed_ + group.w + group.vector(3, panel));
    }

    // A piece whose data gradient is known: the penalties', and its update, unless that must wait for the gradient's length.
    void finish(index number, T* gradient, const Batch<T>& batch, const Step<T>& step) {
        const Piece& piece = layers_.pieces[number];
        const index n = piece.lines * L;
        const Part& part = part_of(piece);
        if (part.penalized()) {
            const double share = double(batch.scale);
            const T l1 = T(part.l1 + share * part.l1_batch), l2 = T(part.l2 + share * part.l2_batch);
            penalties_[number] = penalize(l1, l2, packed_ + piece.begin, gradient, n);
        }
        if (factors_[number] == 0) zero(n, gradient);
        if (clips_)
            squares_[number] = sum_of_squares(gradient, n);
        else
            update_piece(number, gradient, step);
    }

    void update_piece(index number, const T* gradient, const Step<T>& step) {
        const index at = layers_.pieces[number].begin, n = layers_.pieces[number].lines * L;
        T *s = states_[0] ? states_[0] + at : nullptr, *u = states_[1] ? states_[1] + at : nullptr;
        if (factors_[number] == 1)
            update(step, packed_ + at, gradient, s, u, n);
        else
            update_in_part(factors_[number], step, packed_ + at, gradient, s, u, n);
    }

    // What the gradient is multiplied by, so that it is no longer than it may be: all threads find the same.
    T clip_scale() const {
        double sum = 0;
        for (index i = 0; i < layers_.pieces.size(); ++i) sum += squares_[i];
        const double length = __builtin_sqrt(sum);
        return length > run_->clip_norm ? T(run_->clip_norm / length) : T(1);
    }

    void update_clipped(T scale, index number, const Step<T>& step) {
        T* gradient = gradient_ + layers_.pieces[number].begin;
        if (scale != 1)
            for (index i = 0; i < layers_.pieces[number].lines * L; i += WIDTH<T>) store(gradient + i, scale * load(gradient + i));
        update_piece(number, gradient, step);
    }

    bool step_by_spans(int t, int threads, const Batch<T>& batch, const Step<T>& step, Sums& sums) {
        if (!spans_.gradients(t, threads, batch, packed_, run_->seed)) bad_.store(true, std::memory_order_relaxed);
        barrier_.wait(threads);
        if (!scored(t, batch, sums)) return false;
        const index n = layers_.pieces.size(), begin = n * t / threads, end = n * (t + 1) / threads;
        for (index i = begin; i < end; ++i) {
            const Piece& piece = layers_.pieces[i];
            spans_.sum_piece(batch, piece, gradient_ + piece.begin);
            finish(i, gradient_ + piece.begin, batch, step);
        }
        barrier_.wait(threads);
        if (clips_) {
            const T scale = clip_scale();
            for (index i = begin; i < end; ++i) update_clipped(scale, i, step);
            barrier_.wait(threads);
        }
        sum_penalties(t, batch, sums);
        return true;
    }

    const Plan& plan_;
    const Layers<T> layers_;
    Samples<T> samples_;
    Together<T> together_;
    Spans<T> spans_;
    Outputs<T> outputs_;
    bool by_spans_ = false, penalized_ = false, clips_ = false;

    Run* run_ = nullptr;
    Lines<T> packed_, states_[2], gradient_;  // theta, the optimizer's states and grad, in lines
    Lines<double> penalties_, squares_;       // of the pieces: the penalties' values, and the squares of gradients
    Lines<T> factors_;                        // how much of each step they make
    Lines<bool> folds_;                       // whether it is subtracted from them as it is summed up, and not kept
    Barrier barrier_;
    std::atomic<bool> bad_{false};     // a loss was not finite
    bool ending_[2] = {false, false};  // this step is the last; the next has a place of its own
    bool stopped_ = false;             // by poll
    double next_poll_ = 0, epoch_began_ = 0, slice_ends_ = 0;
    Tuner tuner_;
};

namespace {

template <class T>
void apply_function(int which, const T* x, T* y, std::ptrdiff_t n) {
    switch (which) {
        case 0: return each(n, x, y, [](T x) { return exp(x); });
        case 1: return each(n, x, y, [](T x) { return expm1(x); });
        case 2: return each(n, x, y, [](T x) { return tanh(x); });
        case 3: return each(n, x, y, [](T x) { return log(x); });
        case 4: return each(n, x, y, [](T x) { return log1p_unit(x); });
    }
}

Engine* make(const Plan& plan, bool wide) {
    if (wide) return new Net<double>(plan);
    return new Net<float>(plan);
}

void augment(const Augment& job) { Augmenter(job).run(); }

}  // namespace

const FunctionTable table{apply_function<float>, apply_function<double>, make, augment};

}  // namespace LW_ISA
}  // namespace lw
