// The executor: gather, forward, loss, backward, update, for many steps, on one or several threads.
//
// A step is done in one of two ways, chosen by the sizes alone, so that neither the number of threads nor anything else
// about the machine changes a bit of the result:
//
//   together    All threads work on each layer, every one on panels of its own, and wait for each other between layers.
//               The last, narrow layers are done row by row, from the forward pass to the gradient, without waiting.
//   by spans    A large batch of a small network is cut into spans of rows. A thread takes a span from its first layer
//               to its gradients, in chunks that stay in the first caches; the spans' gradients are then summed in
//               order.
//
// In both, an element of a product is summed in the same order whoever computes it.
#include "network.h"
#include "optimizers.h"
#include "tuner.h"

namespace lw {
namespace LW_ISA {

// A share of n things for thread t of `threads`.
inline index share(index n, int t, int threads) { return n * t / threads; }

template <class T>
class Net final : public Engine {
    static constexpr int L = LANES<T>;
    static constexpr index SPAN = 32;            // rows of a span, at least
    static constexpr index MOST_SPANS = 64;
    static constexpr index CHUNK = 48;           // rows computed at once
    static constexpr index SMALL = 16384;        // parameters of a network that is worth cutting the batch for
    static constexpr double PATIENCE = 0.1;     // seconds between two polls

public:
    explicit Net(const Plan& plan)
        : plan_(plan), training_(plan_, true), predicting_(plan_, false), packed_(training_.length) {}

    void set_data(const Data& data) override {
        data_ = &data;
        const index columns = plan_.n_in;
        if (!data.factor.empty()) {
            factor_ = Lines<T>(columns), factor_wide_ = Lines<double>(columns);
            for (index k = 0; k < columns; ++k) factor_wide_[k] = data.factor[std::size_t(k)], factor_[k] = T(factor_wide_[k]);
        }
        if (!data.offset.empty()) {
            offset_ = Lines<T>(columns), offset_wide_ = Lines<double>(columns);
            for (index k = 0; k < columns; ++k) offset_wide_[k] = data.offset[std::size_t(k)], offset_[k] = T(offset_wide_[k]);
        }
        if (data.table) {
            table_ = Lines<T>(data.classes * plan_.n_out);
            for (index c = 0; c < data.classes; ++c)
                for (index j = 0; j < plan_.n_out; ++j)
                    table_[c * plan_.n_out + j] = static_cast<const T*>(data.table)[c * plan_.n_out + j];
        }
        one_hot_ = data.table && plan_.n_out > 1;
        for (index c = 0; c < data.classes && one_hot_; ++c) {
            index ones = 0, zeros = 0;
            for (index j = 0; j < plan_.n_out; ++j) ones += table_[c * plan_.n_out + j] == 1, zeros += table_[c * plan_.n_out + j] == 0;
            one_hot_ = ones == 1 && zeros == plan_.n_out - 1;
        }
    }

    void run(Run& run) override {
        run_ = &run;
        prepare(lesser(run.batch, data_->n), run.threads);
        training_.to_lines(static_cast<const T*>(run.theta), packed_);
        for (int i = 0; i < run.optimizer.states; ++i) {
            if (!states_[i]) states_[i] = Lines<T>(training_.length);
            training_.to_lines(static_cast<const T*>(run.states[i]), states_[i]);
        }
        bad_.store(false), ending_[0] = ending_[1] = false;
        run.made = 0, run.finite = true, stopped_ = false;
        tuner_.limit(run.threads);
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
            training_.from_lines(packed_, static_cast<T*>(run.theta));
            for (int i = 0; i < run.optimizer.states; ++i)
                training_.from_lines(states_[i], static_cast<T*>(run.states[i]));
        }
        if (run.finite) training_.from_lines(gradient_, static_cast<T*>(run.grad));
    }

    void evaluate(const void* theta, void* outputs, Sums& sums, int threads) override {
        Forward job{this, data_->X, data_->element, data_->n, static_cast<T*>(outputs), true};
        forward(job, static_cast<const T*>(theta), threads);
        for (const Sums& part : job.parts) {
            sums.loss += part.loss, sums.weight += part.weight;
            sums.right += part.right, sums.samples += part.samples;
        }
    }

    bool outputs(const void* theta, const void* X, Element element, std::ptrdiff_t n, void* outputs, int threads) override {
        Forward job{this, X, element, n, static_cast<T*>(outputs), false};
        forward(job, static_cast<const T*>(theta), threads);
        return job.finite.load();
    }

private:
    const Plan& plan_;
    const Layers<T> training_, predicting_;
    const Data* data_ = nullptr;
    Lines<T> factor_, offset_, table_;
    bool one_hot_ = false;
    Lines<double> factor_wide_, offset_wide_;

    Run* run_ = nullptr;
    Lines<T> packed_, states_[2], gradient_;  // theta, the optimizer's states and grad, in lines
    List<Space<T>> spaces_;                   // the first is shared; by spans each thread has one
    index capacity_ = 0, prepared_ = 0;
    List<Lines<T>> transposed_, scratch_;  // of each thread: W transposed, and a few rows turned
    Lines<T> span_gradients_;       // a gradient a span
    Lines<T> losses_, right_;       // of the rows of a batch
    Lines<double> penalties_;       // of the pieces
    index transposed_length_ = 0;
    Barrier barrier_;
    std::atomic<bool> bad_{false};  // a loss was not finite
    bool ending_[2] = {false, false};  // this step is the last; the next has a place of its own
    bool stopped_ = false;             // by poll
    double next_poll_ = 0, epoch_began_ = 0, slice_ends_ = 0;
    Tuner tuner_;

    // ------------------------------------------------------------ memory

    bool by_spans(index rows) const { return spans(rows) > 1 && training_.length <= SMALL; }

    index spans(index rows) const {
        index n = 1;
        while (2 * n <= MOST_SPANS && rows >= 2 * n * SPAN) n *= 2;
        return n;
    }

    void prepare(index batch, int threads) {
        const bool cut = by_spans(batch);
        // The last batch of an epoch may be shorter, and too short to be cut.
        const index capacity = cut ? greater(CHUNK, 2 * SPAN) : batch;
        const int wanted = cut ? threads : 1;
        if (capacity != capacity_) spaces_ = List<Space<T>>();
        capacity_ = capacity;
        while (spaces_.size() < wanted) spaces_.push_back(Space<T>(training_, capacity, true));
        if (!gradient_) gradient_ = Lines<T>(training_.length), penalties_ = Lines<double>(training_.pieces.size());
        if (!transposed_length_)
            for (const Group<T>& g : training_.groups)
                if (g.dense) transposed_length_ += g.panels_in() * g.n_out * L;
        while (transposed_.size() < threads) transposed_.push_back(Lines<T>(transposed_length_));
        while (scratch_.size() < threads) scratch_.push_back(Lines<T>(3 * widest() * L));
        if (batch <= prepared_) return;
        if (cut) span_gradients_ = Lines<T>(spans(batch) * training_.length);
        losses_ = Lines<T>(batch), right_ = Lines<T>(batch);
        prepared_ = batch;
    }

    // Of the softmaxes and the outputs: rows of these are turned.
    index widest() const {
        index n = plan_.n_out;
        for (const Group<T>& g : training_.groups)
            if (g.softmax) n = greater(n, g.n_out);
        return n;
    }

    // ------------------------------------------------------------ the loop

    // Steps from where the run has come to, until it is done or something else is due.
    void steps(int t, int threads) {
        const SubnormalsAreZero faster;
        Run& run = *run_;
        const index full = lesser(run.batch, data_->n), an_epoch = run.last - run.first;
        const index begin = run.made, end = run.epochs * an_epoch;
        for (index made = begin; made < end; ++made) {
            const std::int64_t step = run.step + made;
            const index start = (run.first + made % an_epoch) * full, rows = lesser(full, data_->n - start);
            if (t == 0) ending_[step & 1] = made + 1 == end || due();
            const Step<T> update(run.learn ? run.optimizer : Optimizer{}, run.optimizer.iterations + made);
            const Batch batch{start, rows, step, scale(start, rows), run.sums + made / an_epoch, ending_[step & 1]};
            if (!(by_spans(rows) ? step_by_spans(t, threads, batch, update) : step_together(t, threads, batch, update))) {
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

    struct Batch {
        index start, rows;
        std::int64_t step;
        T scale;  // of the gradient: 1 / rows, or 1 / the sum of their weights
        Sums* sums;
        const bool& ending;  // the first thread says so before the first barrier
    };

    index row_at(index position) const { return run_->order ? index(run_->order[position]) : position; }
    T weight(index row) const { return data_->weights ? static_cast<const T*>(data_->weights)[row] : T(1); }

    T scale(index start, index rows) const {
        if (!data_->weights) return 1 / T(rows);
        double total = 0;
        for (index r = 0; r < rows; ++r) total += double(weight(row_at(start + r)));
        return total > 0 ? T(1 / total) : T(0);
    }

    // ------------------------------------------------------------ rows in, losses out

    void read(const void* X, Element element, index row, T* to, index stride) const {
        const bool wide = factor_ && element_size(element) > 2 && element != (sizeof(T) == 4 ? Element::f32 : Element::f64);
        if (wide)
            read_row_of<T, double>(element, X, row, plan_.n_in, offset_wide_, factor_wide_, to, stride);
        else
            read_row_of<T, T>(element, X, row, plan_.n_in, offset_, factor_, to, stride);
    }

    bool finite(const void* X, Element element, index row, index rows) const {
        const index n = rows * plan_.n_in;
        auto all = [&](const auto* x) {
            auto zero = x[0] - x[0];  // NaN where x is NaN or infinite, else 0
            decltype(zero) sums[16] = {zero};
            index i = 0;
            for (; i + 16 <= n; i += 16)
                for (int j = 0; j < 16; ++j) sums[j] += x[i + j] - x[i + j];
            for (; i < n; ++i) sums[0] += x[i] - x[i];
            for (int j = 1; j < 16; ++j) sums[0] += sums[j];
            return sums[0] == 0;
        };
        if (element == Element::f32) return all(static_cast<const float*>(X) + row * plan_.n_in);
        if (element == Element::f64) return all(static_cast<const double*>(X) + row * plan_.n_in);
        return true;
    }

    // Rows r0 ... r1 - 1 of the space, which begins with row `base` of the batch.
    void gather(Space<T>& s, const Batch& batch, index base, index r0, index r1) const {
        for (index r = r0; r < r1; ++r) {
            const index position = batch.start + base + r;
            read(data_->X, data_->element, row_at(position), s.buffers[0] + r * L, s.stride);
        }
        if (training_.masks.size()) fill_masks(training_, s, run_->seed, batch.step, base, r0, r1);
    }

    // The targets of some rows of the batch, turned.
    void turn_targets(const Batch& batch, index r, index rows, T* t) const {
        const index n = plan_.n_out;
        for (index i = 0; i < rows; ++i) {
            const index row = row_at(batch.start + r + i);
            const T* from = data_->table ? table_ + data_->labels[std::size_t(row)] * n
                                         : static_cast<const T*>(data_->dense) + row * n;
            for (index j = 0; j < n; ++j) t[j * L + i] = from[j];
        }
    }

    // Whether the answers of some rows of the batch are right, or the share of them that is; d is room to work in.
    void score(const Batch& batch, index r, index rows, const T* y, const T* t, T* d, T* out) const {
        if (data_->answers == Answers::none) return;
        if (data_->answers == Answers::share) return shares(y, t, plan_.n_out, d, out);
        T said[L], right[L] = {};
        greatest(y, plan_.n_out, said);
        if (data_->answers == Answers::greatest)
            greatest(t, plan_.n_out, right);
        else
            for (index i = 0; i < rows; ++i) right[i] = T(data_->labels[std::size_t(row_at(batch.start + r + i))]);
        for (int i = 0; i < L; ++i) out[i] = said[i] == right[i] ? T(1) : T(0);
    }

    // Losses and scores of rows r0 ... r1 - 1, and the gradient by the last group's output, or by its input where the
    // loss is fused with it. A softmax at the end is done here: `y` is its input, and its output is needed here alone,
    // but for `outputs`, where they go row by row if it is given.
    void loss_rows(const Layers<T>& layers, Space<T>& s, T* scratch, const Batch& batch, index base, index r0, index r1,
                   bool learn, T* outputs, bool scored = true) {
        const int last = layers.groups.size() - 1;
        const index n = plan_.n_out;
        const bool softmax_here = ends_with_softmax(layers);
        const T* out = s.buffers[softmax_here ? layers.groups[last].in : layers.groups[last].out];
        T *y = scratch, *t = y + n * L, *d = t + n * L;
        bool finite = true;
        for_blocks<T>(r0, r1, [&](index r, index rows) {
            turn(out + r * L, s.stride, rows, n, y);
            if (softmax_here) softmax(y, n);
            if (outputs)
                for (index i = 0; i < rows; ++i)
                    for (index j = 0; j < n; ++j) outputs[(r + i) * n + j] = y[j * L + i];
            if (!scored) return;
            turn_targets(batch, base + r, rows, t);
            T lines[2][L] = {}, weights[L] = {};
            losses(plan_.loss, one_hot_, y, t, n, d, lines[0]);
            score(batch, base + r, rows, y, t, d, lines[1]);
            for (index i = 0; i < rows; ++i) {
                finite &= lines[0][i] - lines[0][i] == 0;
                losses_[base + r + i] = lines[0][i], right_[base + r + i] = lines[1][i];
                weights[i] = batch.scale * weight(row_at(batch.start + base + r + i));
            }
            if (!learn) return;
            losses_back(plan_.loss, y, t, n, weights, d);
            if (softmax_here && !plan_.loss.fused) softmax_back(y, d, n);
            turn_back(d, rows, n, s.deltas[last] + r * L, s.stride);
        });
        if (!finite) bad_.store(true, std::memory_order_relaxed);
    }

    static bool ends_with_softmax(const Layers<T>& layers) {
        const Group<T>& last = layers.groups[layers.groups.size() - 1];
        return last.softmax && last.ops.size() == 1;
    }

    // How many of a group's ops go backward with the loss.
    int skip(int g) const {
        return g == training_.groups.size() - 1 && (plan_.loss.fused || ends_with_softmax(training_)) ? 1 : 0;
    }

    // The sums over a batch, in the order of its rows.
    void sum_up(const Batch& batch) {
        constexpr int PARTS = 8;
        double loss[PARTS] = {}, weights[PARTS] = {}, right[PARTS] = {}, plain[PARTS] = {};
        const bool weighted = data_->weights, scored = data_->answers != Answers::none;
        for (index r = 0; r < batch.rows; ++r) {
            const int part = r % PARTS;
            const double value = double(losses_[r]), w = weighted ? double(weight(row_at(batch.start + r))) : 1.0;
            loss[part] += value * w, weights[part] += w, plain[part] += value;
            if (scored) right[part] += double(right_[r]);
        }
        double newest = 0;
        for (int part = 0; part < PARTS; ++part) {
            batch.sums->loss += loss[part], batch.sums->weight += weights[part], batch.sums->right += right[part];
            newest += plain[part];
        }
        batch.sums->samples += batch.rows;
        run_->newest = newest / double(batch.rows);
    }

    // Some rows through groups first ..., but for a softmax at the end.
    void rows_forward(Space<T>& s, T* scratch, int first, index r0, index r1) const {
        const int end = training_.groups.size() - (ends_with_softmax(training_) ? 1 : 0);
        for (int g = first; g < end; ++g)
            group_forward(training_.groups[g], training_.weights(training_.groups[g], packed_), s, scratch, r0, r1);
    }

    // From the outputs of rows back to the gradient by the input of group `first`'s product, or, where group `first`
    // is the first to learn, to that by its output.
    void back_rows(Space<T>& s, T* scratch, const T* transposed, int first, index r0, index r1) {
        const int groups = training_.groups.size();
        for (int g = groups - 1; g >= first; --g) {
            const Group<T>& group = training_.groups[g];
            group_backward(group, s, scratch, s.deltas[g], skip(g), r0, r1);
            if (g == training_.first_learning) return;
            if (!group.dense) continue;
            for (index p = 0; p < group.panels_in(); ++p)
                dense_backward(group, transposed + transposed_at(g) + p * group.n_out * L, s, s.deltas[g], s.deltas[g - 1], p,
                               r0, r1);
        }
    }

    index transposed_at(int g) const {
        index at = 0;
        for (int i = 0; i < g; ++i)
            if (training_.groups[i].dense) at += training_.groups[i].panels_in() * training_.groups[i].n_out * L;
        return at;
    }

    void transpose_panel(int g, index panel, T* to) const {
        const Group<T>& group = training_.groups[g];
        transpose(packed_ + group.w + panel * L * L, group.n_in * L, lesser(L, group.n_in - panel * L), group.n_out, to);
    }

    // W transposed, of groups first ... for this thread.
    void transpose_groups(int first, T* to) const {
        for (int g = first; g < training_.groups.size(); ++g)
            if (training_.groups[g].dense && g > training_.first_learning)
                for (index p = 0; p < training_.groups[g].panels_in(); ++p)
                    transpose_panel(g, p, to + transposed_at(g) + p * training_.groups[g].n_out * L);
    }

    // ------------------------------------------------------------ a step, together

    // Asks for the rows of the next batch, a few lines at a time while there is other work: they come in random order,
    // which no prefetcher of the machine foresees, and all at once they would only queue.
    struct Ahead {
        const char* X;
        const std::int64_t* order;
        index row, end, bytes, at = 0, lines;

        Ahead(const Net& net, const Batch& batch, index r0, index r1, index calls)
            : X(static_cast<const char*>(net.data_->X)), order(net.run_->order), row(batch.start + batch.rows + r0),
              end(lesser(batch.start + batch.rows + r1, net.data_->n)),
              bytes(net.plan_.n_in * element_size(net.data_->element)) {
            lines = ((r1 - r0) * (bytes / LINE + 1) + calls - 1) / calls;
            if (!order) row = end;
        }
        void some() {
            for (index i = 0; i < lines && row < end; ++i) {
                __builtin_prefetch(X + order[row] * bytes + at, 0, 2);
                if ((at += LINE) >= bytes) at = 0, ++row;
            }
        }
    };

    // The groups from which on rows are done one by one: a last dense layer of one panel, and what follows it.
    int first_by_rows() const {
        int g = training_.groups.size() - 1;
        while (g > 0 && !training_.groups[g].dense) --g;
        return training_.groups[g].dense && training_.groups[g].panels() > 1 ? g + 1 : g;
    }

    bool step_together(int t, int threads, const Batch& batch, const Step<T>& step) {
        Space<T>& s = spaces_[0];
        T *transposed = transposed_[t], *scratch = scratch_[t];
        const index r0 = share(batch.rows, t, threads), r1 = share(batch.rows, t + 1, threads);
        const int tail = first_by_rows(), first = training_.first_learning;
        gather(s, batch, 0, r0, r1);
        Ahead ahead(*this, batch, r0, r1, training_.pieces.size() / threads + 1);
        barrier_.wait(threads);
        for (int g = 0; g < tail; ++g) {
            const Group<T>& group = training_.groups[g];
            const Weights<T> weights = training_.weights(group, packed_);
            if (group.dense)
                for_units(group.panels(), batch.rows, t, threads, [&](index p0, index p1, index a, index b) {
                    dense_forward(group, weights, s, p0, p1, a, b);
                });
            else
                group_forward(group, weights, s, scratch, r0, r1);
            barrier_.wait(threads);
        }
        rows_forward(s, scratch, tail, r0, r1);
        loss_rows(training_, s, scratch, batch, 0, r0, r1, true, nullptr);
        transpose_groups(tail, transposed);
        back_rows(s, scratch, transposed, tail, r0, r1);
        int g = tail - 1;
        if (g >= first && g >= 0) group_backward(training_.groups[g], s, scratch, s.deltas[g], skip(g), r0, r1);
        barrier_.wait(threads);
        if (bad_.load(std::memory_order_relaxed)) return false;
        if (t == 0) sum_up(batch);
        int pending = training_.groups.size() - 1;  // groups above g whose gradient is still to be had
        for (; g > first; --g) {
            const Group<T>& group = training_.groups[g];
            if (group.dense)
                for_units(group.panels_in(), batch.rows, t, threads, [&](index p0, index p1, index a, index b) {
                    for (index p = p0; p < p1; ++p) {
                        transpose_panel(g, p, transposed);
                        dense_backward(group, transposed, s, s.deltas[g], s.deltas[g - 1], p, a, b);
                        if (!training_.groups[g - 1].softmax)
                            ops_backward(training_.groups[g - 1], s, s.deltas[g - 1], 0, p, a, b);
                    }
                });
            for (; pending > g; --pending) learn(pending, s, t, threads, batch, step, ahead);
            barrier_.wait(threads);
            if (training_.groups[g - 1].softmax || !group.dense) {
                group_backward(training_.groups[g - 1], s, scratch, s.deltas[g - 1], 0, r0, r1);
                barrier_.wait(threads);
            }
        }
        for (; pending >= first && pending >= 0; --pending) learn(pending, s, t, threads, batch, step, ahead);
        barrier_.wait(threads);
        if (t == 0) sum_penalties(batch);
        return true;
    }

    // Panels times rows, shared out panel by panel; a panel that two threads share is cut between its rows.
    template <class F>
    static void for_units(index panels, index rows, int t, int threads, F f) {
        const index begin = share(panels * rows, t, threads), end = share(panels * rows, t + 1, threads);
        index p = begin / rows;
        if (p == end / rows) return f(p, p + 1, begin % rows, end % rows);
        if (begin % rows) f(p, p + 1, begin % rows, rows), ++p;
        if (p < end / rows) f(p, end / rows, 0, rows);
        if (end % rows) f(end / rows, end / rows + 1, 0, end % rows);
    }

    // The gradient of a group's parameters, and their update.
    void learn(int g, Space<T>& s, int t, int threads, const Batch& batch, const Step<T>& step, Ahead& ahead) {
        const Group<T>& group = training_.groups[g];
        if (!group.dense) return;
        const int n = group.last_piece - group.first_piece;
        T scratch[L * L] __attribute__((aligned(LINE)));
        for (int i = group.first_piece + int(share(n, t, threads)); i < group.first_piece + int(share(n, t + 1, threads)); ++i) {
            const Piece& piece = training_.pieces[i];
            const bool penalized = piece.l1 || piece.l2;
            ahead.some();
            if (step.kind == OptimizerKind::SGD && !batch.ending && !penalized && piece.input >= 0) {
                columns_product<T, Start::zero, End::subtract>(
                    piece.count / L, batch.rows, s.buffers[group.in] + piece.input / L * s.stride,
                    s.deltas[g] + piece.panel * s.stride, packed_ + piece.begin, step.rate, group.n_out - piece.panel * L);
                continue;
            }
            T* gradient = batch.ending ? gradient_ + piece.begin : scratch;
            if (!batch.ending && group.n_out - piece.panel * L < L)
                for (index k = 0; k < piece.count; ++k) scratch[k] = 0;
            piece_gradient(group, piece, s, s.deltas[g], batch.rows, false, gradient);
            apply(i, gradient, step);
        }
    }

    // Add the penalty's gradient, and update the piece.
    void apply(int i, T* gradient, const Step<T>& step) {
        const Piece& piece = training_.pieces[i];
        if (piece.l1 || piece.l2)
            penalties_[i] = penalize(T(piece.l1), T(piece.l2), packed_ + piece.begin, gradient, piece.count);
        update(step, packed_ + piece.begin, gradient, at(states_[0], piece), at(states_[1], piece), piece.count);
    }

    static T* at(T* state, const Piece& piece) { return state ? state + piece.begin : nullptr; }

    void sum_penalties(const Batch& batch) {
        double total = 0;
        for (int i = 0; i < training_.pieces.size(); ++i)
            if (training_.pieces[i].l1 || training_.pieces[i].l2) total += penalties_[i];
        batch.sums->penalty += total * double(batch.rows);
    }

    // ------------------------------------------------------------ a step, by spans

    bool step_by_spans(int t, int threads, const Batch& batch, const Step<T>& step) {
        Space<T>& s = spaces_[t];
        T *transposed = transposed_[t], *scratch = scratch_[t];
        const index n = spans(batch.rows);
        const int first = training_.first_learning;
        transpose_groups(0, transposed);
        for (index span = share(n, t, threads); span < share(n, t + 1, threads); ++span) {
            const index begin = batch.rows * span / n, end = batch.rows * (span + 1) / n;
            T* gradient = span_gradients_ + span * training_.length;
            for (index base = begin; base < end; base += CHUNK) {
                const index rows = lesser(CHUNK, end - base);
                gather(s, batch, base, 0, rows);
                rows_forward(s, scratch, 0, 0, rows);
                loss_rows(training_, s, scratch, batch, base, 0, rows, true, nullptr);
                back_rows(s, scratch, transposed, first, 0, rows);
                for (int i = 0; i < training_.pieces.size(); ++i) {
                    const Piece& piece = training_.pieces[i];
                    piece_gradient(training_.groups[piece.group], piece, s, s.deltas[piece.group], rows, base > begin,
                                   gradient + piece.begin);
                }
            }
        }
        barrier_.wait(threads);
        if (bad_.load(std::memory_order_relaxed)) return false;
        if (t == 0) sum_up(batch);
        const index pieces = training_.pieces.size();
        for (index i = share(pieces, t, threads); i < share(pieces, t + 1, threads); ++i) {
            const Piece& piece = training_.pieces[i];
            T* sum = gradient_ + piece.begin;
            const T* from = span_gradients_ + piece.begin;
            for (index k = 0; k < piece.count; ++k) sum[k] = from[k];
            for (index span = 1; span < n; ++span)
                for (index k = 0; k < piece.count; ++k) sum[k] += from[span * training_.length + k];
            apply(int(i), sum, step);
        }
        barrier_.wait(threads);
        if (t == 0) sum_penalties(batch);
        return true;
    }

    // ------------------------------------------------------------ forward only

    struct Forward {
        Net* net;
        const void* X;
        Element element;
        index n;
        T* outputs;
        bool scored;
        index chunk = 0;
        List<Weights<T>> weights{};
        List<Sums> parts{};         // of the chunks
        List<Space<T>> spaces{};
        List<Lines<T>> scratch{};
        List<Lines<T>> packed{};
        std::atomic<bool> finite{true};
        std::atomic<index> next{0};
    };

    static constexpr index FEW = 8;  // rows for which putting the weights into lines would cost more than it saves

    void forward(Forward& job, const T* theta, int threads) {
        const Layers<T>& layers = predicting_;
        index width = LINE;
        for (int i = 1; i < layers.widths.size(); ++i) width += lines(layers.widths[i], L) * LINE;
        job.chunk = lesser(192, greater(24, (index(1) << 18) / width / 12 * 12));
        const bool few = job.n <= FEW;
        for (const Group<T>& g : layers.groups) {
            // A line of W in theta may be read beyond its end: into the next, or, by the last, into the biases. Biases
            // that nothing follows are copied.
            const bool direct = few && g.n_out >= L && g.theta_b == g.theta_w + g.n_in * g.n_out;
            if (!g.dense)
                job.weights.push_back({});
            else if (direct) {
                const T* b = theta + g.theta_b;
                if (g.theta_b + g.panels() * L > plan_.n_theta) {
                    job.packed.push_back(Lines<T>(g.panels() * L));
                    std::memcpy(job.packed.back(), b, std::size_t(g.n_out) * sizeof(T));
                    b = job.packed.back();
                }
                job.weights.push_back({theta + g.theta_w, L, g.n_out, b});
            } else {
                job.packed.push_back(Lines<T>((g.n_in + 1) * g.panels() * L));
                T *w = job.packed.back(), *b = w + g.n_in * g.panels() * L;
                layers.to_lines(g, theta, w, b);
                job.weights.push_back({w, g.n_in * L, L, b});
            }
        }
        const index chunks = (job.n + job.chunk - 1) / job.chunk;
        for (index c = 0; c < chunks && job.scored; ++c) job.parts.push_back({});
        if (job.scored && job.n > prepared_) losses_ = Lines<T>(job.n), right_ = Lines<T>(job.n), prepared_ = 0;
        run_ = job.scored ? &in_order_ : run_;
        threads = int(lesser(threads, chunks));
        for (int t = 0; t < threads; ++t) {
            job.spaces.push_back(Space<T>(layers, lesser(job.chunk, job.n), false));
            job.scratch.push_back(Lines<T>(3 * widest() * L));
        }
        run_in_threads(threads, [](void* job, int t, int) {
            Forward& f = *static_cast<Forward*>(job);
            f.net->forward_chunks(f, t);
        }, &job);
    }

    Run in_order_;

    // Rows in, and through the first group; false where a number in them is not finite.
    bool first_group(const Forward& job, Space<T>& s, T* scratch, index begin, index rows) const {
        const Group<T>& group = predicting_.groups[0];
        const bool as_they_are = job.element == (sizeof(T) == 4 ? Element::f32 : Element::f64) && !factor_;
        if (!as_they_are || !group.dense)
            for (index r = 0; r < rows; ++r) read(job.X, job.element, begin + r, s.buffers[0] + r * L, s.stride);
        if (!group.dense) {
            if (!job.scored && !finite(job.X, job.element, begin, rows)) return false;
            if (predicting_.groups.size() > 1 || !ends_with_softmax(predicting_))
                group_forward(group, job.weights[0], s, scratch, 0, rows);
            return true;
        }
        const Rows<T> matrix{static_cast<const T*>(job.X) + begin * plan_.n_in, plan_.n_in, true};
        dense_product(group, job.weights[0], s, as_they_are ? &matrix : nullptr, 0, group.panels(), 0, rows);
        // A number that is not finite makes each weighted sum of its row so: one of them tells.
        T sum = 0;
        const T* z = s.buffers[group.z];
        for (index r = 0; r < rows; ++r) sum += z[r * L] - z[r * L];
        for (index p = 0; p < group.panels(); ++p) ops_forward(group, s, p, 0, rows);
        return job.scored || sum == 0;
    }

    // Chunks one after the other, each by the thread that comes to it first.
    void forward_chunks(Forward& job, int t) {
        const Layers<T>& layers = predicting_;
        Space<T>& s = job.spaces[t];
        T* scratch = job.scratch[t];
        const index chunks = (job.n + job.chunk - 1) / job.chunk;
        for (index c = job.next++; c < chunks; c = job.next++) {
            const index begin = c * job.chunk, rows = lesser(job.chunk, job.n - begin);
            if (!first_group(job, s, scratch, begin, rows)) return job.finite.store(false);
            for (int g = 1; g < layers.groups.size() - (ends_with_softmax(layers) ? 1 : 0); ++g)
                group_forward(layers.groups[g], job.weights[g], s, scratch, 0, rows);
            const Batch batch{0, job.n, 0, T(0), nullptr, ending_[0]};
            loss_rows(layers, s, scratch, batch, begin, 0, rows, false, job.outputs ? job.outputs + begin * plan_.n_out : nullptr, job.scored);
            if (!job.scored) continue;
            Sums& part = job.parts[c];
            for (index r = begin; r < begin + rows; ++r) {
                const double w = double(weight(r));
                part.loss += double(losses_[r]) * w, part.weight += w;
                if (data_->answers != Answers::none) part.right += double(right_[r]);
            }
            part.samples = rows;
        }
    }
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

}  // namespace

const FunctionTable table{apply_function<float>, apply_function<double>, make};

}  // namespace LW_ISA
}  // namespace lw
