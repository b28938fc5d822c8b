// The executor: gather, forward, loss, backward, update, for many steps, on one or several threads.
//
// A step is done together (together.h) or by spans (spans.h), as the sizes alone decide, so that neither the number of
// threads nor anything else about the machine changes a bit of the result. In both, an element of a product is summed
// in the same order whoever computes it.
#include "augment.h"
#include "learning.h"
#include "outputs.h"
#include "shards.h"
#include "spans.h"
#include "tuner.h"

namespace lw {
namespace LW_ISA {

template <class T>
class Net final : public Engine {
    static constexpr int L = LANES<T>;
    static constexpr double PATIENCE = 0.1;  // seconds between two polls
    static constexpr double BRIEF =
        1 << 20;  // rows · parameters of a run, that is over before a second thread is awake

public:
    explicit Net(const Plan& plan)
        : plan_(plan), layers_(plan_, true), samples_(plan_), together_(plan_, layers_, samples_),
          spans_(plan_, layers_, samples_), outputs_(plan_, samples_), learning_(plan_, layers_), shard_sums_(layers_) {
    }

    void set_data(const Data& data) override { samples_.set(data); }

    void run(Run& run) override {
        run_ = &run;
        const index batch = lesser(run.batch, samples_.count());
        learning_.begin(run, batch, run.threads);
        prepare(batch, run.threads);
        bad_.store(false), ending_[0] = ending_[1] = false;
        run.made = 0, run.finite = true, stopped_ = false;
        const index wanted = run.epochs * (run.last - run.first);
        const bool brief = double(wanted) * double(batch) * double(layers_.length) < BRIEF;
        tuner_.limit(brief ? 1 : by_spans_ ? int(lesser(run.threads, Spans<T>::spans(batch))) : run.threads);
        next_poll_ = epoch_began_ = seconds();
        next_poll_ += PATIENCE;
        while (run.made < wanted && run.finite && !stopped_) {
            const double began = seconds();
            const index made = run.made;
            slice_ends_ = began + tuner_.duration(began);
            run_in_threads(
                tuner_.threads(), [](void* self, int t, int n) { static_cast<Net*>(self)->steps(t, n); }, this);
            const double now = seconds();
            tuner_.report(run.made - made, now - began, now);
        }
        learning_.end();
    }

    // ------------------------------------------------------------ a step in two halves

    std::ptrdiff_t shards_sums() const override { return layers_.length; }
    std::ptrdiff_t shards_length() const override {
        return layers_.length + Shards::SHARD_SUMS + (plan_.sparse() ? plan_.n_theta : 0);
    }

    int shards_cuts(std::ptrdiff_t shard_size, std::ptrdiff_t* cuts, int most) const override {
        if (plan_.sparse() || Spans<T>::suits(layers_, shard_size)) return 0;
        return shard_sums_.find_cuts(shards_length(), [&](auto f) { together_.for_done(f); }, cuts, most);
    }

    void begin_shards(Run& run) override {
        run_ = &run;
        const index batch = run.batch;  // not the rows that are here: each process must decide alike
        shard_sums_.begin(shards_length(), [&](auto f) { together_.for_done(f); });
        learning_.begin(run, batch, run.threads, shard_sums_.room());
        prepare(batch, run.threads);
        run.made = 0, run.finite = true, grad_ = run.grad;
        tuner_.limit(by_spans_ ? int(lesser(run.threads, Spans<T>::spans(batch))) : run.threads);
    }

    void shards(const Shards& job) override {
        job_ = &job;
        shard_sums_.run(job, run_->threads, [&](const std::int64_t* place, T* gradient) { gather(place, gradient); });
    }

    double update(const Shards& of_all) override {
        job_ = &of_all;
        learning_.apply(gradient_of(of_all), of_theta(gradient_of(of_all)));
        in_threads([](void* self, int t, int n) { static_cast<Net*>(self)->apply(t, n); });
        ++run_->made;
        return learning_.penalties();
    }

    void end_shards() override {
        if (run_->made) learning_.show_gradient(grad_);
        learning_.end();
    }

    void evaluate(const void* theta, void* outputs, Sums& sums, int threads) override {
        outputs_.run(static_cast<const T*>(theta), samples_.input(), samples_.count(), static_cast<T*>(outputs), true,
                     sums, threads);
    }

    bool outputs(const void* theta, const Input& X, std::ptrdiff_t n, void* outputs, int threads) override {
        Sums none;
        return outputs_.run(static_cast<const T*>(theta), X, n, static_cast<T*>(outputs), false, none, threads);
    }

private:
    void prepare(index batch, int threads) {
        samples_.make_room(batch), samples_.set_order(run_->order);
        by_spans_ = Spans<T>::suits(layers_, batch);
        if (by_spans_)
            spans_.prepare(batch, run_->epochs > 1 && !run_->order && batch == samples_.count(), threads);
        else
            together_.prepare(batch, threads, learning_.packed(), static_cast<const T*>(run_->theta));
    }

    // ------------------------------------------------------------ shards

    static T* gradient_of(const Shards& job) { return static_cast<T*>(job.gradient); }
    // What is kept in theta's order, of a sparse layer.
    T* of_theta(T* gradient) const { return plan_.sparse() ? gradient + layers_.length + Shards::SHARD_SUMS : nullptr; }

    void in_threads(void (*f)(void* self, int t, int n)) {
        const double began = seconds();
        run_in_threads(tuner_.threads(), f, this);
        const double now = seconds();
        tuner_.report(1, now - began, now);
    }

    // A shard's gradient, with its sums.
    void gather(const std::int64_t* place, T* gradient) {
        T* sums = gradient + layers_.length;
        zero(Shards::SHARD_SUMS, sums);
        const index rows = index(place[1]);
        if (!rows) return zero(shards_length(), gradient);
        learning_.gather(gradient, of_theta(gradient), job_->statistics);
        bad_.store(false), of_shard_ = Sums(), place_ = place;
        in_threads([](void* self, int t, int n) {
            const SubnormalsAreZero faster;
            Net& net = *static_cast<Net*>(self);
            const bool keep = true;
            const Batch<T> batch{index(net.place_[0]), index(net.place_[1]), net.job_->step, T(net.job_->scale), keep,
                                 index(net.place_[2])};
            if (net.by_spans_)
                net.step_by_spans(t, n, batch, Step<T>(), net.of_shard_);
            else
                net.step_together(t, n, batch, Step<T>(), net.of_shard_);
        });
        if (!bad_.load()) return;
        zero(shards_length(), gradient);
        sums[Shards::BAD] = 1;
    }

    void apply(int t, int threads) {
        const SubnormalsAreZero faster;
        Step<T> step;
        learning_.begin_step(t, run_->made, step);
        const bool keep = true;
        const Batch<T> batch{0, 0, job_->step, T(job_->scale), keep};
        const index n = layers_.pieces.size(), begin = n * t / threads, end = n * (t + 1) / threads;
        for (index i = begin; i < end; ++i) learning_.apply_piece(i, batch, step);
        learning_.apply_chunks(t, threads, batch, step);
        barrier_.wait(threads);
        if (learning_.clips()) {
            const T scale = learning_.clip_scale();
            for (index i = begin; i < end; ++i) learning_.update_clipped(scale, i, step);
            learning_.update_clipped_chunks(t, threads, scale, step);
        }
        if (t == 0 && job_->statistics != 0) learning_.apply_statistics();
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
            Step<T> update;
            if (run.learn) learning_.begin_step(t, made, update);
            const Batch<T> batch{start, rows, number, samples_.scale(start, rows), ending_[number & 1]};
            Sums& sums = run.sums[made / an_epoch];
            if (!(by_spans_ ? step_by_spans(t, threads, batch, update, sums)
                            : step_together(t, threads, batch, update, sums))) {
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
        if (learning_.gathers()) {
            T* shared = shard_sums_.newest() + layers_.length;
            shared[Shards::PLAIN] = T(of_batch.plain), shared[Shards::LOSS] = T(of_batch.loss);
            shared[Shards::RIGHT] = T(of_batch.right);
        }
        return true;
    }

    void sum_penalties(int t, const Batch<T>& batch, Sums& sums) {
        if (t == 0) sums.penalty += learning_.penalties() * double(batch.rows);
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
            lines = samples.input().starts ? 0 : ((to - from) * (bytes / LINE + 1) + calls - 1) / calls;
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
        if (!together_.forward(t, threads, batch, run_->seed, between, meet))
            bad_.store(true, std::memory_order_relaxed);
        meet();
        if (!scored(t, batch, sums)) return false;
        together_.backward(
            t, threads, batch,
            [&](int g, const Space<T>& s) {
                const Group<T>& group = layers_.groups[g];
                for_pieces(group, t, threads, [&](auto panels, index p, index i) {
                    constexpr int PANELS = decltype(panels)::value;
                    ahead.some();
                    learning_.template learn<PANELS>(group, p, i, s, s.deltas[g], batch, step);
                });
                if (group.kind == Kind::SparseDense) learning_.learn_sparse(t, threads, samples_, s, batch, step);
            },
            meet,
            [&](int g) {
                if (t == 0 && learning_.gathers()) shard_sums_.report(g);
            });
        meet();
        if (learning_.gathers()) return true;
        if (learning_.clips()) {
            const T scale = learning_.clip_scale();
            for (const Group<T>& group : layers_.groups)
                for_pieces(group, t, threads, [&](auto panels, index p, index i) {
                    for (int q = 0; q < decltype(panels)::value; ++q)
                        learning_.update_clipped(scale, group.piece_at(p + q, i), step);
                });
            learning_.update_clipped_chunks(t, threads, scale, step);
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
        group.in_groups(panels * t / threads, panels * (t + 1) / threads, panels, [&](index p, index end) {
            for (; p + ABREAST <= end; p += ABREAST)
                for (index i = 0; i < pieces; ++i) f(std::integral_constant<int, ABREAST>{}, p, i);
            for (; p < end; ++p)
                for (index i = 0; i < pieces; ++i) f(std::integral_constant<int, 1>{}, p, i);
        });
    }

    bool step_by_spans(int t, int threads, const Batch<T>& batch, const Step<T>& step, Sums& sums) {
        if (!spans_.gradients(t, threads, batch, learning_.packed(), run_->seed))
            bad_.store(true, std::memory_order_relaxed);
        barrier_.wait(threads);
        if (!scored(t, batch, sums)) return false;
        const index n = layers_.pieces.size(), begin = n * t / threads, end = n * (t + 1) / threads;
        for (index i = begin; i < end; ++i) {
            const Piece& piece = layers_.pieces[i];
            spans_.sum_piece(batch, piece, learning_.gradient(piece));
            learning_.finish(i, learning_.gradient(piece), batch, step);
        }
        barrier_.wait(threads);
        if (learning_.gathers()) return true;
        if (learning_.clips()) {
            const T scale = learning_.clip_scale();
            for (index i = begin; i < end; ++i) learning_.update_clipped(scale, i, step);
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
    Learning<T> learning_;
    bool by_spans_ = false;

    Run* run_ = nullptr;
    Barrier barrier_;
    std::atomic<bool> bad_{false};     // a loss was not finite
    bool ending_[2] = {false, false};  // this step is the last; the next has a place of its own
    bool stopped_ = false;             // by poll
    double next_poll_ = 0, epoch_began_ = 0, slice_ends_ = 0;
    Tuner tuner_;

    // Of a step in two halves.
    void* grad_ = nullptr;
    const Shards* job_ = nullptr;
    const std::int64_t* place_ = nullptr;
    Sums of_shard_;
    ShardSums<T> shard_sums_;
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
#if !defined(__wasm__)  // a page has float32 alone, and half as much to load
    if (wide) return new Net<double>(plan);
#endif
    (void)wide;
    return new Net<float>(plan);
}

void augment(const Augment& job) { Augmenter(job).run(); }

}  // namespace

const FunctionTable table{apply_function<float>, apply_function<double>, make, augment};

}  // namespace LW_ISA
}  // namespace lw
