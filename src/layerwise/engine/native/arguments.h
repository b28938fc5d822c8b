// What Python or a page gives, by name, read into the plan and the arguments of a run. Everything is checked here and in
// executor.h, so that nothing behind them can go wrong.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "host.h"
#include "plan.h"
#include "settings.h"

namespace lw {

struct LayerName {
    const char* name;
    Kind kind;
    const char *a, *b;  // what the two numbers are called
};
constexpr LayerName LAYERS[] = {
    {"Dense", Kind::Dense, "groups", nullptr},
    {"Dropout", Kind::Dropout, "rate", nullptr},
    {"Softmax", Kind::Softmax, nullptr, nullptr},
    {"Scale", Kind::Scale, nullptr, nullptr},
    {"LayerNorm", Kind::LayerNorm, "epsilon", nullptr},
    {"BatchNorm", Kind::BatchNorm, "momentum", "epsilon"},
    {"PiecewiseLinear", Kind::Piecewise, nullptr, nullptr},
};

template <class Names>
const auto& by_name(const Names& names, const std::string& name, const char* what) {
    for (const auto& item : names)
        if (name == item.name) return item;
    refuse(std::string("there is no native ") + what + " " + name);
}

// By the letter that it has in Python's buffers.
constexpr const char* NUMBERS = "?BbHhIiQqfd";
inline Element element(char type) {
    switch (type) {
        case '?':
        case 'B': return Element::u8;
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

constexpr int MOST_BITS = sizeof(Index) == 8 ? 40 : 28;  // an array of 2^28 numbers fits into the memory of 32 bits
constexpr Index MOST = Index(1) << MOST_BITS;
inline std::string most() { return "2^" + std::to_string(MOST_BITS); }
constexpr Index GROUP_OF = 16;  // inputs and units, or a multiple: a whole line in either precision

inline Index count(Index n, const char* what) {
    if (n < 1 || n > MOST) refuse(std::string(what) + " must be from 1 to " + most() + "; got " + std::to_string(n));
    return n;
}

inline int thread_count(int threads) {
    if (threads < 1 || threads > 1024) refuse("threads must be from 1 to 1024; got " + std::to_string(threads));
    return threads;
}

// A formula for the interpreter: (instructions of five numbers each, the numbers in its slots, how many slots, those of
// the results)
using CodeSpec = std::tuple<std::vector<std::vector<int>>, std::vector<double>, int, std::vector<int>>;
// A custom activation: (f, its derivative, whether that reads x, and y)
using FormulaSpec = std::tuple<CodeSpec, CodeSpec, bool, bool>;
// A custom loss or penalty: f and its derivative
using CodePair = std::pair<CodeSpec, CodeSpec>;
// The intervals of a piecewise linear layer: (columns, low, factor)
using IntervalsSpec = std::tuple<std::vector<Index>, std::vector<double>, std::vector<double>>;

struct LayerSpec {
    std::string name;
    Settings settings;
    Index n_in, n_out;
    std::vector<Part> parts;
    std::optional<FormulaSpec> formula;      // of a custom activation
    std::optional<IntervalsSpec> intervals;  // of a piecewise linear layer
};

struct LossSpec {
    std::string name;
    Settings settings;
    bool fused;
    std::optional<CodePair> formulas;  // of a custom one
};

struct PenaltySpec {
    std::string name;
    Settings settings;
    std::optional<CodePair> formulas;  // of a custom one
};

inline Code make_code(const CodeSpec& spec, int inputs, std::size_t count = 1) {
    const auto& [lines, numbers, slots, results] = spec;
    const int fixed = inputs + int(numbers.size());
    if (numbers.size() >= MOST_SLOTS || slots > MOST_SLOTS || slots < fixed)
        refuse("a formula has at most " + std::to_string(MOST_SLOTS) + " slots");
    Code code;
    code.inputs = inputs, code.numbers = numbers, code.results = results;
    if (results.size() != count)
        refuse("a formula has another number of results than " + std::to_string(results.size()));
    for (const int result : results)
        if (result < 0 || result >= slots) refuse("a formula's result is in a slot that is not there");
    for (const std::vector<int>& line : lines) {
        if (line.size() != 5 || line[0] < 0 || line[0] >= OPERATIONS || line[4] < fixed || line[4] >= slots)
            refuse("an instruction of a formula is none that there is");
        for (int i = 1; i < 4; ++i)
            if (line[std::size_t(i)] < 0 || line[std::size_t(i)] >= slots)
                refuse("an instruction reads a slot that is not there");
        const auto slot = [&](int i) { return static_cast<unsigned char>(line[std::size_t(i)]); };
        code.instructions.push_back({Operation(line[0]), slot(1), slot(2), slot(3), slot(4)});
    }
    return code;
}

inline void read_formula(const LayerSpec& spec, Layer& layer) {
    layer.kind = Kind::Activation;
    if (const std::optional<FormulaSpec>& formula = spec.formula) {
        layer.formula = Formula::Custom;
        layer.f = make_code(std::get<0>(*formula), 1), layer.slope = make_code(std::get<1>(*formula), 1);
        layer.reads_x = std::get<2>(*formula), layer.reads_y = std::get<3>(*formula);
        return;
    }
    const FormulaFacts& facts = by_name(FORMULAS, spec.name, "layer");
    layer.formula = Formula(&facts - FORMULAS);
    layer.reads_x = facts.reads_x, layer.reads_y = facts.reads_y;
    for (int i = 0; i < MOST_NUMBERS && facts.numbers[i]; ++i)
        layer.numbers[i] = setting(spec.settings, facts.numbers[i]);
}

// The native body has groups of whole lines alone.
inline void read_groups(Layer& layer) {
    if (!(layer.a >= 1 && layer.a <= double(MOST))) refuse("a layer's groups must be 1 or more");
    layer.groups = Index(layer.a);
    const Index line = layer.groups == 1 ? 1 : GROUP_OF;
    if (layer.n_in % (layer.groups * line) || layer.n_out % (layer.groups * line))
        refuse("each of " + std::to_string(layer.groups) + " groups must have a multiple of " + std::to_string(line) +
               " inputs and units");
}

inline void read_intervals(const LayerSpec& spec, Layer& layer) {
    if (!spec.intervals) refuse(spec.name + " needs its intervals");
    const auto& [column, low, factor] = *spec.intervals;
    for (const Index c : column)
        if (c < 0 || c >= layer.n_in) refuse("an interval is of an input that is not there");
    if (low.size() != column.size() || factor.size() != column.size() ||
        layer.n_out != layer.n_in + Index(column.size()))
        refuse(spec.name + " gives its inputs, and a number for each interval");
    layer.intervals = {{column.begin(), column.end()}, low, factor};
}

inline Layer make_layer(const LayerSpec& spec, Index position, Index n_theta, Index n_penalties) {
    Layer layer{};
    bool is_activation = true;
    for (const LayerName& name : LAYERS) {
        if (spec.name != name.name || spec.formula) continue;
        is_activation = false, layer.kind = name.kind;
        if (name.a) layer.a = setting(spec.settings, name.a);
        if (name.b) layer.b = setting(spec.settings, name.b);
    }
    if (is_activation) read_formula(spec, layer);
    layer.n_in = count(spec.n_in, "n_in"), layer.n_out = count(spec.n_out, "n_out");
    layer.position = std::uint32_t(position);
    const bool dense = facts_of(layer.kind).dense;
    if (dense) read_groups(layer);
    if (layer.kind == Kind::Piecewise)
        read_intervals(spec, layer);
    else if (!dense && layer.n_in != layer.n_out)
        refuse(spec.name + " gives as many outputs as it has inputs");
    if (spec.parts.size() != std::size_t(facts_of(layer.kind).arrays))
        refuse(spec.name + " has another number of arrays than " + std::to_string(spec.parts.size()));
    for (std::size_t i = 0; i < spec.parts.size(); ++i) {
        const Index rows = dense && i == 0 ? layer.n_in / Index(layer.groups) : 1;
        const Part& part = layer.parts[i] = spec.parts[i];
        for (const Term& term : part.terms)
            if (term.penalty < 0 || term.penalty >= n_penalties)
                refuse("there is no penalty " + std::to_string(term.penalty));
        if (part.begin < 0 || rows > n_theta / layer.n_out || part.begin > n_theta - rows * layer.n_out)
            refuse("array " + std::to_string(i) + " of layer " + std::to_string(position) + " lies outside theta");
    }
    return layer;
}

// An optimizer's formula, read once: what it computes from what is said in plan.h.
inline Rule make_rule(Index states, const CodeSpec& formula, const CodeSpec& scalars, Index numbers, Index compiled,
                      Index descent, bool moves_without_gradient) {
    const Index count = Index(std::get<3>(scalars).size());
    if (states < 0 || states > MOST_STATES)
        refuse("an optimizer has at most " + std::to_string(MOST_STATES) + " states");
    if (numbers < 0 || 3 + numbers > MOST_SLOTS || count > MOST_SLOTS)
        refuse("an optimizer has at most " + std::to_string(MOST_SLOTS) + " numbers and scalars");
    if (compiled < -1 || compiled >= COMPILED_OPTIMIZERS || descent < -1 || descent >= count)
        refuse("there is no such formula, or no such scalar");
    if (compiled >= 0 && (OPTIMIZER_FACTS[compiled].states != states || OPTIMIZER_FACTS[compiled].scalars != count))
        refuse("the optimizer's formula has other states or scalars");
    Rule rule;
    rule.states = int(states);
    rule.formula = make_code(formula, 2 + int(states + count), std::size_t(states) + 1);
    rule.scalars = make_code(scalars, 3 + int(numbers), std::size_t(count));
    rule.compiled = int(compiled), rule.descent = int(descent), rule.moves_without_gradient = moves_without_gradient;
    return rule;
}

// Of several losses by one name the last whose numbers are all there.
inline const LossFacts& facts_of(const LossSpec& spec) {
    const LossFacts* found = &by_name(LOSSES, spec.name, "loss");
    for (const LossFacts& facts : LOSSES) {
        bool is_it = spec.name == facts.name;
        for (const char* number : facts.numbers) is_it = is_it && (!number || spec.settings.contains(number));
        if (is_it) found = &facts;
    }
    return *found;
}

// The numbers of a formula by their names; of each output, where one is a tuple.
template <class Names>
std::vector<Numbers> read_numbers(const Settings& settings, const Names& names, Index n_out) {
    std::vector<Numbers> found(1);
    for (int i = 0; i < MOST_NUMBERS && names[i]; ++i) {
        const Setting* given = settings.find(names[i]);
        if (!given || given->type != Setting::NUMBERS) {
            const double number = setting(settings, names[i]);
            for (Numbers& row : found) row[std::size_t(i)] = number;
            continue;
        }
        const std::vector<double>& values = given->numbers;
        if (Index(values.size()) != n_out) refuse(std::string(names[i]) + " must be a number, or one for each output");
        found.resize(values.size(), found.front());
        for (std::size_t j = 0; j < values.size(); ++j) found[j][std::size_t(i)] = values[j];
    }
    return found;
}

inline Loss make_loss(const LossSpec& spec, const Layer& last, const LayerSpec& last_spec) {
    Loss loss;
    bool fits = last.kind == Kind::Softmax || last.kind == Kind::Activation;
    if (spec.formulas) {
        loss.f = make_code(spec.formulas->first, 2), loss.slope = make_code(spec.formulas->second, 2);
    } else {
        const LossFacts& facts = facts_of(spec);
        loss.kind = LossKind(&facts - LOSSES);
        loss.numbers = read_numbers(spec.settings, facts.numbers, last.n_out);
        fits = facts.fuses_with && last_spec.name == facts.fuses_with && !last_spec.formula;
    }
    if (const Setting* reduction = spec.settings.find("reduction")) loss.mean = reduction->text == "mean";
    loss.fused = spec.fused;
    if (loss.fused && !fits) refuse("the loss cannot be fused with the last layer");
    return loss;
}

inline Penalty make_penalty(const PenaltySpec& spec) {
    Penalty penalty;
    if (spec.formulas) {
        penalty.f = make_code(spec.formulas->first, 1), penalty.slope = make_code(spec.formulas->second, 1);
        return penalty;
    }
    const PenaltyFacts& facts = by_name(PENALTIES, spec.name, "penalty");
    penalty.kind = PenaltyKind(&facts - PENALTIES);
    penalty.numbers = read_numbers(spec.settings, facts.numbers, 1).front();
    return penalty;
}

inline Plan make_plan(const std::vector<LayerSpec>& layers, const std::optional<LossSpec>& loss, Index n_theta,
                      bool sparse, const std::vector<PenaltySpec>& penalties) {
    if (layers.empty()) refuse("a plan needs at least one layer");
    if (n_theta < 0 || n_theta > MOST) refuse("n_theta must be from 0 to " + most());
    Plan plan;
    plan.n_theta = n_theta;
    for (const PenaltySpec& spec : penalties) plan.penalties.push_back(make_penalty(spec));
    bool predicts = false;
    for (const LayerSpec& spec : layers) {
        Layer layer = make_layer(spec, Index(plan.layers.size()), n_theta, Index(penalties.size()));
        if (!plan.layers.empty() && plan.layers.back().n_out != layer.n_in)
            refuse("layer " + std::to_string(plan.layers.size()) +
                   " has another number of inputs than the layer before it gives");
        predicts |= layer.kind != Kind::Dropout;
        plan.layers.push_back(std::move(layer));
    }
    if (!predicts) refuse("a plan needs a layer besides dropout");
    plan.n_in = plan.layers.front().n_in, plan.n_out = plan.layers.back().n_out;
    if (sparse) {
        Kind& first = plan.layers.front().kind;
        if (first != Kind::Dense || plan.layers.front().groups > 1)
            refuse("sparse rows need a dense layer first, of one group");
        first = Kind::SparseDense;
    }
    plan.has_loss = loss.has_value();
    if (loss) plan.loss = make_loss(*loss, plan.layers.back(), layers.back());
    return plan;
}

// ---------------------------------------------------------------- a call of run

// What stays the same from call to call.
struct Training {
    Array theta, grad;
    Index batch_size;
    std::uint64_t seed;

    Training(Object theta, Object grad, Index batch_size, std::uint64_t seed)
        : theta(theta, "theta", 1, "fd", true), grad(grad, "grad", 1, "fd", true),
          batch_size(count(batch_size, "batch_size")), seed(seed) {}
};

// The optimizer as it is before the call, and its states.
struct OptimizerSpec {
    Optimizer optimizer;
    std::vector<Array> states;

    OptimizerSpec(OptimizerSpec&&) = default;  // an array is never copied
    OptimizerSpec(const Rule& rule, const std::vector<double>& numbers, double learning_rate, double decay,
                  std::int64_t iterations, const std::vector<Object>& states)
        : optimizer{rule, numbers, learning_rate, decay, iterations} {
        if (iterations < 0) refuse("iterations must be at least 0");
        if (int(numbers.size()) != rule.scalars.inputs - 3) refuse("the optimizer has other numbers than its formula");
        if (int(states.size()) != rule.states)
            refuse("the optimizer has " + std::to_string(rule.states) + " states; got " +
                   std::to_string(states.size()));
        for (const Object& state : states) this->states.emplace_back(state, "a state", 1, "fd", true);
    }
};

// Steps first ... last - 1 of an epoch, or whole epochs; `number`: of the first, over the whole training.
struct Steps {
    Index first, last, epochs;
    std::int64_t number;
    Array rates;

    Steps(Index first, Index last, std::int64_t number, Index epochs, std::optional<Object> rates)
        : first(first), last(last), epochs(epochs), number(number) {
        if (first < 0 || first >= last || last > MOST || epochs < 1 || epochs > MOST / last)
            refuse("first, last and epochs must be 0 <= first < last and epochs >= 1, and make " + most() +
                   " steps at most; got " + std::to_string(first) + ", " + std::to_string(last) + " and " +
                   std::to_string(epochs));
        if (number < 0) refuse("the number of a step must be at least 0; got " + std::to_string(number));
        if (rates) this->rates = Array(*rates, "rates", 1, "d"), this->rates.must_have({count()});
    }
    Index count() const { return epochs * (last - first); }
};

}  // namespace lw
