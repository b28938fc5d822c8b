// exp, expm1, tanh, log and log1p without branches, so that the loops that call them become vector code.
//
// Error against the exact value, over the whole range: exp 2, expm1 3, tanh 3, log 3, log1p 3 units in the last place;
// a test holds them to that. Infinities, NaN and subnormals come out as C's library has them.
#pragma once

#include "simd.h"

namespace lw {
namespace LW_ISA {

template <class T>
struct format;
template <>
struct format<float> {
    using word = std::uint32_t;  // arithmetic on bits is done without a sign, so that it wraps
    using integer = std::int32_t;
    static constexpr int digits = 23, bias = 127, exp_degree = 7, log_terms = 5;
    static constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float least = -104.0f, most = 89.0f;  // beyond these exp is 0 or infinite
    static constexpr float normal = 0x1p-126f;
};
template <>
struct format<double> {
    using word = std::uint64_t;
    using integer = std::int64_t;
    static constexpr int digits = 52, bias = 1023, exp_degree = 13, log_terms = 11;
    static constexpr double round = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double least = -746.0, most = 710.0;
    static constexpr double normal = 0x1p-1022;
};

template <class T>
using word = typename format<T>::word;
template <class T>
using integer = typename format<T>::integer;

template <class T>
inline word<T> bits(T x) {
    word<T> w;
    std::memcpy(&w, &x, sizeof x);
    return w;
}

template <class T>
inline T from_bits(word<T> w) {
    T x;
    std::memcpy(&x, &w, sizeof x);
    return x;
}

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }
inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float with_sign(float x, float sign) { return __builtin_copysignf(x, sign); }
inline double with_sign(double x, double sign) { return __builtin_copysign(x, sign); }

// a b + c, rounded once where the machine can.
inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}
inline double multiply_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

template <class T>
inline T square(T x) {
    return x * x;
}
template <class T>
inline T sign(T x) {
    return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}
inline float sin(float x) { return __builtin_sinf(x); }
inline double sin(double x) { return __builtin_sin(x); }
inline float cos(float x) { return __builtin_cosf(x); }
inline double cos(double x) { return __builtin_cos(x); }
inline float arctan(float x) { return __builtin_atanf(x); }
inline double arctan(double x) { return __builtin_atan(x); }
inline float floor(float x) { return __builtin_floorf(x); }
inline double floor(double x) { return __builtin_floor(x); }
inline float to_power(float x, float exponent) { return __builtin_powf(x, exponent); }
inline double to_power(double x, double exponent) { return __builtin_pow(x, exponent); }

// Of two numbers; NaN if x is, as NumPy's maximum and minimum are.
template <class T>
inline T at_least(T x, T low) {
    return x < low ? low : x;
}
template <class T>
inline T at_most(T x, T high) {
    return x > high ? high : x;
}

template <class T>
struct Power {
    T fraction;        // e^r - 1, |r| <= ln 2 / 2
    integer<T> whole;  // n
};

// x = n ln 2 + r, e^x = 2^n e^r; e^r - 1 by its Taylor series.
template <class T>
inline Power<T> power(T x) {
    using F = format<T>;
    T shifted = multiply_add(x, T(1.4426950408889634), F::round);
    T n = shifted - F::round;
    T r = multiply_add(-n, F::ln2_high, x);
    r = multiply_add(-n, F::ln2_low, r);
    T series = 0;
    T factorial = 1;
    T inverse[F::exp_degree + 1];
    for (int k = 1; k <= F::exp_degree; ++k) inverse[k] = 1 / (factorial *= T(k));
#pragma GCC unroll 16
    for (int k = F::exp_degree; k >= 2; --k) series = multiply_add(series, r, inverse[k]);
    return {multiply_add(r * r, series, r), integer<T>(bits(shifted) - bits(F::round))};
}

// 2^n, for n that give a normal number.
template <class T>
inline T two_to(integer<T> n) {
    return from_bits<T>((word<T>(n) + format<T>::bias) << format<T>::digits);
}

template <class T>
inline T exp(T x) {
    Power<T> p = power(at_most(at_least(x, format<T>::least), format<T>::most));
    integer<T> half = p.whole >> 1;  // 2^n in two factors: the result may be subnormal, or just below infinity
    T scale = two_to<T>(half);
    return multiply_add(p.fraction, scale, scale) * two_to<T>(p.whole - half);
}

template <class T>
inline T expm1(T x) {
    Power<T> p = power(at_most(at_least(x, T(-40)), format<T>::most));
    integer<T> half = p.whole >> 1;
    T other = two_to<T>(p.whole - half), scale = two_to<T>(half) * other;
    T value = multiply_add(p.fraction, scale, scale - 1);
    T large = (p.fraction + 1) * two_to<T>(half) * other;
    return x > 60 ? large : value;
}

// With e = e^(-2|x|) - 1: tanh |x| = -e / (2 + e).
template <class T>
inline T tanh(T x) {
    Power<T> p = power(-2 * at_most(absolute(x), T(20)));
    T scale = two_to<T>(p.whole);
    T e = multiply_add(p.fraction, scale, scale - 1);
    return with_sign(-e / (2 + e), x);
}

// log(2^k (1 + f)), 1 + f within a factor sqrt 2 of 1: with s = f / (2 + f), log(1 + f) = 2 (s + s^3/3 + s^5/5 + ...).
template <class T>
inline T log_series(T f, T k) {
    using F = format<T>;
    T s = f / (2 + f), square = s * s, series = 0;
#pragma GCC unroll 16
    for (int i = F::log_terms; i >= 1; --i) series = multiply_add(series, square, T(2) / T(2 * i + 1));
    // 2s = f - s f, exactly as far as f goes: only small terms are rounded.
    T rest = multiply_add(s, multiply_add(square, series, -f), k * F::ln2_low);
    return multiply_add(k, F::ln2_high, f + rest);
}

template <class T>
inline T log(T x) {
    using F = format<T>;
    bool subnormal = x < F::normal;
    T scaled = subnormal ? x * two_to<T>(F::digits + 1) : x;
    // The exponent, counted from sqrt 1/2.
    integer<T> exponent = integer<T>(bits(scaled) - bits(T(0x1.6a09e667f3bcdp-1))) >> F::digits;
    T f = from_bits<T>(bits(scaled) - (word<T>(exponent) << F::digits)) - 1;
    // A small whole number as T, without the conversion that AVX2 lacks for 64 bits.
    T k = from_bits<T>(word<T>(exponent) + bits(F::round)) - F::round;
    T value = log_series(f, subnormal ? k - (F::digits + 1) : k);
    value = x > 0 ? value : (x == 0 ? -T(__builtin_inf()) : T(__builtin_nan("")));
    const T largest = from_bits<T>((word<T>(2 * F::bias + 1) << F::digits) - 1);
    return x > largest ? x : value;  // infinity
}

// log(1 + u) for u from 0 to 1.
template <class T>
inline T log1p_unit(T u) {
    bool upper = u > T(0.41421356237309503);
    return log_series(upper ? (u - 1) / 2 : u, upper ? T(1) : T(0));
}

// log(1 + x) from log of the rounded sum u, and what was rounded off: log(1 + x) = log u + (x - (u - 1)) / u.
template <class T>
inline T log1p(T x) {
    T u = 1 + x, off = x - (u - 1);
    return u > 0 && u <= from_bits<T>((word<T>(2 * format<T>::bias + 1) << format<T>::digits) - 1) ? log(u) + off / u
                                                                                                   : log(u);
}

}  // namespace LW_ISA
}  // namespace lw
