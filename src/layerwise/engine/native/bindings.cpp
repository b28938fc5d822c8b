// The module layerwise._native: what it has, and its executor.
#include <cstdlib>
#include <memory>

#include "arguments.h"
#include "threads.h"

using namespace nanobind::literals;

namespace lw {
namespace {

// ---------------------------------------------------------------- which instruction set

struct Isa {
    const char* name;
    const FunctionTable* table;
};

// Those built that this machine has, the best first.
std::vector<Isa> machine_isas() {
    std::vector<Isa> found;
#if defined(LW_HAS_AVX512)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        found.push_back({"avx512", &avx512::table});
#endif
#if defined(LW_HAS_AVX2)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back({"avx2", &avx2::table});
#endif
#if defined(LW_HAS_NEON)
    found.push_back({"neon", &neon::table});
#endif
#if defined(LW_HAS_BASELINE)
    found.push_back({"baseline", &baseline::table});
#endif
    return found;
}

// The best, or the one that LAYERWISE_ISA names.
const Isa& isa() {
    static const Isa chosen = [] {
        const std::vector<Isa> all = machine_isas();
        const char* wanted = std::getenv("LAYERWISE_ISA");
        if (!wanted || !*wanted) return all.front();
        std::string names;
        for (const Isa& i : all) {
            if (std::string(i.name) == wanted) return i;
            names += (names.empty() ? "" : ", ") + std::string(i.name);
        }
        refuse("LAYERWISE_ISA is " + std::string(wanted) + "; this machine and this build have " + names);
    }();
    return chosen;
}

// ---------------------------------------------------------------- the executor

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

    nb::tuple run(const Training& training, const OptimizerSpec& optimizer, const Steps& steps,
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
        run.poll_context = poll ? poll->ptr() : nullptr;
        if (poll) run.poll = asked_to_stop;
        std::vector<Sums> sums(std::size_t(steps.epochs) + 1);
        run.sums = sums.data();
        if (so_far) sums[0] = from_row(Array(*so_far, "so_far", 1, "d"));
        {
            const Released released;
            engine_->run(run);
        }
        if (PyErr_Occurred()) throw nb::python_error();
        nb::list rows;
        for (Index e = 0; e < steps.epochs; ++e) rows.append(row(sums[std::size_t(e)]));
        return nb::make_tuple(run.made, run.finite, run.newest, rows);
    }

    nb::tuple evaluate(Object theta, std::optional<Object> outputs, int threads) {
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
        return row(sums);
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
            if (native.busy_.exchange(true))
                throw std::runtime_error("this executor is at work already, in another call");
        }
        ~Use() { native_.busy_.store(false); }

    private:
        Native& native_;
    };

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
        if (!nb::isinstance<nb::tuple>(X) || nb::len(X) != 3)
            refuse("sparse rows are a tuple (starts, columns, values)");
        for (int i = 0; i < 3; ++i) parts[i] = PyTuple_GetItem(X.ptr(), i);
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

    static nb::tuple row(const Sums& s) {
        return nb::make_tuple(s.loss, s.weight, s.right, s.penalty, s.seconds, s.samples);
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
    bool wide_ = false, ready_ = false;
    Data data_;
    std::vector<Array> held_;
    std::vector<std::int64_t> order_;
    std::atomic<bool> busy_{false};
    std::unique_ptr<Engine> engine_;
};

// For the tests of the error bounds: exp, expm1, tanh, log or log1p of an array, into another.
void apply(const std::string& function, Object x, Object out) {
    const char* names[] = {"exp", "expm1", "tanh", "log", "log1p"};
    int which = -1;
    for (int i = 0; i < 5; ++i)
        if (function == names[i]) which = i;
    if (which < 0) refuse("there is no function " + function);
    const Array from(x, "x", 1, "fd");
    const Array to(out, "out", 1, from.type() == 'f' ? "f" : "d", true);
    to.must_have({from.size(0)});
    if (from.type() == 'f')
        isa().table->apply32(which, static_cast<const float*>(from.data()), static_cast<float*>(to.data()),
                             from.size(0));
    else
        isa().table->apply64(which, static_cast<const double*>(from.data()), static_cast<double*>(to.data()),
                             from.size(0));
}

// Rows of X, changed, into out: augmentation.py's settings; smoothing: the two matrices of the elastic field, or none.
void augment(Object X, Object rows, std::uint64_t seed, std::uint32_t epoch, Object out, const Settings& settings,
             const std::optional<std::pair<Object, Object>>& smoothing, int threads) {
    const auto size = [&](const char* name) {
        const double n = setting(settings, name);
        if (!(n >= 1 && n <= 1 << 24)) refuse(std::string(name) + " must be from 1 to 2^24");
        return Index(n);
    };
    Augment job;
    job.height = size("height"), job.width = size("width"), job.channels = size("channels");
    if (job.height * job.width > 1 << 24 || job.height * job.width * job.channels > 1 << 24)
        refuse("a picture must have at most 2^24 numbers");
    const Array from(X, "X", 2, "Bfd"), order(rows, "rows", 1, "q");
    const char type[] = {from.type(), 0};
    const Array to(out, "out", 2, type, true);
    job.n = order.size(0);
    from.must_have({from.size(0), job.height * job.width * job.channels});
    to.must_have({job.n, job.height * job.width * job.channels});
    job.X = from.data(), job.out = to.data(), job.element = element(from.type());
    job.rows = static_cast<const std::int64_t*>(order.data());
    for (Index i = 0; i < job.n; ++i)
        if (job.rows[i] < 0 || job.rows[i] >= from.size(0))
            order.fail("[" + std::to_string(i) + "] is " + std::to_string(job.rows[i]) + "; there are " +
                       std::to_string(from.size(0)) + " rows");
    Array of_rows, of_columns;
    if (smoothing) {
        of_rows = Array(smoothing->first, "smoothing", 2, "f"),
        of_columns = Array(smoothing->second, "smoothing", 2, "f");
        of_rows.must_have({job.height, job.height}), of_columns.must_have({job.width, job.width});
        job.of_rows = static_cast<const float*>(of_rows.data()),
        job.of_columns = static_cast<const float*>(of_columns.data());
    }
    job.shift = setting(settings, "shift"), job.whole_shift = setting(settings, "whole_shift") != 0;
    job.rotation = setting(settings, "rotation"), job.scale = setting(settings, "scale"),
    job.shear = setting(settings, "shear");
    job.noise = setting(settings, "noise"), job.fill = setting(settings, "fill");
    job.seed = seed, job.epoch = epoch, job.threads = thread_count(threads);
    const Released released;
    isa().table->augment(job);
}

template <class Names>
nb::list names_of(const Names& names) {
    nb::list list;
    std::string before;
    for (const auto& item : names) {
        if (before != item.name) list.append(item.name);  // forms of one name follow each other
        before = item.name;
    }
    return list;
}

// The constructors take names alone.
void bind_plan(nb::module_& m) {
    nb::class_<Part>(m, "Part").def(
        "__init__",
        [](Part* self, Index begin, double rate, const std::vector<std::tuple<Index, double, bool>>& terms) {
            new (self) Part{begin, rate, {}};
            for (const auto& [penalty, strength, by_batch] : terms)
                self->terms.push_back({penalty, strength, by_batch});
        },
        nb::kw_only(), "begin"_a, "rate"_a = 1.0, "terms"_a = nb::list());
    nb::class_<LayerSpec>(m, "Layer")
        .def(
            "__init__",
            [](LayerSpec* self, const std::string& name, const Settings& settings, Index n_in, Index n_out,
               const std::vector<Part>& parts, const std::optional<FormulaSpec>& formula) {
                new (self) LayerSpec{name, settings, n_in, n_out, parts, formula};
            },
            nb::kw_only(), "name"_a, "settings"_a, "n_in"_a, "n_out"_a, "parts"_a = nb::list(),
            "formula"_a = nb::none());
    nb::class_<LossSpec>(m, "Loss").def(
        "__init__",
        [](LossSpec* self, const std::string& name, const Settings& settings, bool fused,
           const std::optional<CodePair>& formulas) { new (self) LossSpec{name, settings, fused, formulas}; },
        nb::kw_only(), "name"_a, "settings"_a, "fused"_a = false, "formulas"_a = nb::none());
    nb::class_<PenaltySpec>(m, "Penalty")
        .def(
            "__init__",
            [](PenaltySpec* self, const std::string& name, const Settings& settings,
               const std::optional<CodePair>& formulas) { new (self) PenaltySpec{name, settings, formulas}; },
            nb::kw_only(), "name"_a, "settings"_a, "formulas"_a = nb::none());
}

void bind_calls(nb::module_& m) {
    nb::class_<Training>(m, "Training")
        .def(nb::init<Object, Object, Index, std::uint64_t>(), nb::kw_only(), "theta"_a, "grad"_a, "batch_size"_a,
             "seed"_a);
    nb::class_<Rule>(m, "Rule").def(
        "__init__",
        [](Rule* self, Index states, const CodeSpec& formula, const CodeSpec& scalars, Index numbers, Index compiled,
           Index descent, bool moves_without_gradient) {
            new (self) Rule(make_rule(states, formula, scalars, numbers, compiled, descent, moves_without_gradient));
        },
        nb::kw_only(), "states"_a, "formula"_a, "scalars"_a, "numbers"_a, "compiled"_a = -1, "descent"_a = -1,
        "moves_without_gradient"_a = true);
    nb::class_<OptimizerSpec>(m, "Optimizer")
        .def(nb::init<const Rule&, const std::vector<double>&, double, double, std::int64_t,
                      const std::vector<Object>&>(),
             nb::kw_only(), "rule"_a, "numbers"_a, "learning_rate"_a, "decay"_a, "iterations"_a, "states"_a);
    nb::class_<Steps>(m, "Steps")
        .def(nb::init<Index, Index, std::int64_t, Index, std::optional<Object>>(), nb::kw_only(), "first"_a, "last"_a,
             "number"_a, "epochs"_a = 1, "rates"_a = nb::none());
}

void bind_native(nb::module_& m) {
    nb::class_<Native>(m, "Native")
        .def(nb::init<const std::vector<LayerSpec>&, const std::optional<LossSpec>&, Index, const std::string&, bool,
                      const std::vector<PenaltySpec>&>(),
             "layers"_a, "loss"_a.none(), nb::kw_only(), "n_theta"_a, "dtype"_a, "sparse"_a = false,
             "penalties"_a = nb::list())
        .def("set_data", &Native::set_data, "X"_a, nb::kw_only(), "offset"_a = nb::none(), "factor"_a = nb::none(),
             "labels"_a = nb::none(), "levels"_a = nb::none(), "dense"_a = nb::none(), "weights"_a = nb::none(),
             "by_rows"_a = false, "answers"_a = "none", "threshold"_a = 0.5)
        .def("set_scaling", &Native::set_scaling, "offset"_a.none(), "factor"_a.none())
        .def("run", &Native::run, "training"_a, "optimizer"_a, "steps"_a, nb::kw_only(), "order"_a = nb::none(),
             "learn"_a = true, "threads"_a = 1, "poll"_a = nb::none(), "clip_norm"_a = nb::none(),
             "frozen"_a = nb::list(), "so_far"_a = nb::none())
        .def("evaluate", &Native::evaluate, "theta"_a, "outputs"_a.none(), "threads"_a)
        .def("outputs", &Native::outputs, "theta"_a, "X"_a, "out"_a, "threads"_a);
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "The native executor: the plan walked in C++.";
    nb::set_leak_warnings(false);  // a daemon thread that is at work when the interpreter ends keeps what it holds
    nb::list isas;
    for (const Isa& i : machine_isas()) isas.append(i.name);
    m.attr("isas") = isas;
    nb::list layers = names_of(LAYERS);
    layers.extend(names_of(FORMULAS));
    m.attr("layers") = layers;
    m.attr("losses") = names_of(LOSSES);
    m.attr("optimizers") = names_of(OPTIMIZER_FACTS);
    m.attr("penalties") = names_of(PENALTIES);
    m.def("isa", [] { return isa().name; }, "The instruction set in use.");
    m.def("apply", &apply, "function"_a, "x"_a, "out"_a);
    m.def("augment", &augment, "X"_a, "rows"_a, nb::kw_only(), "seed"_a, "epoch"_a, "out"_a, "settings"_a,
          "smoothing"_a.none(), "threads"_a);
    bind_plan(m);
    bind_calls(m);
    bind_native(m);
}

}  // namespace lw
