// The module layerwise._native: what it has, by the names that Python calls it by.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arguments.h"
#include "executor.h"
#include "isa.h"

using namespace nanobind::literals;

namespace lw {
namespace {

// A number, a tuple of one for each output, or a text.
Setting setting_from(const std::string& name, Object value) {
    Setting found;
    found.name = name;
    if (nb::isinstance<nb::tuple>(value))
        found.type = Setting::NUMBERS, found.numbers = nb::cast<std::vector<double>>(value);
    else if (nb::isinstance<nb::str>(value))
        found.type = Setting::TEXT, found.text = nb::cast<std::string>(value);
    else
        found.number = nb::cast<double>(value);
    return found;
}

Settings settings_from(const nb::dict& given) {
    Settings settings;
    for (const auto& [name, value] : given) settings.add(setting_from(nb::cast<std::string>(name), value));
    return settings;
}

nb::tuple row(const Sums& s) { return nb::make_tuple(s.loss, s.weight, s.right, s.penalty, s.seconds, s.samples); }

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
void augment(Object X, Object rows, std::uint64_t seed, std::uint32_t epoch, Object out, const nb::dict& given,
             const std::optional<std::pair<Object, Object>>& smoothing, int threads) {
    const Settings settings = settings_from(given);
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
            [](LayerSpec* self, const std::string& name, const nb::dict& settings, Index n_in, Index n_out,
               const std::vector<Part>& parts, const std::optional<FormulaSpec>& formula,
               const std::optional<IntervalsSpec>& intervals) {
                new (self) LayerSpec{name, settings_from(settings), n_in, n_out, parts, formula, intervals};
            },
            nb::kw_only(), "name"_a, "settings"_a, "n_in"_a, "n_out"_a, "parts"_a = nb::list(),
            "formula"_a = nb::none(), "intervals"_a = nb::none());
    nb::class_<LossSpec>(m, "Loss").def(
        "__init__",
        [](LossSpec* self, const std::string& name, const nb::dict& settings, bool fused,
           const std::optional<CodePair>& formulas) {
            new (self) LossSpec{name, settings_from(settings), fused, formulas};
        },
        nb::kw_only(), "name"_a, "settings"_a, "fused"_a = false, "formulas"_a = nb::none());
    nb::class_<PenaltySpec>(m, "Penalty")
        .def(
            "__init__",
            [](PenaltySpec* self, const std::string& name, const nb::dict& settings,
               const std::optional<CodePair>& formulas) {
                new (self) PenaltySpec{name, settings_from(settings), formulas};
            },
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

nb::tuple run(Native& native, const Training& training, const OptimizerSpec& optimizer, const Steps& steps,
              std::optional<Object> order, bool learn, int threads, std::optional<Object> poll,
              std::optional<double> clip_norm, const std::vector<Index>& frozen, std::optional<Object> so_far) {
    const Outcome outcome =
        native.run(training, optimizer, steps, order, learn, threads, poll, clip_norm, frozen, so_far);
    nb::list rows;
    for (const Sums& sums : outcome.epochs) rows.append(row(sums));
    return nb::make_tuple(outcome.made, outcome.finite, outcome.newest, rows);
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
        .def("run", &run, "training"_a, "optimizer"_a, "steps"_a, nb::kw_only(), "order"_a = nb::none(),
             "learn"_a = true, "threads"_a = 1, "poll"_a = nb::none(), "clip_norm"_a = nb::none(),
             "frozen"_a = nb::list(), "so_far"_a = nb::none())
        .def("shards_length", &Native::shards_length)
        .def("shards_sums", &Native::shards_sums)
        .def("begin_shards", &Native::begin_shards, "training"_a, "optimizer"_a, nb::kw_only(), "order"_a = nb::none(),
             "threads"_a = 1, "clip_norm"_a = nb::none(), "frozen"_a = nb::list())
        .def("shards_cuts", &Native::shards_cuts, "shard_size"_a)
        .def("shards", &Native::shards, "places"_a, nb::kw_only(), "step"_a, "scale"_a, "statistics"_a, "gradient"_a,
             "ready"_a = nb::none())
        .def("update", &Native::update, nb::kw_only(), "step"_a, "scale"_a, "statistics"_a, "gradient"_a, "rate"_a)
        .def("end_shards", &Native::end_shards)
        .def(
            "evaluate",
            [](Native& native, Object theta, std::optional<Object> outputs, int threads) {
                return row(native.evaluate(theta, outputs, threads));
            },
            "theta"_a, "outputs"_a.none(), "threads"_a)
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
    m.attr("group_of") = GROUP_OF;
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
