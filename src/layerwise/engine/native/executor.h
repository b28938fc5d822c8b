// The executor as Python or a page calls it: arguments are checked and turned into what the engine takes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "isa.h"
#include "threads.h"

namespace lw {

struct AnswersName {
    const char* name;
    Answers answers;
};
constexpr AnswersName ANSWERS[] = {
    {"none", Answers::none},
    {"label", Answers::label},
    {"greatest", Answers::greatest},
    {"share", Answers::share},
};

// Of a run: how many steps were made, whether all losses were finite, the newest step's mean loss, and each epoch's sums.
struct Outcome {
    Index made;
    bool finite;
    double newest;
    std::vector<Sums> epochs;
};

class Native {
public:
    Native(const std::vector<LayerSpec>& layers, const std::optional<LossSpec>& loss, Index n_theta,
           const std::string& dtype, bool sparse, const std::vector<PenaltySpec>& penalties)
        : plan_(make_plan(layers, loss, n_theta, sparse, penalties)), wide_(dtype == "float64") {
        if (dtype != "float32" && dtype != "float64") refuse("dtype must be float32 or float64; got " + dtype);
        engine_.reset(isa().table->make(plan_, wide_));
    }

    // X is an array; or, for sparse rows, the tuple (starts, columns, values) of a CSR matrix whose columns ascend.
    void set_data(Object X, std::optional<Object> offset, std::optional<Object> factor, std::optional<Object> labels,
                  std::optional<std::pair<double, double>> levels, std::optional<Object> dense,
                  std::optional<Object> weights, bool by_rows, const std::string& answers, double threshold) {
        const Use use(*this);
        Data data;
        std::vector<Array> held;
        data.n = read_rows(held, X, data), data.n_in = plan_.n_in;
        read_scaling(offset, factor, data);
        if (labels.has_value() == dense.has_value() || labels.has_value() != levels.has_value())
            refuse("give either labels and levels, or dense");
        if (labels) {
            std::tie(data.off, data.on) = *levels;
            read_labels(*labels, data);
        } else {
            held.emplace_back(*dense, "dense", 2, number());
            data.dense = held.back().data();
            held.back().must_have({data.n, plan_.n_out});
        }
        if (weights) {
            held.emplace_back(*weights, "weights", 1, number());
            data.weights = held.back().data(), data.by_rows = by_rows;
            held.back().must_have({data.n});
        }
        if (answers == "label" && (!labels || plan_.n_out == 1))
            refuse("answers by label need labels and several outputs");
        data.answers = by_name(ANSWERS, answers, "way to tell an answer:").answers;
        data.threshold = threshold;
        data_ = std::move(data), held_ = std::move(held);
        engine_->set_data(data_);
    }

    // For prediction alone: how rows are scaled.
    void set_scaling(std::optional<Object> offset, std::optional<Object> factor) {
        const Use use(*this);
        Data data;
        read_scaling(offset, factor, data);
        data_ = std::move(data), held_.clear();
        engine_->set_data(data_);
    }

    Outcome run(const Training& training, const OptimizerSpec& optimizer, const Steps& steps,
                std::optional<Object> order, bool learn, int threads, std::optional<Object> poll,
                std::optional<double> clip_norm, const std::vector<Index>& frozen, std::optional<Object> so_far) {
        const Use use(*this);
        if (!plan_.has_loss || !data_.n) refuse("run needs a loss and data");
        Run run;
        run.theta = vector(training.theta), run.grad = vector(training.grad);
        run.batch = training.batch_size, run.seed = training.seed;
        run.optimizer = optimizer.optimizer;
        for (std::size_t i = 0; i < optimizer.states.size(); ++i) run.states[i] = vector(optimizer.states[i]);
        set_steps(steps, run);
        run.learn = learn, run.threads = thread_count(threads);
        if (order) set_order(*order);
        run.order = order ? order_.data() : nullptr;
        if (clip_norm && !(*clip_norm > 0)) refuse("clip_norm must be above 0; got " + std::to_string(*clip_norm));
        run.clip_norm = clip_norm.value_or(0);
        const std::vector<std::uint8_t> still = frozen_layers(frozen);
        run.frozen = frozen.empty() ? nullptr : still.data();
        run.poll_context = poll ? context_of(*poll) : nullptr;
        if (poll) run.poll = asked_to_stop;
        std::vector<Sums> sums(std::size_t(steps.epochs) + 1);
        run.sums = sums.data();
        if (so_far) sums[0] = from_row(Array(*so_far, "so_far", 1, "d"));
        {
            const Released released;
            engine_->run(run);
        }
        raise_pending();
        sums.pop_back();
        return {run.made, run.finite, run.newest, std::move(sums)};
    }

    // ------------------------------------------------------------ a step in two halves

    Index shards_length() const { return engine_->shards_length(); }
    Index shards_sums() const { return engine_->shards_sums(); }

    std::vector<Index> shards_cuts(Index shard_size) const {
        std::vector<Index> cuts(64);
        cuts.resize(std::size_t(engine_->shards_cuts(count(shard_size, "shard_size"), cuts.data(), int(cuts.size()))));
        return cuts;
    }

    void begin_shards(const Training& training, const OptimizerSpec& optimizer, std::optional<Object> order,
                      int threads, std::optional<double> clip_norm, const std::vector<Index>& frozen) {
        const Use use(*this);
        if (!plan_.has_loss || !data_.n) refuse("begin_shards needs a loss and data");
        session_ = Run(), at_work_ = false;
        session_.theta = vector(training.theta), session_.grad = vector(training.grad);
        session_.batch = training.batch_size, session_.seed = training.seed;
        session_.optimizer = optimizer.optimizer;
        for (std::size_t i = 0; i < optimizer.states.size(); ++i) session_.states[i] = vector(optimizer.states[i]);
        session_.threads = thread_count(threads);
        if (order) set_order(*order);
        session_.order = order ? order_.data() : nullptr;
        if (clip_norm && !(*clip_norm > 0)) refuse("clip_norm must be above 0; got " + std::to_string(*clip_norm));
        session_.clip_norm = clip_norm.value_or(0);
        still_ = frozen_layers(frozen);
        session_.frozen = frozen.empty() ? nullptr : still_.data();
        engine_->begin_shards(session_);
        at_work_ = true;
    }

    void shards(Object places, std::int64_t step, double scale, double statistics, Object gradient,
                std::optional<Object> ready) {
        const Use use(*this);
        Shards job;
        const Array of(places, "places", 2, "q"), to(gradient, "gradient", 1, number(), true);
        job.count = of.size(0), job.places = static_cast<const std::int64_t*>(of.data());
        if (job.count < 1 || job.count > 1 << 20 || (job.count & (job.count - 1)))
            refuse("the number of shards must be a power of two; got " + std::to_string(job.count));
        of.must_have({job.count, 3});
        for (Index i = 0; i < job.count; ++i) {
            const std::int64_t *p = job.places + 3 * i, most = session_.batch;
            if (p[0] < 0 || p[1] < 0 || p[2] < 0 || p[1] > most || p[0] > data_.n - p[1] || p[2] > MOST)
                refuse("shard " + std::to_string(i) + " is " + std::to_string(p[1]) + " rows from row " +
                       std::to_string(p[0]) + " on; there are " + std::to_string(data_.n) + ", and a shard has " +
                       std::to_string(most) + " at most");
        }
        fill(job, step, scale, statistics, to);
        if (ready) job.ready = tell, job.ready_context = context_of(*ready);
        {
            const Released released;
            engine_->shards(job);
        }
        raise_pending();
    }

    double update(std::int64_t step, double scale, double statistics, Object gradient, double rate) {
        const Use use(*this);
        const Array to(gradient, "gradient", 1, number(), true);
        Shards job;
        fill(job, step, scale, statistics, to);
        session_.optimizer.learning_rate = rate;
        const Released released;
        return engine_->update(job);
    }

    void end_shards() {
        const Use use(*this);
        if (at_work_) engine_->end_shards();
        at_work_ = false;
    }

    Sums evaluate(Object theta, std::optional<Object> outputs, int threads) {
        const Use use(*this);
        if (!plan_.has_loss || !data_.n) refuse("evaluate needs a loss and data");
        const Array parameters(theta, "theta", 1, number());
        const void* from = vector(parameters);
        Array out;
        if (outputs) {
            out = Array(*outputs, "outputs", 2, number(), true);
            out.must_have({data_.n, plan_.n_out});
        }
        Sums sums;
        const int n = thread_count(threads);
        {
            const Released released;
            engine_->evaluate(from, out.data(), sums, n);
        }
        return sums;
    }

    bool outputs(Object theta, Object X, Object out, int threads) {
        std::vector<Array> held;
        Input rows;
        const Index n = read_rows(held, X, rows);
        const Array parameters(theta, "theta", 1, number()), outputs(out, "out", 2, number(), true);
        const void* from = vector(parameters);
        outputs.must_have({n, plan_.n_out});
        if (!ready_) refuse("outputs needs set_data or set_scaling first");
        const int t = thread_count(threads);
        if (n < 16) return engine_->outputs(from, rows, n, outputs.data(), 1);
        const Released released;
        return engine_->outputs(from, rows, n, outputs.data(), t);
    }

private:
    // One caller at a time: the memory of a run is the executor's own.
    class Use {
    public:
        explicit Use(Native& native) : native_(native) {
            if (native.busy_.exchange(true)) refuse_use("this executor is at work already, in another call");
        }
        ~Use() { native_.busy_.store(false); }

    private:
        Native& native_;
    };

    void fill(Shards& job, std::int64_t step, double scale, double statistics, const Array& gradient) const {
        if (!at_work_) refuse("shards need begin_shards first");
        gradient.must_have({engine_->shards_length()});
        if (reinterpret_cast<std::uintptr_t>(gradient.data()) % 64)
            gradient.fail("must begin at a multiple of 64 bytes");
        job.step = step, job.scale = scale, job.statistics = statistics, job.gradient = gradient.data();
    }

    static Index lesser(Index a, Index b) { return a < b ? a : b; }
    const char* number() const { return wide_ ? "d" : "f"; }

    // How many there are.
    Index read_rows(std::vector<Array>& held, Object X, Input& rows) const {
        if (plan_.sparse()) return read_sparse_rows(held, X, rows);
        held.emplace_back(X, "X", 2, NUMBERS);
        rows.X = held.back().data(), rows.element = element(held.back().type());
        const Index n = count(held.back().size(0), "the number of rows");
        held.back().must_have({n, plan_.n_in});
        return n;
    }

    Index read_sparse_rows(std::vector<Array>& held, Object X, Input& rows) const {
        Object parts[3];
        if (!is_triple(X, parts)) refuse("sparse rows are a tuple (starts, columns, values)");
        held.emplace_back(parts[0], "starts", 1, "q");
        held.emplace_back(parts[1], "columns", 1, "iq");
        held.emplace_back(parts[2], "values", 1, number());
        const Array *of = &held[held.size() - 3], &starts = of[0], &columns = of[1], &values = of[2];
        const Index n = count(starts.size(0) - 1, "the number of rows");
        rows.starts = static_cast<const std::int64_t*>(starts.data());
        rows.columns = columns.data(), rows.wide_columns = columns.type() == 'q';
        rows.X = values.data(), rows.element = wide_ ? Element::f64 : Element::f32;
        const Index entries = lesser(columns.size(0), values.size(0));
        if (rows.starts[0] != 0 || rows.starts[n] > entries)
            starts.fail("must begin at 0 and end within columns and values");
        for (Index r = 0; r < n; ++r)
            if (rows.starts[r] > rows.starts[r + 1]) starts.fail("must not descend");
        const bool ascend =
            rows.wide_columns ? columns_ascend<std::int64_t>(rows, n) : columns_ascend<std::int32_t>(rows, n);
        if (!ascend)
            columns.fail("must ascend within each row, from 0 to " + std::to_string(plan_.n_in - 1) + " at most");
        return n;
    }

    template <class C>
    bool columns_ascend(const Input& rows, Index n) const {
        const C* columns = static_cast<const C*>(rows.columns);
        for (Index r = 0; r < n; ++r) {
            const Index begin = Index(rows.starts[r]), end = Index(rows.starts[r + 1]);
            if (begin == end) continue;
            bool wrong = columns[begin] < 0 || Index(columns[end - 1]) >= plan_.n_in;
            for (Index k = begin + 1; k < end; ++k) wrong |= columns[k] <= columns[k - 1];
            if (wrong) return false;
        }
        return true;
    }

    // An array as long as theta, of the network's type.
    void* vector(const Array& array) const {
        if (array.type() != *number()) array.fail(std::string("must be of float") + (wide_ ? "64" : "32"));
        array.must_have({plan_.n_theta});
        return array.data();
    }

    void read_labels(Object object, Data& data) const {
        const Index classes = plan_.n_out > 1 ? plan_.n_out : 2;
        const Array array(object, "labels", 1, "q");
        array.must_have({data.n});
        const auto* from = static_cast<const std::int64_t*>(array.data());
        data.labels.resize(std::size_t(data.n));
        for (Index i = 0; i < data.n; ++i) {
            if (from[i] < 0 || from[i] >= classes || from[i] > INT32_MAX)
                array.fail("[" + std::to_string(i) + "] is " + std::to_string(from[i]) + "; there are " +
                           std::to_string(classes) + " classes");
            data.labels[std::size_t(i)] = std::int32_t(from[i]);
        }
    }

    void read_scaling(const std::optional<Object>& offset, const std::optional<Object>& factor, Data& data) {
        auto read = [&](const std::optional<Object>& from, const char* name, std::vector<double>& to) {
            if (!from) return;
            const Array array(*from, name, 1, "d");
            array.must_have({plan_.n_in});
            const auto* values = static_cast<const double*>(array.data());
            to.assign(values, values + plan_.n_in);
        };
        if (offset && !factor) refuse("an offset needs a factor");
        read(offset, "offset", data.offset), read(factor, "factor", data.factor);
        data.n_in = plan_.n_in;
        ready_ = true;
    }

    void set_steps(const Steps& steps, Run& run) const {
        const Index batch = lesser(run.batch, data_.n), an_epoch = (data_.n + batch - 1) / batch;
        if (steps.last > an_epoch || (steps.epochs > 1 && steps.count() < steps.epochs * an_epoch))
            refuse("steps " + std::to_string(steps.first) + " to " + std::to_string(steps.last) +
                   " are not steps of an epoch of " + std::to_string(an_epoch) + ", or of several not all");
        run.first = steps.first, run.last = steps.last, run.epochs = steps.epochs, run.step = steps.number;
        run.rates = static_cast<const double*>(steps.rates.data());
    }

    // By layer: whether it is.
    std::vector<std::uint8_t> frozen_layers(const std::vector<Index>& frozen) const {
        std::vector<std::uint8_t> still(plan_.layers.size());
        for (const Index layer : frozen) {
            if (layer < 0 || layer >= Index(still.size()))
                refuse("there is no layer " + std::to_string(layer) + " to be frozen");
            still[std::size_t(layer)] = 1;
        }
        return still;
    }

    void set_order(Object object) {
        const Array array(object, "order", 1, "q");
        array.must_have({data_.n});
        const auto* from = static_cast<const std::int64_t*>(array.data());
        order_.assign(from, from + data_.n);
        for (Index i = 0; i < data_.n; ++i)
            if (order_[std::size_t(i)] < 0 || order_[std::size_t(i)] >= data_.n)
                array.fail("[" + std::to_string(i) + "] is " + std::to_string(order_[std::size_t(i)]) + "; there are " +
                           std::to_string(data_.n) + " rows");
    }

    static Sums from_row(const Array& array) {
        array.must_have({6});
        const double* s = static_cast<const double*>(array.data());
        Sums sums;
        sums.loss = s[0], sums.weight = s[1], sums.right = s[2], sums.penalty = s[3], sums.seconds = s[4];
        sums.samples = std::int64_t(s[5]);
        return sums;
    }

    Plan plan_;
    bool wide_ = false, ready_ = false, at_work_ = false;
    Data data_;
    std::vector<Array> held_;
    std::vector<std::int64_t> order_;
    Run session_;  // of a step in two halves; whoever begins it keeps its arrays
    std::vector<std::uint8_t> still_;
    std::atomic<bool> busy_{false};
    std::unique_ptr<Engine> engine_;
};

}  // namespace lw
