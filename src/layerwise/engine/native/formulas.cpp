// Computes formulas: those that are compiled (formulas.h), and custom ones, an instruction at a time on some lines.
//
// This file is compiled without joining a product and a sum into one operation: what a formula gives is told by its
// operations alone.
#include "formulas.h"

#include "activations.h"

namespace lw {
namespace LW_ISA {

namespace {

template <class T>
constexpr index SIZE = FORMULA_BLOCK / index(sizeof(T));  // of a slot

// A whole slot, whose length the compiler knows, is by far the most usual.
template <class T, class F>
inline void each_of(index n, F f) {
    if (n == SIZE<T>) {
        LW_INDEPENDENT
        for (index i = 0; i < SIZE<T>; ++i) f(i);
    } else {
        LW_INDEPENDENT
        for (index i = 0; i < n; ++i) f(i);
    }
}
template <class T, class F>
inline void unary(const T* a, T* out, index n, F f) {
    each_of<T>(n, [=](index i) { out[i] = f(a[i]); });
}
template <class T, class F>
inline void binary(const T* a, const T* b, T* out, index n, F f) {
    each_of<T>(n, [=](index i) { out[i] = f(a[i], b[i]); });
}

template <class T>
void execute(const Instruction& line, T* const* slots, index n) {
    const T *a = slots[line.a], *b = slots[line.b], *c = slots[line.c];
    T* out = slots[line.out];
    switch (line.operation) {
        case Operation::negative: return unary(a, out, n, [](T x) { return -x; });
        case Operation::square: return unary(a, out, n, [](T x) { return square(x); });
        case Operation::exp: return unary(a, out, n, [](T x) { return exp(x); });
        case Operation::expm1: return unary(a, out, n, [](T x) { return expm1(x); });
        case Operation::log: return unary(a, out, n, [](T x) { return log(x); });
        case Operation::log1p: return unary(a, out, n, [](T x) { return log1p(x); });
        case Operation::log1p_unit: return unary(a, out, n, [](T x) { return log1p_unit(x); });
        case Operation::tanh: return unary(a, out, n, [](T x) { return tanh(x); });
        case Operation::sqrt: return unary(a, out, n, [](T x) { return square_root(x); });
        case Operation::absolute: return unary(a, out, n, [](T x) { return absolute(x); });
        case Operation::sign: return unary(a, out, n, [](T x) { return sign(x); });
        case Operation::sin: return unary(a, out, n, [](T x) { return sin(x); });
        case Operation::cos: return unary(a, out, n, [](T x) { return cos(x); });
        case Operation::arctan: return unary(a, out, n, [](T x) { return arctan(x); });
        case Operation::floor: return unary(a, out, n, [](T x) { return floor(x); });
        case Operation::add: return binary(a, b, out, n, [](T x, T y) { return x + y; });
        case Operation::subtract: return binary(a, b, out, n, [](T x, T y) { return x - y; });
        case Operation::multiply: return binary(a, b, out, n, [](T x, T y) { return x * y; });
        case Operation::divide: return binary(a, b, out, n, [](T x, T y) { return x / y; });
        case Operation::power: return binary(a, b, out, n, [](T x, T y) { return to_power(x, y); });
        case Operation::maximum: return binary(a, b, out, n, [](T x, T y) { return at_least(x, y); });
        case Operation::minimum: return binary(a, b, out, n, [](T x, T y) { return at_most(x, y); });
        case Operation::greater: return binary(a, b, out, n, [](T x, T y) { return x > y ? T(1) : T(0); });
        case Operation::greater_equal: return binary(a, b, out, n, [](T x, T y) { return x >= y ? T(1) : T(0); });
        case Operation::where:
            LW_INDEPENDENT
            for (index i = 0; i < n; ++i) out[i] = a[i] != 0 ? b[i] : c[i];
            return;
    }
}

template <class T>
void fill(T number, T* slot) {
    for (index i = 0; i < SIZE<T>; ++i) slot[i] = number;
}

// The formula of one input or two, block by block: done(result, at, n) for each.
template <class T, class Done>
void interpret(const Code& code, const T* a, const T* b, index n, Done done) {
    alignas(LINE) T room[MOST_SLOTS][SIZE<T>];
    T* slots[MOST_SLOTS];
    for (int k = 0; k < MOST_SLOTS; ++k) slots[k] = room[k];
    for (std::size_t k = 0; k < code.numbers.size(); ++k) fill(T(code.numbers[k]), slots[std::size_t(code.inputs) + k]);
    for (index at = 0; at < n; at += SIZE<T>) {
        const index here = n - at < SIZE<T> ? n - at : SIZE<T>;
        std::memcpy(slots[0], a + at, std::size_t(here) * sizeof(T));
        if (code.inputs > 1) std::memcpy(slots[1], b + at, std::size_t(here) * sizeof(T));
        for (const Instruction& line : code.instructions) execute<T>(line, slots, here);
        done(slots[code.results[0]], at, here);
    }
}

}  // namespace

template <class T>
void Activation<T>::forward(const T* x, T* y, index n) const {
    if (formula_ == Formula::Custom)
        return interpret<T>(*f_, x, nullptr, n, [&](const T* result, index at, index here) {
            std::memcpy(y + at, result, std::size_t(here) * sizeof(T));
        });
    if (const auto f = FORMULA_FUNCTIONS<T>[int(formula_)].f)
        f(p_, x, y, n);
    else if (x != y)
        std::memcpy(y, x, std::size_t(n) * sizeof(T));
}

template <class T>
void Activation<T>::backward(const T* from, T* d, index n) const {
    if (formula_ == Formula::Custom)
        return interpret<T>(*slope_, from, nullptr, n, [&](const T* result, index at, index here) {
            LW_INDEPENDENT
            for (index i = 0; i < here; ++i) d[at + i] *= result[i];
        });
    if (const auto slope = FORMULA_FUNCTIONS<T>[int(formula_)].slope) slope(p_, from, d, n);
}

template <class T>
void compute(const Code& code, const T* a, const T* b, T* out, index n) {
    interpret<T>(code, a, b, n, [&](const T* result, index at, index here) {
        std::memcpy(out + at, result, std::size_t(here) * sizeof(T));
    });
}

template <class T>
double penalize_custom(const Penalty& penalty, T factor, const T* w, T* g, index n, index columns) {
    constexpr int L = LANES<T>;
    double sums[L] = {}, total = 0;
    interpret<T>(penalty.f, w, nullptr, n, [&](const T* result, index, index here) {
        for (index i = 0; i < here; i += L)
            for (index j = 0; j < columns; ++j) sums[j] += double(result[i + j]);
    });
    interpret<T>(penalty.slope, w, nullptr, n, [&](const T* result, index at, index here) {
        for (index i = 0; i < here; i += L)
            for (index j = 0; j < columns; ++j) g[at + i + j] += factor * result[i + j];
    });
    for (const double sum : sums) total += sum;
    return double(factor) * total;
}

void find_scalars(const Code& scalars, const double* given, double* found) {
    double room[MOST_SLOTS], *slots[MOST_SLOTS], *next = room;
    for (int k = 0; k < MOST_SLOTS; ++k) slots[k] = room + k;
    for (int k = 0; k < scalars.inputs; ++k) *next++ = given[k];
    for (const double number : scalars.numbers) *next++ = number;
    for (const Instruction& line : scalars.instructions) execute<double>(line, slots, 1);
    for (const int slot : scalars.results) *found++ = room[slot];
}

template <class T>
void fix(const Code& formula, const T* scalars, index scalar_count, T* fixed) {
    for (index k = 0; k < scalar_count; ++k, fixed += SIZE<T>) fill(scalars[k], fixed);
    for (const double number : formula.numbers) fill(T(number), fixed), fixed += SIZE<T>;
}

template <class T>
void follow(const Code& formula, const T* fixed, T* theta, const T* g, T* const* states, int state_count, index n) {
    alignas(LINE) T room[MOST_SLOTS][SIZE<T>], late[1 + MOST_STATES][SIZE<T>];
    T* slots[MOST_SLOTS];
    const int moving = 2 + state_count, known = formula.inputs + int(formula.numbers.size());
    for (int k = moving; k < known; ++k) slots[k] = const_cast<T*>(fixed + (k - moving) * SIZE<T>);  // only read
    for (int k = known; k < MOST_SLOTS; ++k) slots[k] = room[k];
    for (index at = 0; at < n; at += SIZE<T>) {
        const index here = n - at < SIZE<T> ? n - at : SIZE<T>;
        const std::size_t bytes = std::size_t(here) * sizeof(T);
        slots[0] = theta + at, slots[1] = const_cast<T*>(g + at);
        for (int k = 0; k < state_count; ++k) slots[2 + k] = states[k] + at;
        for (const Instruction& line : formula.instructions) execute<T>(line, slots, here);
        const T* results[1 + MOST_STATES] = {};
        for (int k = 0; k <= state_count; ++k) {
            const int slot = formula.results[std::size_t(k)];
            results[k] = slots[slot];
            if (slot >= moving) continue;
            std::memcpy(late[k], slots[slot], bytes);  // it may be written before it is read
            results[k] = late[k];
        }
        std::memcpy(theta + at, results[0], bytes);
        for (int k = 0; k < state_count; ++k) std::memcpy(states[k] + at, results[k + 1], bytes);
    }
}

template double penalize_custom(const Penalty&, float, const float*, float*, index, index);
template double penalize_custom(const Penalty&, double, const double*, double*, index, index);
template void fix(const Code&, const float*, index, float*);
template void fix(const Code&, const double*, index, double*);
template void follow(const Code&, const float*, float*, const float*, float* const*, int, index);
template void follow(const Code&, const double*, double*, const double*, double* const*, int, index);
template void compute(const Code&, const float*, const float*, float*, index);
template void compute(const Code&, const double*, const double*, double*, index);
template class Activation<float>;
template class Activation<double>;

}  // namespace LW_ISA
}  // namespace lw
