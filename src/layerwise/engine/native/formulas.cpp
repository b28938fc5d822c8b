// Computes formulas: those that are compiled (formulas.h), and custom ones, an instruction at a time on some lines.
//
// This file is compiled without joining a product and a sum into one operation: what a formula gives is told by its
// operations alone.
#include "formulas.h"

#include "activations.h"

namespace lw {
namespace LW_ISA {

namespace {

constexpr index BLOCK = 8 * LINE;  // bytes of each slot: an instruction's start is then small beside its work

template <class T, class F>
inline void unary(const T* a, T* out, index n, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) out[i] = f(a[i]);
}
template <class T, class F>
inline void binary(const T* a, const T* b, T* out, index n, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
}

template <class T>
void execute(const Instruction& line, T (*slots)[BLOCK / sizeof(T)], index n) {
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

// The formula of one input or two, block by block: done(result, at, n) for each.
template <class T, class Done>
void interpret(const Code& code, const T* a, const T* b, index n, Done done) {
    constexpr index SIZE = BLOCK / index(sizeof(T));
    alignas(LINE) T slots[MOST_SLOTS][SIZE];
    for (std::size_t k = 0; k < code.numbers.size(); ++k)
        for (index i = 0; i < SIZE; ++i) slots[std::size_t(code.inputs) + k][i] = T(code.numbers[k]);
    for (index at = 0; at < n; at += SIZE) {
        const index here = n - at < SIZE ? n - at : SIZE;
        std::memcpy(slots[0], a + at, std::size_t(here) * sizeof(T));
        if (code.inputs > 1) std::memcpy(slots[1], b + at, std::size_t(here) * sizeof(T));
        for (const Instruction& line : code.instructions) execute<T>(line, slots, here);
        done(slots[code.result], at, here);
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

template void compute(const Code&, const float*, const float*, float*, index);
template void compute(const Code&, const double*, const double*, double*, index);
template class Activation<float>;
template class Activation<double>;

}  // namespace LW_ISA
}  // namespace lw
