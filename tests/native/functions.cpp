// exp, log and tanh, Philox, softmax and the interpreter's operations against C's library and published numbers.
#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "activations.h"
#include "check.h"
#include "functions.h"
#include "losses.h"
#include "philox.h"

namespace lw {
namespace LW_ISA {
namespace {

template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

// How far y is from the exact value, in units in the last place; infinite where only one of them is finite or NaN.
template <class T>
double ulps(T y, Wide<T> exact) {
    const T rounded = T(exact);
    if (std::isnan(rounded) || std::isinf(rounded)) {
        if (std::isnan(y) ? std::isnan(rounded) : y == rounded) return 0;
        const bool close = std::isinf(rounded) && std::abs(y) == std::numeric_limits<T>::max();
        return close ? 1 : std::numeric_limits<double>::infinity();
    }
    const T size = std::abs(rounded), next = std::nextafter(size, std::numeric_limits<T>::infinity());
    const Wide<T> unit = std::isinf(next) ? Wide<T>(size) - std::nextafter(size, T(0)) : Wide<T>(next) - size;
    return double(std::abs(Wide<T>(y) - exact) / unit);
}

// Numbers of every size and both signs, and those where functions change their ways.
template <class T>
std::vector<T> everywhere() {
    using limits = std::numeric_limits<T>;
    std::vector<T> x{T(0),
                     limits::min(),
                     limits::max(),
                     limits::denorm_min(),
                     limits::infinity(),
                     T(1),
                     T(0.41421354),
                     std::log(limits::max()),
                     -std::log(limits::min()),
                     std::sqrt(T(0.5)),
                     limits::epsilon()};
    for (int e = limits::min_exponent; e < limits::max_exponent; ++e)
        for (const double m : {1.0, 1.1, 1.31, 1.4142135623730951, 1.57, 1.93}) x.push_back(std::ldexp(T(m), e));
    for (int i = 0; i < 20000; ++i) x.push_back(T(i) * T(0.0371));
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < n; ++i) x.push_back(-x[i]);
    x.push_back(limits::quiet_NaN());
    return x;
}

template <class T, class F, class G>
void function_is(const char* name, F f, G exact, double bound, T least = -std::numeric_limits<T>::infinity(),
                 T most = std::numeric_limits<T>::infinity()) {
    std::vector<T> x = everywhere<T>();
    x.erase(std::remove_if(x.begin(), x.end(), [=](T v) { return v < least || v > most; }), x.end());
    std::vector<T> y(x.size());
    each(index(x.size()), x.data(), y.data(), f);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double error = ulps(y[i], exact(Wide<T>(x[i])));
        CHECK(error <= bound, "%s(%.17g) is %.17g, %g units off", name, double(x[i]), double(y[i]), error);
    }
}

template <class T>
void functions() {
    using W = Wide<T>;
    function_is<T>("exp", [](T x) { return LW_ISA::exp(x); }, [](W x) { return std::exp(x); }, 2);
    function_is<T>("expm1", [](T x) { return LW_ISA::expm1(x); }, [](W x) { return std::expm1(x); }, 3);
    function_is<T>("tanh", [](T x) { return LW_ISA::tanh(x); }, [](W x) { return std::tanh(x); }, 3);
    function_is<T>("log", [](T x) { return LW_ISA::log(x); }, [](W x) { return std::log(x); }, 3);
    function_is<T>("log1p", [](T x) { return LW_ISA::log1p(x); }, [](W x) { return std::log1p(x); }, 3);
    const auto log1p_unit_of = [](T x) { return log1p_unit(x); };
    function_is<T>("log1p_unit", log1p_unit_of, [](W x) { return std::log1p(x); }, 3, T(0), T(1));
}

TEST(functions_of_floats) { functions<float>(); }
TEST(functions_of_doubles) { functions<double>(); }

// ---------------------------------------------------------------- Philox

void words_are(std::uint64_t seed, std::uint64_t step, std::uint32_t layer, std::uint32_t first,
               const std::uint32_t (&w)[4]) {
    philox_words(seed, step, layer, first,
                 [&](int i, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
                     if (i == 0)
                         CHECK(a == w[0] && b == w[1] && c == w[2] && d == w[3], "%08x %08x %08x %08x", a, b, c, d);
                 });
}

// Philox4x32-10 in Random123's file of known answers: counters and keys of zeros, of ones, and of the digits of pi.
TEST(philox_gives_the_published_words) {
    words_are(0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    words_are(~0ull, ~0ull, ~0u, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    words_are(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3, 0x243f6a88,
              {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(parts_of_a_draw_are_those_of_the_whole) {
    double whole[1000], part[1000];
    draw(7, 3, 1, 0, 1000, whole);
    for (const index begin : {0, 1, 3, 130, 511})
        for (const index count : {1, 2, 127, 128, 129, 400}) {
            draw(7, 3, 1, begin, count, part);
            for (index i = 0; i < count; ++i) CHECK(part[i] == whole[begin + i], "%td from %td on", count, begin);
        }
}

// ---------------------------------------------------------------- softmax

template <class T>
void softmax_rows() {
    constexpr int L = LANES<T>;
    for (const index n : {1, 2, 7, 10, 33})
        for (const index blocks : {1, 3}) {
            std::vector<T> x(std::size_t(blocks * n * L)), y, d(x.size()), dx;
            for (std::size_t i = 0; i < x.size(); ++i) {
                x[i] = T(std::sin(double(i)) * (i % 5 ? 3 : 300)), d[i] = T(std::cos(double(2 * i)));
                if (n > 1 && i % 97 == 13 && i / L % std::size_t(n)) x[i] = -std::numeric_limits<T>::infinity();
            }
            y = x, dx = d;
            softmax(y.data(), n, blocks);
            softmax_back(y.data(), dx.data(), n, blocks);
            for (index b = 0; b < blocks; ++b)
                for (index r = 0; r < L; ++r) {
                    const auto at = [&](index j) { return std::size_t((b * n + j) * L + r); };
                    double most = -1e300, sum = 0, dot = 0;
                    for (index j = 0; j < n; ++j) most = std::max(most, double(x[at(j)]));
                    for (index j = 0; j < n; ++j) sum += std::exp(double(x[at(j)]) - most);
                    for (index j = 0; j < n; ++j) dot += std::exp(double(x[at(j)]) - most) / sum * double(d[at(j)]);
                    for (index j = 0; j < n; ++j) {
                        const double share = std::exp(double(x[at(j)]) - most) / sum,
                                     bound = sizeof(T) == 4 ? 1e-5 : 1e-14;
                        CHECK(std::abs(double(y[at(j)]) - share) <= bound * share + 1e-30, "output %td of %td", j, n);
                        CHECK(std::abs(double(dx[at(j)]) - share * (double(d[at(j)]) - dot)) <= bound,
                              "output %td of %td", j, n);
                    }
                }
        }
}

TEST(softmax_and_its_gradient) { softmax_rows<float>(), softmax_rows<double>(); }

// ---------------------------------------------------------------- the interpreter

// Operation of x, y and the number 0.75, by name; in long double, so that one rounding is left.
using Expected = std::function<long double(long double, long double)>;
const std::pair<Operation, Expected> EXPECTED[] = {
    {Operation::negative, [](long double x, long double) { return -x; }},
    {Operation::square, [](long double x, long double) { return x * x; }},
    {Operation::exp, [](long double x, long double) { return std::exp(x); }},
    {Operation::expm1, [](long double x, long double) { return std::expm1(x); }},
    {Operation::log, [](long double x, long double) { return std::log(x); }},
    {Operation::log1p, [](long double x, long double) { return std::log1p(x); }},
    {Operation::log1p_unit, [](long double x, long double) { return std::log1p(x); }},
    {Operation::tanh, [](long double x, long double) { return std::tanh(x); }},
    {Operation::sqrt, [](long double x, long double) { return std::sqrt(x); }},
    {Operation::absolute, [](long double x, long double) { return std::abs(x); }},
    {Operation::sign, [](long double x, long double) { return x > 0   ? 1
                                                              : x < 0 ? -1
                                                                      : x; }},
    {Operation::sin, [](long double x, long double) { return std::sin(x); }},
    {Operation::cos, [](long double x, long double) { return std::cos(x); }},
    {Operation::arctan, [](long double x, long double) { return std::atan(x); }},
    {Operation::floor, [](long double x, long double) { return std::floor(x); }},
    {Operation::add, [](long double x, long double y) { return x + y; }},
    {Operation::subtract, [](long double x, long double y) { return x - y; }},
    {Operation::multiply, [](long double x, long double y) { return x * y; }},
    {Operation::divide, [](long double x, long double y) { return x / y; }},
    {Operation::power, [](long double x, long double y) { return std::pow(x, y); }},
    {Operation::maximum, [](long double x, long double y) { return std::max(x, y); }},
    {Operation::minimum, [](long double x, long double y) { return std::min(x, y); }},
    {Operation::greater, [](long double x, long double y) { return x > y; }},
    {Operation::greater_equal, [](long double x, long double y) { return x >= y; }},
    {Operation::where, [](long double x, long double y) { return x != 0 ? y : 0.75L; }},
};
static_assert(sizeof EXPECTED / sizeof EXPECTED[0] == OPERATIONS, "one of each");

template <class T>
void operations() {
    for (const auto& [operation, expected] : EXPECTED)
        for (const index n : {1, 63, 64, 65, 400}) {  // slots, parts of slots, several
            std::vector<T> x, y, out(std::size_t(n) + 1, T(7));
            const bool unit = operation == Operation::log1p_unit;
            for (index i = 0; i < n; ++i)
                x.push_back(unit ? T(i) / T(n) : T(i % 11 - 4) * T(0.375)), y.push_back(T(i % 7 - 3) * T(0.5));
            Code code;
            code.inputs = 2, code.numbers = {0.75}, code.results = {3};
            code.instructions = {{operation, 0, 1, 2, 3}};
            compute<T>(code, x.data(), y.data(), out.data(), n);
            for (index i = 0; i < n; ++i) {
                const std::size_t k = std::size_t(i);
                const double error = ulps(out[k], Wide<T>(expected(x[k], y[k])));
                CHECK(error <= 3.5, "operation %d of %g and %g is %g", int(operation), double(x[k]), double(y[k]),
                      double(out[k]));
            }
            CHECK(out[std::size_t(n)] == T(7), "operation %d writes too far", int(operation));
        }
}

// (x + y) (x - 0.75): slots are read and written in the order of the instructions.
template <class T>
void formula() {
    Code code;
    code.inputs = 2, code.numbers = {0.75}, code.results = {3};
    code.instructions = {
        {Operation::add, 0, 1, 0, 3}, {Operation::subtract, 0, 2, 0, 4}, {Operation::multiply, 3, 4, 0, 3}};
    const T x[] = {1, 2, 3}, y[] = {4, 5, 6};
    T out[3];
    compute<T>(code, x, y, out, 3);
    CHECK(out[0] == T(1.25) && out[1] == T(8.75) && out[2] == T(20.25), "%g %g %g", double(out[0]), double(out[1]),
          double(out[2]));
}

TEST(operations_of_floats) { operations<float>(); }
TEST(operations_of_doubles) { operations<double>(); }
TEST(a_formula_of_several_operations) { formula<float>(), formula<double>(); }

}  // namespace
}  // namespace LW_ISA
}  // namespace lw

RUN_TESTS
