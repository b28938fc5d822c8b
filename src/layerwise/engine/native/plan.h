// What Python hands over: the plan as plain numbers, the data as pointers. No formulas here, and no instruction set.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cost_list.h"
#include "formula_list.h"
#include "optimizer_list.h"

namespace lw {

// The kinds of layers; a sparse one is the dense layer at the beginning whose rows are those of a sparse matrix. Where
// they differ, a switch without a default says how, so that a new kind does not compile before all of them know it.
enum class Kind { Dense, SparseDense, Softmax, Scale, Piecewise, LayerNorm, BatchNorm, Dropout, Activation };

// A penalty on an array: which of the plan's it is, and its strength, divided as the batch's loss is or not.
struct Term {
    std::ptrdiff_t penalty = 0;
    double strength = 0;
    bool by_batch = false;
};

// One array of a layer's parameters.
struct Part {
    std::ptrdiff_t begin = 0;  // in theta
    double rate = 1;           // how much of each of the optimizer's steps it makes
    std::vector<Term> terms;
};

// An operation on slots, each of which holds some numbers.
struct Instruction {
    Operation operation;
    unsigned char a, b, c, out;
};

// A custom formula for the interpreter (formulas.cpp). The first slots hold the inputs, those after them the numbers.
struct Code {
    int inputs = 1;
    std::vector<Instruction> instructions;
    std::vector<double> numbers;
    std::vector<int> results;  // their slots
};

constexpr int MOST_NUMBERS = 4;  // of an activation, a loss, a penalty
using Numbers = std::array<double, MOST_NUMBERS>;

// The intervals of a piecewise linear layer: the input that each is of, where it begins, and 1 / its length.
struct Intervals {
    std::vector<std::ptrdiff_t> column;
    std::vector<double> low, factor;
};

struct Layer {
    Kind kind;
    double a = 0, b = 0;                  // of dropout the rate; of normalizations epsilon, momentum
    std::ptrdiff_t groups = 1;            // of a dense layer: each has its share of the inputs and of the units
    Formula formula = Formula::Identity;  // of an activation, and its numbers
    double numbers[MOST_NUMBERS] = {};
    Code f, slope;                          // of a custom one
    bool reads_x = false, reads_y = false;  // what its derivative is computed from
    std::ptrdiff_t n_in, n_out;
    Intervals intervals;
    std::uint32_t position = 0;  // in the network: part of the key of a dropout draw
    Part parts[4];  // W (n_in / groups, n_out), b; s; gamma and beta; gamma, beta, mean and var: all others (n_out)
};

struct Facts {
    int arrays, learned;  // how many it has, and how many of them are learned
    bool dense = false;
    bool elementwise = false;
};
// Static: each instruction set has a copy of its own (simd.h).
static constexpr Facts facts_of(Kind kind) {
    switch (kind) {
        case Kind::Dense:
        case Kind::SparseDense: return {2, 2, true};
        case Kind::Scale: return {1, 1};
        case Kind::LayerNorm: return {2, 2};
        case Kind::BatchNorm: return {4, 2};
        case Kind::Piecewise:
        case Kind::Softmax: return {0, 0};
        case Kind::Dropout:
        case Kind::Activation: return {0, 0, false, true};
    }
    return {0, 0};
}

struct Loss {
    LossKind kind = LossKind::Custom;
    std::vector<Numbers> numbers;  // of its formula: once, or of each output
    bool mean = true;              // over the outputs; else their sum
    bool fused = false;            // with the softmax or sigmoid before it
    Code f, slope;                 // of a custom one, from y and t; where it is fused, the joint gradient
};

struct Penalty {
    PenaltyKind kind = PenaltyKind::Custom;
    Numbers numbers{};
    Code f, slope;  // of a custom one, from w
};

struct Plan {
    std::vector<Layer> layers;
    std::vector<Penalty> penalties;
    bool has_loss = false;
    Loss loss{};
    std::ptrdiff_t n_in = 0, n_out = 0, n_theta = 0;

    bool sparse() const { return layers.front().kind == Kind::SparseDense; }
};

constexpr int MOST_STATES = 4;

// An optimizer's formula: the new w and states, from w, g, the states and the scalars, which are the same for all
// parameters and are computed once a step, from rate, t, learning_rate and the optimizer's own numbers.
struct Rule {
    int states = 0;
    Code formula, scalars;
    int compiled = -1;                   // which of optimizer_formulas.h it is; -1: the interpreter follows it
    int descent = -1;                    // where the step is w - c g alone: which scalar is c
    bool moves_without_gradient = true;  // whether it changes parameters or states whose gradient is 0

    int scalar_count() const { return int(scalars.results.size()); }
};

// What may change from call to call.
struct Optimizer {
    Rule rule;
    std::vector<double> numbers;  // its own
    double learning_rate = 0, decay = 0;
    std::int64_t iterations = 0;
};

enum class Element { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

// How a sample is read, and what counts as a right answer.
enum class Answers { none, label, greatest, share };

// Rows (n, n_in), one after the other; or, of a sparse matrix, the entries alone: those of row r are numbers starts[r]
// to starts[r + 1] - 1 of X, which has the network's type, each with its column; columns ascend within a row.
struct Input {
    const void* X = nullptr;
    Element element = Element::f32;
    const std::int64_t* starts = nullptr;
    const void* columns = nullptr;
    bool wide_columns = false;  // of 64 bits; else of 32
};

struct Data : Input {
    std::ptrdiff_t n = 0, n_in = 0;
    std::vector<double> offset, factor;  // of the scaling, one a column; empty where there is none
    std::vector<std::int32_t> labels;    // either labels, one a row; of two classes where there is one output ...
    double off = 0, on = 1;              // what outputs of other classes, and of the label's own, should be
    const void* dense = nullptr;         // ... or (n, n_out)
    const void* weights = nullptr;       // (n,)
    bool by_rows = false;                // a weighted mean is divided by its rows, not by their weights
    Answers answers = Answers::none;
    double threshold = 0.5;  // above which an output says yes, where answers are shares
};

// The sums over samples; `plain` is that of their losses without weights.
struct Sums {
    double loss = 0, weight = 0, right = 0, penalty = 0, seconds = 0, plain = 0;
    std::int64_t samples = 0;

    void add(const Sums& s) {
        loss += s.loss, weight += s.weight, right += s.right, penalty += s.penalty, samples += s.samples;
    }
};

struct Run {
    void* theta = nullptr;
    void* grad = nullptr;
    void* states[MOST_STATES] = {};
    std::ptrdiff_t batch = 0, first = 0, last = 0;  // steps first ... last - 1 of an epoch
    std::ptrdiff_t epochs = 1;                      // how often; more than once only for whole epochs
    std::int64_t step = 0;                          // the number of the first, over the whole training
    std::uint64_t seed = 0;
    const std::int64_t* order = nullptr;  // which row comes when; in order where there is none
    Optimizer optimizer;
    const double* rates = nullptr;         // the learning rate of each step, in place of the optimizer's
    double clip_norm = 0;                  // a longer gradient is shortened to this; 0: none is
    const std::uint8_t* frozen = nullptr;  // by layer: whether its parameters stay as they are
    bool learn = true;                     // else only the gradient
    int threads = 1;
    // Called about every tenth of a second between two steps; true ends the run.
    bool (*poll)(void*) = nullptr;
    void* poll_context = nullptr;
    Sums* sums = nullptr;  // out: one entry an epoch
    // Out: how many steps were made in all, and the mean loss of the newest. They are written at each step, and have a
    // cache line of their own, since the threads read all that is above.
    alignas(64) std::ptrdiff_t made = 0;
    bool finite = true;
    double newest = 0;
};

// A step of which processes do parts: a batch is cut into shards, of which this one does `count`, a power of two, side by
// side. Their gradients are summed up by a binary tree, so that any number of processes finds the same bits.
struct Shards {
    std::ptrdiff_t count = 0;
    const std::int64_t* places = nullptr;  // of each: where it begins in the order, its rows, its place in the batch
    std::int64_t step = 0;
    double scale = 0;          // of the gradient: 1 / rows of the whole batch
    double statistics = 0;     // how much of a batch norm's statistics each counts: 1 / how many have two rows
    void* gradient = nullptr;  // out: the sum, with what SHARD_SUMS says at its end
    // Told how many of the parts that end at cuts, from the last on, are there while the others are still made.
    void (*ready)(void*, std::ptrdiff_t) = nullptr;
    void* ready_context = nullptr;
    enum { PLAIN, LOSS, RIGHT, BAD, SHARD_SUMS = 8 };
};

// Pictures to be changed, and how: the arguments of augmentation.py, angles in radians, noise in the values' own units.
struct Augment {
    std::ptrdiff_t height = 0, width = 0, channels = 1;
    double shift = 0, rotation = 0, scale = 0, shear = 0, noise = 0, fill = 0;
    bool whole_shift = false;
    const float *of_rows = nullptr, *of_columns = nullptr;  // smoothing of the field; null: there is none
    const void* X = nullptr;                                // (any, height * width * channels), of u8, f32 or f64
    void* out = nullptr;                                    // (n, the same)
    Element element = Element::f32;
    const std::int64_t* rows = nullptr;  // (n,)
    std::ptrdiff_t n = 0;
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    int threads = 1;
};

// One of these for each instruction set and each precision; body.cpp makes them. Plan and data must outlive it.
class Engine {
public:
    virtual ~Engine() = default;
    virtual void set_data(const Data& data) = 0;
    virtual void run(Run& run) = 0;
    // A step in two halves, between begin_shards and end_shards: the gradients of some shards, then the update by the sum
    // of all, whose statistics count if `statistics` is not 0; it returns the penalties. `gradient` has shards_length
    // numbers: of the parameters as they lie in lines, and Shards::SHARD_SUMS at `shards_sums` of them.
    virtual std::ptrdiff_t shards_length() const = 0;
    virtual std::ptrdiff_t shards_sums() const = 0;
    // Where `gradient` can be cut, from its end to its beginning, in the order in which backward comes to its parts.
    virtual int shards_cuts(std::ptrdiff_t shard_size, std::ptrdiff_t* cuts, int most) const = 0;
    virtual void begin_shards(Run& run) = 0;
    virtual void shards(const Shards& shards) = 0;
    virtual double update(const Shards& of_all) = 0;
    virtual void end_shards() = 0;
    // Losses and answers over the data, summed; the outputs (n, n_out) too unless `outputs` is null.
    virtual void evaluate(const void* theta, void* outputs, Sums& sums, int threads) = 0;
    // The outputs for rows that are not the data's; scaled as those are. False if a number of X is not finite.
    virtual bool outputs(const void* theta, const Input& X, std::ptrdiff_t n, void* outputs, int threads) = 0;
};

struct FunctionTable {  // for the tests of the functions' error bounds
    void (*apply32)(int which, const float* x, float* y, std::ptrdiff_t n);
    void (*apply64)(int which, const double* x, double* y, std::ptrdiff_t n);
    Engine* (*make)(const Plan& plan, bool wide);  // wide: float64
    void (*augment)(const Augment& job);
};

namespace baseline { extern const FunctionTable table; }
namespace avx2 { extern const FunctionTable table; }
namespace avx512 { extern const FunctionTable table; }
namespace neon { extern const FunctionTable table; }

}  // namespace lw
