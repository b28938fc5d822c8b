// The module layerwise._native: everything from Python is checked here, so that nothing behind it can go wrong.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <tuple>

#include "plan.h"
#include "threads.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lw {
namespace {

using Index = std::ptrdiff_t;
using Object = nb::handle;

[[noreturn]] void refuse(const std::string& text) { throw nb::value_error(text.c_str()); }

// ---------------------------------------------------------------- the interpreter's lock

// A daemon thread may be at work when the interpreter ends. Before Python 3.14 such a thread is ended by pthread_exit
// when it asks for the lock, which unwinds frames that must not be unwound and so aborts the process. It sleeps
// instead until the process is gone, as in Python 3.14.
[[noreturn]] void sleep_until_the_end() {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

// Without the lock from here to the end of the block.
class Released {
public:
    Released() : state_(PyEval_SaveThread()) {}
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;
    ~Released() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {  // the unwinding of pthread_exit: C code throws nothing else
            sleep_until_the_end();
        }
    }

private:
    PyThreadState* state_;
};

// Whether a run shall stop: a signal's handler raised, or the callable says so or fails; the error stays set.
bool asked_to_stop(void* callable) {
    try {
        const PyGILState_STATE state = PyGILState_Ensure();
        int stop = PyErr_CheckSignals();
        if (stop == 0) {
            PyObject* answer = PyObject_CallNoArgs(static_cast<PyObject*>(callable));
            stop = answer ? PyObject_IsTrue(answer) : 1;
            Py_XDECREF(answer);
        }
        PyGILState_Release(state);
        return stop != 0;
    } catch (...) {
        sleep_until_the_end();
    }
}

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

// ---------------------------------------------------------------- arrays

// A NumPy array, held for as long as it is used.
class Array {
public:
    Array() = default;
    Array(Object object, const char* name, int ndim, const char* formats, bool writable = false) : name_(name) {
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) {
            PyErr_Clear();
            refuse(std::string(name) + " must be a C-contiguous array" + (writable ? " that can be written to" : ""));
        }
        held_ = true;
        const char* format = view_.format ? view_.format : "B";
        if (*format == '@' || *format == '=') ++format;
        type_ = *format == 'l' ? (view_.itemsize == 8 ? 'q' : 'i') : *format == 'L' ? (view_.itemsize == 8 ? 'Q' : 'I') : *format;
        if (!*format || format[1] || std::string(formats).find(type_) == std::string::npos)
            fail("has a type that is not taken here: " + std::string(view_.format ? view_.format : "B"));
        if (view_.ndim != ndim) fail("must have " + std::to_string(ndim) + " dimensions; it has " + std::to_string(view_.ndim));
        if (reinterpret_cast<std::uintptr_t>(view_.buf) % std::size_t(view_.itemsize)) fail("is not aligned");
    }
    Array(Array&& other) noexcept { *this = std::move(other); }
    Array& operator=(Array&& other) noexcept {
        std::swap(view_, other.view_), std::swap(held_, other.held_);
        std::swap(name_, other.name_), std::swap(type_, other.type_);
        return *this;
    }
    ~Array() {
        if (held_) PyBuffer_Release(&view_);
    }

    Index size(int axis) const { return view_.shape[axis]; }
    void* data() const { return held_ ? view_.buf : nullptr; }
    char type() const { return type_; }
    void must_have(std::initializer_list<Index> shape) const {
        int axis = 0;
        for (Index n : shape) {
            if (size(axis) != n)
                fail("must have " + std::to_string(n) + " entries on axis " + std::to_string(axis) + "; it has " +
                     std::to_string(size(axis)));
            ++axis;
        }
    }
    [[noreturn]] void fail(const std::string& problem) const { refuse(std::string(name_) + " " + problem); }

private:
    Py_buffer view_{};
    bool held_ = false;
    const char* name_ = "";
    char type_ = 0;
};

constexpr const char* NUMBERS = "?BbHhIiQqfd";

Element element(char type) {
    switch (type) {
        case '?': case 'B': return Element::u8;
        case 'b': return Element::i8;
        case 'H': return Element::u16;
        case 'h': return Element::i16;
        case 'I': return Element::u32;
        case 'i': return Element::i32;
        case 'Q': return Element::u64;
        case 'q': return Element::i64;
        case 'f': return Element::f32;
        default: return Element::f64;
    }
}

// ---------------------------------------------------------------- the plan

using Settings = nb::dict;

double setting(const Settings& settings, const char* name) {
    if (!settings.contains(name)) refuse(std::string("a setting is missing: ") + name);
    return nb::cast<double>(settings[name]);
}

struct LayerName {
    const char* name;
    Kind kind;
    const char *a, *b;  // what the two numbers are called in Python
};
constexpr LayerName LAYERS[] = {
    {"Dense", Kind::Dense, nullptr, nullptr},
    {"Dropout", Kind::Dropout, "rate", nullptr},
    {"Softmax", Kind::Softmax, nullptr, nullptr},
    {"Scale", Kind::Scale, nullptr, nullptr},
    {"LayerNorm", Kind::LayerNorm, "epsilon", nullptr},
    {"BatchNorm", Kind::BatchNorm, "momentum", "epsilon"},
};

struct LossName {
    const char* name;
    LossKind kind;
    const char* a;
};
constexpr LossName LOSSES[] = {
    {"MeanSquaredError", LossKind::MeanSquaredError, nullptr},
    {"QuadraticCost", LossKind::QuadraticCost, nullptr},
    {"MeanAbsoluteError", LossKind::MeanAbsoluteError, nullptr},
    {"Huber", LossKind::Huber, "delta"},
    {"Quantile", LossKind::Quantile, "q"},
    {"Poisson", LossKind::Poisson, nullptr},
    {"CategoricalCrossEntropy", LossKind::CategoricalCrossEntropy, "epsilon"},
    {"BinaryCrossEntropy", LossKind::BinaryCrossEntropy, "epsilon"},
};

constexpr const char* OPTIMIZERS[] = {"SGD", "Adagrad", "RMSprop", "Adam", "AdamW"};
constexpr const char* PENALTIES[] = {"L1", "L2"};

template <class Names>
const auto& by_name(const Names& names, const std::string& name, const char* what) {
    for (const auto& item : names)
        if (name == item.name) return item;
    refuse(std::string("there is no native ") + what + " " + name);
}

constexpr Index MOST = Index(1) << 40;

Index count(Index n, const char* what) {
    if (n < 1 || n > MOST) refuse(std::string(what) + " must be from 1 to 2^40; got " + std::to_string(n));
    return n;
}

int thread_count(int threads) {
    if (threads < 1 || threads > 1024) refuse("threads must be from 1 to 1024; got " + std::to_string(threads));
    return threads;
}

// For each array of parameters: (where it begins in theta, L1, L2, L1 and L2 by the batch, how much of each step it makes)
// and (which custom penalty, its strength, whether by the batch) for each
using PartSpec = std::tuple<Index, double, double, double, double, double, std::vector<std::tuple<Index, double, bool>>>;
// (instructions of five numbers each, the numbers in its slots, how many slots, those of the results)
using CodeSpec = std::tuple<std::vector<std::vector<int>>, std::vector<double>, int, std::vector<int>>;
// A custom activation: (f, its derivative, whether that reads x, and y)
using FormulaSpec = std::tuple<CodeSpec, CodeSpec, bool, bool>;
// (name, settings, n_in, n_out, arrays, formula)
using LayerSpec = std::tuple<std::string, Settings, Index, Index, std::vector<PartSpec>, std::optional<FormulaSpec>>;
// (name, settings, fused, and of a custom one f and its derivative by the output)
using LossSpec = std::tuple<std::string, Settings, bool, std::optional<std::pair<CodeSpec, CodeSpec>>>;

Code make_code(const CodeSpec& spec, int inputs, std::size_t count = 1) {
    const auto& [lines, numbers, slots, results] = spec;
    const int fixed = inputs + int(numbers.size());
    if (numbers.size() >= MOST_SLOTS || slots > MOST_SLOTS || slots < fixed)
        refuse("a formula has at most " + std::to_string(MOST_SLOTS) + " slots");
    Code code;
    code.inputs = inputs, code.numbers = numbers, code.results = results;
    if (results.size() != count) refuse("a formula has another number of results than " + std::to_string(results.size()));
    for (const int result : results)
        if (result < 0 || result >= slots) refuse("a formula's result is in a slot that is not there");
    for (const std::vector<int>& line : lines) {
        if (line.size() != 5 || line[0] < 0 || line[0] >= OPERATIONS || line[4] < fixed || line[4] >= slots)
            refuse("an instruction of a formula is none that there is");
        for (int i = 1; i < 4; ++i)
            if (line[std::size_t(i)] < 0 || line[std::size_t(i)] >= slots) refuse("an instruction reads a slot that is not there");
        const auto slot = [&](int i) { return static_cast<unsigned char>(line[std::size_t(i)]); };
        code.instructions.push_back({Operation(line[0]), slot(1), slot(2), slot(3), slot(4)});
    }
    return code;
}

void read_formula(const LayerSpec& spec, Layer& layer) {
    layer.kind = Kind::Activation;
    if (const std::optional<FormulaSpec>& formula = std::get<5>(spec)) {
        layer.formula = Formula::Custom;
        layer.f = make_code(std::get<0>(*formula), 1), layer.slope = make_code(std::get<1>(*formula), 1);
        layer.reads_x = std::get<2>(*formula), layer.reads_y = std::get<3>(*formula);
        return;
    }
    const FormulaFacts& facts = by_name(FORMULAS, std::get<0>(spec), "layer");
    layer.formula = Formula(&facts - FORMULAS);
    layer.reads_x = facts.reads_x, layer.reads_y = facts.reads_y;
    for (int i = 0; i < MOST_NUMBERS && facts.numbers[i]; ++i) layer.numbers[i] = setting(std::get<1>(spec), facts.numbers[i]);
}

Layer make_layer(const LayerSpec& spec, Index position, Index n_theta, Index n_penalties) {
    Layer layer{};
    bool is_activation = true;
    for (const LayerName& name : LAYERS) {
        if (std::get<0>(spec) != name.name || std::get<5>(spec)) continue;
        is_activation = false, layer.kind = name.kind;
        if (name.a) layer.a = setting(std::get<1>(spec), name.a);
        if (name.b) layer.b = setting(std::get<1>(spec), name.b);
    }
    if (is_activation) read_formula(spec, layer);
    layer.n_in = count(std::get<2>(spec), "n_in"), layer.n_out = count(std::get<3>(spec), "n_out");
    layer.position = std::uint32_t(position);
    const bool dense = facts_of(layer.kind).dense;
    if (!dense && layer.n_in != layer.n_out) refuse(std::get<0>(spec) + " gives as many outputs as it has inputs");
    const std::vector<PartSpec>& parts = std::get<4>(spec);
    if (parts.size() != std::size_t(facts_of(layer.kind).arrays))
        refuse(std::get<0>(spec) + " has another number of arrays than " + std::to_string(parts.size()));
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Index rows = dense && i == 0 ? layer.n_in : 1;
        Part& part = layer.parts[i];
        std::vector<std::tuple<Index, double, bool>> terms;
        std::tie(part.begin, part.l1, part.l2, part.l1_batch, part.l2_batch, part.rate, terms) = parts[i];
        for (const auto& [penalty, strength, by_batch] : terms) {
            if (penalty < 0 || penalty >= n_penalties) refuse("there is no penalty " + std::to_string(penalty));
            part.terms.push_back({penalty, strength, by_batch});
        }
        if (part.begin < 0 || rows > n_theta / layer.n_out || part.begin > n_theta - rows * layer.n_out)
            refuse("array " + std::to_string(i) + " of layer " + std::to_string(position) + " lies outside theta");
    }
    return layer;
}

Optimizer make_optimizer(const std::string& name, const Settings& settings, Index states, std::int64_t iterations) {
    Optimizer o;
    o.iterations = iterations;
    o.learning_rate = setting(settings, "learning_rate"), o.decay = setting(settings, "decay");
    if (name == "SGD") {
        o.momentum = setting(settings, "momentum"), o.weight_decay = setting(settings, "weight_decay");
        const bool nesterov = setting(settings, "nesterov") != 0;
        o.kind = o.momentum == 0 ? OptimizerKind::SGD : nesterov ? OptimizerKind::Nesterov : OptimizerKind::Momentum;
        o.states = o.momentum == 0 ? 0 : 1;
    } else if (name == "Adagrad") {
        o.kind = OptimizerKind::Adagrad, o.epsilon = setting(settings, "epsilon"), o.states = 1;
    } else if (name == "RMSprop") {
        o.kind = OptimizerKind::RMSprop, o.states = 1;
        o.beta_2 = setting(settings, "rho"), o.epsilon = setting(settings, "epsilon");
    } else if (name == "Adam" || name == "AdamW") {
        o.kind = name == "Adam" ? OptimizerKind::Adam : OptimizerKind::AdamW, o.states = 2;
        o.beta_1 = setting(settings, "beta_1"), o.beta_2 = setting(settings, "beta_2");
        o.epsilon = setting(settings, "epsilon"), o.epsilon_hat = setting(settings, "epsilon_hat") != 0;
        if (name == "AdamW") o.weight_decay = setting(settings, "weight_decay");
    } else {
        refuse("there is no native optimizer " + name);
    }
    if (o.states != states) refuse(name + " has " + std::to_string(o.states) + " states; got " + std::to_string(states));
    return o;
}

// A custom optimizer: (its formulas, how many scalars they have, those of each step)
using RuleSpec = std::tuple<CodeSpec, Index, Object>;

Optimizer custom_optimizer(const CodeSpec& rule, Index scalars, Index states, std::int64_t iterations) {
    if (states > MOST_STATES) refuse("a custom optimizer has at most " + std::to_string(MOST_STATES) + " states");
    if (scalars < 0 || scalars > MOST_SLOTS) refuse("a custom optimizer has at most " + std::to_string(MOST_SLOTS) + " scalars");
    Optimizer o;
    o.kind = OptimizerKind::Custom, o.states = int(states), o.scalar_count = scalars, o.iterations = iterations;
    o.rule = make_code(rule, 2 + int(states + scalars), std::size_t(states) + 1);
    return o;
}

// ---------------------------------------------------------------- the executor

class Native {
public:
    Native(const std::vector<LayerSpec>& layers, const std::optional<LossSpec>& loss, Index n_theta, const std::string& dtype,
           bool sparse, const std::vector<std::pair<CodeSpec, CodeSpec>>& penalties) {
        if (dtype != "float32" && dtype != "float64") refuse("dtype must be float32 or float64; got " + dtype);
        if (layers.empty()) refuse("a plan needs at least one layer");
        for (const auto& [f, slope] : penalties) plan_.penalties.push_back({make_code(f, 1), make_code(slope, 1)});
        wide_ = dtype == "float64";
        if (n_theta < 0 || n_theta > MOST) refuse("n_theta must be from 0 to 2^40");
        plan_.n_theta = n_theta;
        bool predicts = false;
        for (const LayerSpec& spec : layers) {
            Layer layer = make_layer(spec, Index(plan_.layers.size()), n_theta, Index(penalties.size()));
            if (!plan_.layers.empty() && plan_.layers.back().n_out != layer.n_in)
                refuse("layer " + std::to_string(plan_.layers.size()) + " has another number of inputs than the layer before it gives");
            predicts |= layer.kind != Kind::Dropout;
            plan_.layers.push_back(std::move(layer));
        }
        if (!predicts) refuse("a plan needs a layer besides dropout");
        plan_.n_in = plan_.layers.front().n_in, plan_.n_out = plan_.layers.back().n_out;
        if (sparse) {
            Kind& first = plan_.layers.front().kind;
            if (first != Kind::Dense) refuse("sparse rows need a dense layer first");
            first = Kind::SparseDense;
        }
        if (loss) {
            const auto& custom = std::get<3>(*loss);
            const LossName own{"", LossKind::Custom, nullptr};
            const LossName& name = custom ? own : by_name(LOSSES, std::get<0>(*loss), "loss");
            const Settings& settings = std::get<1>(*loss);
            if (custom) plan_.loss.f = make_code(custom->first, 2), plan_.loss.slope = make_code(custom->second, 2);
            plan_.has_loss = true;
            plan_.loss.kind = name.kind;
            if (name.a) plan_.loss.a = setting(settings, name.a);
            if (settings.contains("reduction")) plan_.loss.mean = nb::cast<std::string>(settings["reduction"]) == "mean";
            if (settings.contains("pos_weight")) read_positive(settings["pos_weight"]);
            plan_.loss.fused = std::get<2>(*loss);
            const Layer& last = plan_.layers.back();
            const bool sigmoid = last.kind == Kind::Activation && last.formula == Formula::Sigmoid;
            const bool fits = (name.kind == LossKind::CategoricalCrossEntropy && last.kind == Kind::Softmax) ||
                              (name.kind == LossKind::BinaryCrossEntropy && sigmoid);
            if (plan_.loss.fused && !fits) refuse("the loss cannot be fused with the last layer");
        }
        engine_.reset(isa().table->make(plan_, wide_));
    }

    // X is an array; or, for sparse rows, the tuple (starts, columns, values) of a CSR matrix whose columns ascend.
    void set_data(Object X, std::optional<Object> offset, std::optional<Object> factor, std::optional<Object> labels,
                  std::optional<std::pair<double, double>> levels, std::optional<Object> dense, std::optional<Object> weights,
                  bool by_rows, const std::string& answers, double threshold) {
        const Use use(*this);
        Data data;
        std::vector<Array> held;
        const char* number = wide_ ? "d" : "f";
        auto hold = [&](Array array) { held.push_back(std::move(array)); };
        data.n = read_rows(held, X, data), data.n_in = plan_.n_in;
        read_scaling(offset, factor, data);
        if (labels.has_value() == dense.has_value() || labels.has_value() != levels.has_value())
            refuse("give either labels and levels, or dense");
        if (labels) {
            std::tie(data.off, data.on) = *levels;
            const Index classes = plan_.n_out > 1 ? plan_.n_out : 2;
            const Array array(*labels, "labels", 1, "q");
            array.must_have({data.n});
            const auto* from = static_cast<const std::int64_t*>(array.data());
            data.labels.resize(std::size_t(data.n));
            for (Index i = 0; i < data.n; ++i) {
                if (from[i] < 0 || from[i] >= classes || from[i] > INT32_MAX)
                    array.fail("[" + std::to_string(i) + "] is " + std::to_string(from[i]) + "; there are " +
                               std::to_string(classes) + " classes");
                data.labels[std::size_t(i)] = std::int32_t(from[i]);
            }
        } else {
            hold(Array(*dense, "dense", 2, number));
            data.dense = held.back().data();
            held.back().must_have({data.n, plan_.n_out});
        }
        if (weights) {
            hold(Array(*weights, "weights", 1, number));
            data.weights = held.back().data(), data.by_rows = by_rows;
            held.back().must_have({data.n});
        }
        if (answers == "label" && (!labels || plan_.n_out == 1)) refuse("answers by label need labels and several outputs");
        if (answers != "none" && answers != "label" && answers != "greatest" && answers != "share")
            refuse("answers must be none, label, greatest or share");
        data.answers = answers == "label" ? Answers::label : answers == "greatest" ? Answers::greatest
                     : answers == "share" ? Answers::share : Answers::none;
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

    nb::tuple run(Object theta, Object grad, const std::vector<Object>& states, const std::string& optimizer, const Settings& settings,
                  std::int64_t iterations, Index batch_size, Index first, Index last, Index epochs, std::int64_t step,
                  std::uint64_t seed, std::optional<Object> order, bool learn, int threads, std::optional<Object> poll,
                  std::optional<Object> rates, std::optional<double> clip_norm, const std::vector<Index>& frozen,
                  std::optional<Object> so_far, const std::optional<RuleSpec>& rule) {
        const Use use(*this);
        if (!plan_.has_loss || !data_.n) refuse("run needs a loss and data");
        const char* number = wide_ ? "d" : "f";
        std::vector<Array> held;
        Run run;
        run.theta = vector(held, theta, "theta", number);
        run.grad = vector(held, grad, "grad", number);
        run.optimizer = rule ? custom_optimizer(std::get<0>(*rule), std::get<1>(*rule), Index(states.size()), iterations)
                             : make_optimizer(optimizer, settings, Index(states.size()), iterations);
        for (std::size_t i = 0; i < states.size(); ++i) run.states[i] = vector(held, states[i], "a state", number);
        run.batch = count(batch_size, "batch_size");
        const Index steps = (data_.n + lesser(run.batch, data_.n) - 1) / lesser(run.batch, data_.n);
        if (first < 0 || last > steps || first >= last || epochs < 1 || epochs > MOST || (epochs > 1 && (first > 0 || last < steps)))
            refuse("steps " + std::to_string(first) + " to " + std::to_string(last) + " are not steps of an epoch of " + std::to_string(steps));
        if (step < 0 || iterations < 0) refuse("step and iterations must be at least 0");
        run.first = first, run.last = last, run.epochs = epochs, run.step = step, run.seed = seed, run.learn = learn;
        run.threads = thread_count(threads);
        if (order) set_order(*order);
        run.order = order ? order_.data() : nullptr;
        std::vector<Sums> sums(std::size_t(epochs) + 1);
        run.sums = sums.data();
        if (so_far) sums[0] = from_row(Array(*so_far, "so_far", 1, "d"));
        if (rates) {
            held.emplace_back(*rates, "rates", 1, "d");
            held.back().must_have({epochs * (last - first)});
            run.rates = static_cast<const double*>(held.back().data());
        }
        if (rule) {
            held.emplace_back(std::get<2>(*rule), "scalars", 2, "d");
            held.back().must_have({epochs * (last - first), std::get<1>(*rule)});
            run.optimizer.scalars = static_cast<const double*>(held.back().data());
        }
        if (clip_norm && !(*clip_norm > 0)) refuse("clip_norm must be above 0; got " + std::to_string(*clip_norm));
        run.clip_norm = clip_norm.value_or(0);
        std::vector<std::uint8_t> still(plan_.layers.size());
        for (const Index layer : frozen) {
            if (layer < 0 || layer >= Index(still.size())) refuse("there is no layer " + std::to_string(layer) + " to be frozen");
            still[std::size_t(layer)] = 1;
        }
        run.frozen = frozen.empty() ? nullptr : still.data();
        run.poll_context = poll ? poll->ptr() : nullptr;
        if (poll) run.poll = asked_to_stop;
        {
            const Released released;
            engine_->run(run);
        }
        if (PyErr_Occurred()) throw nb::python_error();
        nb::list rows;
        for (Index e = 0; e < epochs; ++e) rows.append(row(sums[std::size_t(e)]));
        return nb::make_tuple(run.made, run.finite, run.newest, rows);
    }

    nb::tuple evaluate(Object theta, std::optional<Object> outputs, int threads) {
        const Use use(*this);
        if (!plan_.has_loss || !data_.n) refuse("evaluate needs a loss and data");
        const char* number = wide_ ? "d" : "f";
        std::vector<Array> held;
        void* parameters = vector(held, theta, "theta", number, false);
        void* out = nullptr;
        if (outputs) {
            held.emplace_back(*outputs, "outputs", 2, number, true);
            held.back().must_have({data_.n, plan_.n_out});
            out = held.back().data();
        }
        Sums sums;
        const int n = thread_count(threads);
        {
            const Released released;
            engine_->evaluate(parameters, out, sums, n);
        }
        return row(sums);
    }

    bool outputs(Object theta, Object X, Object out, int threads) {
        const char* number = wide_ ? "d" : "f";
        std::vector<Array> held;
        Input rows;
        const Index n = read_rows(held, X, rows);
        const Array parameters(theta, "theta", 1, number), outputs(out, "out", 2, number, true);
        parameters.must_have({plan_.n_theta});
        outputs.must_have({n, plan_.n_out});
        if (!ready_) refuse("outputs needs set_data or set_scaling first");
        const int t = thread_count(threads);
        if (n < 16) return engine_->outputs(parameters.data(), rows, n, outputs.data(), 1);
        const Released released;
        return engine_->outputs(parameters.data(), rows, n, outputs.data(), t);
    }

private:
    // One caller at a time: the memory of a run is the executor's own.
    class Use {
    public:
        explicit Use(Native& native) : native_(native) {
            if (native.busy_.exchange(true)) throw std::runtime_error("this executor is at work already, in another call");
        }
        ~Use() { native_.busy_.store(false); }

    private:
        Native& native_;
    };

    static Index lesser(Index a, Index b) { return a < b ? a : b; }

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
        if (!nb::isinstance<nb::tuple>(X) || nb::len(X) != 3) refuse("sparse rows are a tuple (starts, columns, values)");
        for (int i = 0; i < 3; ++i) parts[i] = PyTuple_GetItem(X.ptr(), i);
        held.emplace_back(parts[0], "starts", 1, "q");
        held.emplace_back(parts[1], "columns", 1, "iq");
        held.emplace_back(parts[2], "values", 1, wide_ ? "d" : "f");
        const Array *of = &held[held.size() - 3], &starts = of[0], &columns = of[1], &values = of[2];
        const Index n = count(starts.size(0) - 1, "the number of rows");
        rows.starts = static_cast<const std::int64_t*>(starts.data());
        rows.columns = columns.data(), rows.wide_columns = columns.type() == 'q';
        rows.X = values.data(), rows.element = wide_ ? Element::f64 : Element::f32;
        const Index entries = lesser(columns.size(0), values.size(0));
        if (rows.starts[0] != 0 || rows.starts[n] > entries) starts.fail("must begin at 0 and end within columns and values");
        for (Index r = 0; r < n; ++r)
            if (rows.starts[r] > rows.starts[r + 1]) starts.fail("must not descend");
        const bool ascend = rows.wide_columns ? columns_ascend<std::int64_t>(rows, n) : columns_ascend<std::int32_t>(rows, n);
        if (!ascend) columns.fail("must ascend within each row, from 0 to " + std::to_string(plan_.n_in - 1) + " at most");
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

    void* vector(std::vector<Array>& held, Object object, const char* name, const char* number, bool writable = true) const {
        held.emplace_back(object, name, 1, number, writable);
        held.back().must_have({plan_.n_theta});
        return held.back().data();
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

    // How much a yes counts: a number for all outputs, or one for each.
    void read_positive(nb::handle value) {
        if (value.is_none()) return;
        std::vector<double>& positive = plan_.loss.positive;
        if (nb::isinstance<nb::tuple>(value))
            for (nb::handle p : nb::cast<nb::tuple>(value)) positive.push_back(nb::cast<double>(p));
        else
            positive.assign(std::size_t(plan_.n_out), nb::cast<double>(value));
        if (Index(positive.size()) != plan_.n_out) refuse("pos_weight must be a number, or one for each output");
        for (double p : positive)
            if (!(p > 0)) refuse("pos_weight must be above 0");
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
        isa().table->apply32(which, static_cast<const float*>(from.data()), static_cast<float*>(to.data()), from.size(0));
    else
        isa().table->apply64(which, static_cast<const double*>(from.data()), static_cast<double*>(to.data()), from.size(0));
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
            order.fail("[" + std::to_string(i) + "] is " + std::to_string(job.rows[i]) + "; there are " + std::to_string(from.size(0)) + " rows");
    Array of_rows, of_columns;
    if (smoothing) {
        of_rows = Array(smoothing->first, "smoothing", 2, "f"), of_columns = Array(smoothing->second, "smoothing", 2, "f");
        of_rows.must_have({job.height, job.height}), of_columns.must_have({job.width, job.width});
        job.of_rows = static_cast<const float*>(of_rows.data()), job.of_columns = static_cast<const float*>(of_columns.data());
    }
    job.shift = setting(settings, "shift"), job.whole_shift = setting(settings, "whole_shift") != 0;
    job.rotation = setting(settings, "rotation"), job.scale = setting(settings, "scale"), job.shear = setting(settings, "shear");
    job.noise = setting(settings, "noise"), job.fill = setting(settings, "fill");
    job.seed = seed, job.epoch = epoch, job.threads = thread_count(threads);
    const Released released;
    isa().table->augment(job);
}

template <class Names>
nb::list names_of(const Names& names) {
    nb::list list;
    for (const auto& item : names) list.append(item.name);
    return list;
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
    nb::list optimizers, penalties;
    for (const char* name : OPTIMIZERS) optimizers.append(name);
    for (const char* name : PENALTIES) penalties.append(name);
    m.attr("optimizers") = optimizers;
    m.attr("penalties") = penalties;
    m.def("isa", [] { return isa().name; }, "The instruction set in use.");
    m.def("apply", &apply, "function"_a, "x"_a, "out"_a);
    m.def("augment", &augment, "X"_a, "rows"_a, "seed"_a, "epoch"_a, "out"_a, "settings"_a, "smoothing"_a.none(), "threads"_a);
    nb::class_<Native>(m, "Native")
        .def(nb::init<const std::vector<LayerSpec>&, const std::optional<LossSpec>&, Index, const std::string&, bool,
                      const std::vector<std::pair<CodeSpec, CodeSpec>>&>(),
             "layers"_a, "loss"_a.none(), "n_theta"_a, "dtype"_a, "sparse"_a = false,
             "penalties"_a = std::vector<std::pair<CodeSpec, CodeSpec>>())
        .def("set_data", &Native::set_data, "X"_a, "offset"_a.none(), "factor"_a.none(), "labels"_a.none(), "levels"_a.none(),
             "dense"_a.none(), "weights"_a.none(), "by_rows"_a, "answers"_a, "threshold"_a = 0.5)
        .def("set_scaling", &Native::set_scaling, "offset"_a.none(), "factor"_a.none())
        .def("run", &Native::run, "theta"_a, "grad"_a, "states"_a, "optimizer"_a, "settings"_a, "iterations"_a, "batch_size"_a,
             "first"_a, "last"_a, "epochs"_a, "step"_a, "seed"_a, "order"_a.none(), "learn"_a, "threads"_a, "poll"_a.none(),
             "rates"_a.none() = nb::none(), "clip_norm"_a.none() = nb::none(), "frozen"_a = std::vector<Index>(),
             "so_far"_a.none() = nb::none(), "rule"_a.none() = nb::none())
        .def("evaluate", &Native::evaluate, "theta"_a, "outputs"_a.none(), "threads"_a)
        .def("outputs", &Native::outputs, "theta"_a, "X"_a, "out"_a, "threads"_a);
}

}  // namespace lw
