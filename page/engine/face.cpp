// The engine as JavaScript calls it. A function takes one value (value.h), a map of what Python gives by the same names,
// and leaves numbers for result().
#include "activations.h"
#include "executor.h"
#include "initializers.h"
#include "philox.h"
#include "scaling.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name), used))

extern "C" __attribute__((import_module("page"), import_name("refuse"), noreturn)) void page_refuse(const char* text,
                                                                                                    std::size_t length);

namespace lw {

[[noreturn]] void refuse(const std::string& text) { page_refuse(text.data(), text.size()); }

namespace {

// ---------------------------------------------------------------- what a map holds

const Value* optional(const Value& map, const char* name) {
    const Value* found = map.find(name);
    return found && found->type != Value::NONE ? found : nullptr;
}
const Value& wanted(const Value& map, const char* name, Value::Type type) {
    const Value* found = map.find(name);
    if (!found) refuse(std::string(name) + " is missing");
    if (found->type != type) refuse(std::string(name) + " has another type than it must have");
    return *found;
}
double number(const Value& map, const char* name) { return wanted(map, name, Value::NUMBER).number; }

Index whole(const Value& value, const char* name) {
    const double n = value.number;
    if (value.type != Value::NUMBER || !(n >= -0x1p31 && n < 0x1p31) || n != double(Index(n)))
        refuse(std::string(name) + " must be a whole number of 32 bits");
    return Index(n);
}
Index whole(const Value& map, const char* name, const char*) { return whole(wanted(map, name, Value::NUMBER), name); }
std::int64_t long_number(const Value& map, const char* name) {
    const double n = number(map, name);
    if (!(n >= -0x1p53 && n <= 0x1p53)) refuse(std::string(name) + " must be a whole number");
    return std::int64_t(n);
}
std::optional<Object> object(const Value& map, const char* name) {
    const Value* found = optional(map, name);
    return found ? std::optional<Object>(Object(*found)) : std::nullopt;
}
std::vector<double> numbers(const Value& list, const char* name) {
    std::vector<double> found;
    if (list.type != Value::LIST) refuse(std::string(name) + " must be a list of numbers");
    for (const Value& item : list.items) {
        if (item.type != Value::NUMBER) refuse(std::string(name) + " must be a list of numbers");
        found.push_back(item.number);
    }
    return found;
}
template <class Whole>
std::vector<Whole> wholes(const Value& list, const char* name) {
    std::vector<Whole> found;
    if (list.type != Value::LIST) refuse(std::string(name) + " must be a list of numbers");
    for (const Value& item : list.items) found.push_back(Whole(whole(item, name)));
    return found;
}

// ---------------------------------------------------------------- the plan

Settings settings(const Value& map) {
    Settings all;
    const Value& given = wanted(map, "settings", Value::MAP);
    for (std::size_t i = 0; i < given.items.size(); ++i) {
        const Value& value = given.items[i];
        Setting one;
        one.name = given.names[i];
        switch (value.type) {
            case Value::NUMBER: one.number = value.number; break;
            case Value::TEXT: one.type = Setting::TEXT, one.text = value.text; break;
            default: one.type = Setting::NUMBERS, one.numbers = numbers(value, given.names[i].c_str());
        }
        all.add(std::move(one));
    }
    return all;
}

CodeSpec code(const Value& map, const char* name) {
    const Value& given = wanted(map, name, Value::MAP);
    std::vector<std::vector<int>> instructions;
    for (const Value& line : wanted(given, "instructions", Value::LIST).items)
        instructions.push_back(wholes<int>(line, "instructions"));
    return {std::move(instructions), numbers(wanted(given, "numbers", Value::LIST), "numbers"),
            int(whole(given, "slots", "")), wholes<int>(wanted(given, "results", Value::LIST), "results")};
}

std::optional<CodePair> pair(const Value& map) {
    const Value* found = optional(map, "formulas");
    if (!found) return std::nullopt;
    return CodePair{code(*found, "f"), code(*found, "slope")};
}

Part part(const Value& given) {
    Part made;
    made.begin = whole(given, "begin", ""), made.rate = number(given, "rate");
    for (const Value& term : wanted(given, "terms", Value::LIST).items)
        made.terms.push_back({whole(term, "penalty", ""), number(term, "strength"), number(term, "by_batch") != 0});
    return made;
}

LayerSpec layer(const Value& given) {
    LayerSpec spec;
    spec.name = wanted(given, "name", Value::TEXT).text, spec.settings = settings(given);
    spec.n_in = whole(given, "n_in", ""), spec.n_out = whole(given, "n_out", "");
    for (const Value& one : wanted(given, "parts", Value::LIST).items) spec.parts.push_back(part(one));
    if (const Value* formula = optional(given, "formula"))
        spec.formula = FormulaSpec{code(*formula, "f"), code(*formula, "slope"), number(*formula, "reads_x") != 0,
                                   number(*formula, "reads_y") != 0};
    if (const Value* intervals = optional(given, "intervals"))
        spec.intervals = IntervalsSpec{wholes<Index>(wanted(*intervals, "column", Value::LIST), "column"),
                                       numbers(wanted(*intervals, "low", Value::LIST), "low"),
                                       numbers(wanted(*intervals, "factor", Value::LIST), "factor")};
    return spec;
}

Native* make_native(const Value& given) {
    std::vector<LayerSpec> layers;
    for (const Value& one : wanted(given, "layers", Value::LIST).items) layers.push_back(layer(one));
    std::optional<LossSpec> loss;
    if (const Value* one = optional(given, "loss"))
        loss = LossSpec{wanted(*one, "name", Value::TEXT).text, settings(*one), number(*one, "fused") != 0, pair(*one)};
    std::vector<PenaltySpec> penalties;
    for (const Value& one : wanted(given, "penalties", Value::LIST).items)
        penalties.push_back({wanted(one, "name", Value::TEXT).text, settings(one), pair(one)});
    return new Native(layers, loss, whole(given, "n_theta", ""), "float32", false, penalties);
}

Rule* make_rule(const Value& given) {
    return new Rule(lw::make_rule(whole(given, "states", ""), code(given, "formula"), code(given, "scalars"),
                                  whole(given, "numbers", ""), whole(given, "compiled", ""),
                                  whole(given, "descent", ""), number(given, "moves_without_gradient") != 0));
}

// ---------------------------------------------------------------- what is at work

// Executors and rules by the numbers that JavaScript has for them.
template <class T>
class Table {
public:
    double add(T* made) {
        all_.emplace_back(made);
        return double(all_.size() - 1);
    }
    T& get(const Value& map, const char* name) {
        const Index i = whole(map, name, "");
        if (i < 0 || i >= Index(all_.size()) || !all_[std::size_t(i)]) refuse(std::string("there is no such ") + name);
        return *all_[std::size_t(i)];
    }
    void drop(const Value& map, const char* name) {
        get(map, name);
        all_[std::size_t(whole(map, name, ""))].reset();
    }

private:
    std::vector<std::unique_ptr<T>> all_;
};

Table<Native> natives;
Table<Rule> rules;
std::vector<double> results;

void add_sums(const Sums& s) {
    for (const double x : {s.loss, s.weight, s.right, s.penalty, s.seconds, double(s.samples)}) results.push_back(x);
}

void set_data(const Value& given) {
    std::optional<std::pair<double, double>> levels;
    if (const Value* found = optional(given, "levels")) {
        const std::vector<double> two = numbers(*found, "levels");
        if (two.size() != 2) refuse("levels must be two numbers");
        levels = {two[0], two[1]};
    }
    natives.get(given, "native")
        .set_data(Object(wanted(given, "X", Value::ARRAY)), object(given, "offset"), object(given, "factor"),
                  object(given, "labels"), levels, object(given, "dense"), object(given, "weights"), false,
                  wanted(given, "answers", Value::TEXT).text, number(given, "threshold"));
}

void run(const Value& given) {
    const Training training(Object(wanted(given, "theta", Value::ARRAY)), Object(wanted(given, "grad", Value::ARRAY)),
                            whole(given, "batch_size", ""), std::uint64_t(long_number(given, "seed")));
    std::vector<Object> states;
    for (const Value& state : wanted(given, "states", Value::LIST).items) states.push_back(Object(state));
    const OptimizerSpec optimizer(rules.get(given, "rule"), numbers(wanted(given, "numbers", Value::LIST), "numbers"),
                                  number(given, "learning_rate"), number(given, "decay"),
                                  long_number(given, "iterations"), states);
    const Steps steps(whole(given, "first", ""), whole(given, "last", ""), long_number(given, "step"),
                      whole(given, "epochs", ""), object(given, "rates"));
    std::optional<double> clip_norm;
    if (const Value* found = optional(given, "clip_norm")) clip_norm = found->number;
    const Outcome outcome = natives.get(given, "native")
                                .run(training, optimizer, steps, object(given, "order"), number(given, "learn") != 0, 1,
                                     std::nullopt, clip_norm, {}, object(given, "so_far"));
    results = {double(outcome.made), outcome.finite ? 1.0 : 0.0, outcome.newest};
    for (const Sums& sums : outcome.epochs) add_sums(sums);
}

// ---------------------------------------------------------------- random numbers, and formulas of single numbers

// The generator of data/philox.py: its key is the seed, and purpose · 2^60 + index.
Generator generator(const Value& given) {
    return {std::uint64_t(long_number(given, "seed")),
            (std::uint64_t(whole(given, "purpose", "")) << 60) + std::uint64_t(long_number(given, "index"))};
}

// The order of the rows, into int64; or numbers on [low, high), or normal ones, into float64.
void draw(const Value& given) {
    Generator random = generator(given);
    const std::string& kind = wanted(given, "kind", Value::TEXT).text;
    const bool order = kind == "permutation";
    const Array to(Object(wanted(given, "out", Value::ARRAY)), "out", 1, order ? "q" : "d", true);
    if (order) return random.permutation(to.size(0), static_cast<std::int64_t*>(to.data()));
    if (kind != "normal" && kind != "uniform") refuse("there is no draw of " + kind);
    auto* out = static_cast<double*>(to.data());
    const double low = number(given, "low"), high = number(given, "high");
    for (Index i = 0; i < to.size(0); ++i)
        out[i] = kind == "normal" ? random.normal() : low + (high - low) * random.uniform();
}

// The first weights of an array, one generator after the other: of each group of units, rows of columns.
void initialize(const Value& given) {
    Generator random = generator(given);
    const Array to(Object(wanted(given, "out", Value::ARRAY)), "out", 1, "f", true);
    auto* theta = static_cast<float*>(to.data());
    for (const Value& one : wanted(given, "arrays", Value::LIST).items) {
        const Index begin = whole(one, "begin", ""), rows = whole(one, "rows", ""), columns = whole(one, "columns", ""),
                    groups = whole(one, "groups", "");
        if (begin < 0 || rows < 1 || columns < 1 || groups < 1 || columns % groups || rows > to.size(0) / columns ||
            begin > to.size(0) - rows * columns)
            refuse("an array lies outside theta");
        const Initializer first(wanted(one, "initializer", Value::TEXT).text, number(one, "number"), rows,
                                columns / groups);
        for (Index g = 0; g < groups; ++g)
            for (Index i = 0; i < rows; ++i)
                for (Index j = 0; j < columns / groups; ++j)
                    theta[begin + i * columns + g * (columns / groups) + j] = float(first.draw(random));
    }
}

// Numbers of a formula's input.
class Column {
public:
    Column(const Value& given, Index n) : one_(given.number), list_(given.type == Value::LIST) {
        if (list_) values_ = numbers(given, "inputs");
        if (given.type == Value::ARRAY) array_ = Array(Object(given), "inputs", 1, "f");
        const Index size = list_ ? Index(values_.size()) : array_.data() ? array_.size(0) : n;
        if (size != n || n < 0) refuse("inputs must be as many of each");
    }
    double at(Index i) const {
        if (list_) return values_[std::size_t(i)];
        return array_.data() ? double(static_cast<const float*>(array_.data())[i]) : one_;
    }

private:
    double one_;
    bool list_;
    std::vector<double> values_;
    Array array_;
};

// The offsets of all columns, then their factors.
void fit(const Value& given) {
    const Array X(Object(wanted(given, "X", Value::ARRAY)), "X", 2, "Bfd");
    const std::string& kind = wanted(given, "kind", Value::TEXT).text;
    const double low = number(given, "to_low"), high = number(given, "to_high");
    const Index n = X.size(0), columns = X.size(1);
    if (n < 1) refuse("a scaler needs rows");
    const auto of = [&](auto* from) { return fit_scaler(kind, low, high, from, n, columns); };
    const Scaling made = X.type() == 'B'   ? of(static_cast<const std::uint8_t*>(X.data()))
                         : X.type() == 'f' ? of(static_cast<const float*>(X.data()))
                                           : of(static_cast<const double*>(X.data()));
    results = made.offset;
    results.insert(results.end(), made.factor.begin(), made.factor.end());
}

// A formula of single numbers, such as a schedule's, for each column of inputs: lists, arrays, or one number for all.
void compute(const Value& given) {
    const Value& rows = wanted(given, "inputs", Value::LIST);
    const Code formula = make_code(code(given, "code"), int(rows.items.size()));
    const Index n = whole(given, "count", "");
    std::vector<Column> inputs;
    for (const Value& row : rows.items) inputs.emplace_back(row, n);
    std::vector<double> column(inputs.size());
    results.resize(std::size_t(n));
    for (Index i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < inputs.size(); ++k) column[k] = inputs[k].at(i);
        baseline::find_scalars(formula, column.data(), &results[std::size_t(i)]);
    }
}

// ---------------------------------------------------------------- what a step's numbers are made of

// A dropout's mask for n rows of a step, as numbers on [0, 1).
void mask(const Value& given) {
    const Array to(Object(wanted(given, "out", Value::ARRAY)), "out", 1, "f", true);
    baseline::draw(std::uint64_t(long_number(given, "seed")), std::uint64_t(long_number(given, "step")),
                   std::uint32_t(whole(given, "position", "")), 0, to.size(0), static_cast<float*>(to.data()));
}

// Rows brought to mean 0 and variance 1, over each row or over each column: into `normal`; then to results the means,
// the variances and 1 / sqrt(variance + epsilon).
void normalize(const Value& given) {
    const Array x(Object(wanted(given, "x", Value::ARRAY)), "x", 2, "f"),
        to(Object(wanted(given, "normal", Value::ARRAY)), "normal", 2, "f", true);
    const Index n = x.size(0), m = x.size(1);
    to.must_have({n, m});
    const bool over_rows = number(given, "over_rows") != 0;
    const double epsilon = number(given, "epsilon");
    const Index groups = over_rows ? m : n, each = over_rows ? n : m;
    const Index next = over_rows ? m : 1, apart = over_rows ? 1 : m;
    const auto* from = static_cast<const float*>(x.data());
    auto* normal = static_cast<float*>(to.data());
    results.resize(std::size_t(3 * groups));
    for (Index g = 0; g < groups; ++g) {
        double mean = 0, square = 0;
        for (Index i = 0; i < each; ++i) mean += from[g * apart + i * next];
        mean /= double(each);
        for (Index i = 0; i < each; ++i)
            square += (from[g * apart + i * next] - mean) * (from[g * apart + i * next] - mean);
        const double inverse = 1 / std::sqrt(square / double(each) + epsilon);
        for (Index i = 0; i < each; ++i)
            normal[g * apart + i * next] = float((from[g * apart + i * next] - mean) * inverse);
        double* found = &results[std::size_t(g)];
        found[0] = mean, found[groups] = square / double(each), found[2 * groups] = inverse;
    }
}

}  // namespace
}  // namespace lw

using namespace lw;

namespace {

Value read(const double* from, std::size_t count) {
    results.clear();
    return Reader(from, count).read();
}

}  // namespace

EXPORT(allocate) void* page_allocate(std::size_t bytes) { return allocate_lines(bytes); }
EXPORT(release) void page_release(void* p) { free_lines(p); }
EXPORT(results) const double* page_results() { return results.data(); }
EXPORT(result_count) std::size_t page_result_count() { return results.size(); }

EXPORT(make_native) void page_make_native(const double* from, std::size_t count) {
    results = {natives.add(make_native(read(from, count)))};
}
EXPORT(drop_native) void page_drop_native(const double* from, std::size_t count) {
    natives.drop(read(from, count), "native");
}
EXPORT(make_rule) void page_make_rule(const double* from, std::size_t count) {
    results = {rules.add(make_rule(read(from, count)))};
}
EXPORT(set_data) void page_set_data(const double* from, std::size_t count) { set_data(read(from, count)); }
EXPORT(set_scaling) void page_set_scaling(const double* from, std::size_t count) {
    const Value given = read(from, count);
    natives.get(given, "native").set_scaling(object(given, "offset"), object(given, "factor"));
}
EXPORT(run) void page_run(const double* from, std::size_t count) { run(read(from, count)); }
EXPORT(draw) void page_draw(const double* from, std::size_t count) { draw(read(from, count)); }
EXPORT(initialize) void page_initialize(const double* from, std::size_t count) { initialize(read(from, count)); }
EXPORT(mask) void page_mask(const double* from, std::size_t count) { mask(read(from, count)); }
EXPORT(normalize) void page_normalize(const double* from, std::size_t count) { normalize(read(from, count)); }
EXPORT(fit_scaler) void page_fit(const double* from, std::size_t count) { fit(read(from, count)); }
EXPORT(compute) void page_compute(const double* from, std::size_t count) { compute(read(from, count)); }
EXPORT(evaluate) void page_evaluate(const double* from, std::size_t count) {
    const Value given = read(from, count);
    add_sums(natives.get(given, "native")
                 .evaluate(Object(wanted(given, "theta", Value::ARRAY)), object(given, "outputs"), 1));
}
EXPORT(outputs) void page_outputs(const double* from, std::size_t count) {
    const Value given = read(from, count);
    results = {natives.get(given, "native")
                       .outputs(Object(wanted(given, "theta", Value::ARRAY)), Object(wanted(given, "X", Value::ARRAY)),
                                Object(wanted(given, "out", Value::ARRAY)), 1)
                   ? 1.0
                   : 0.0};
}
