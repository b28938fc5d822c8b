// What the optimizers' formulas have besides + - * and /, on vectors.
#pragma once

#include <type_traits>

#include "functions.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace lw {
namespace LW_ISA {

// Number j of a vector, or a number that is the same for all.
template <class V>
inline auto lane(V v, int j) {
    if constexpr (std::is_arithmetic_v<V>)
        return v;
    else
        return v[j];
}

// A function of numbers, on each of the vectors'.
template <class T, class F, class... Operands>
inline Vector<T> lanes(F f, Operands... operands) {
    Vector<T> result;
#pragma GCC unroll 16
    for (int j = 0; j < WIDTH<T>; ++j) result[j] = f(lane(operands, j)...);
    return result;
}

// m / (sqrt v + epsilon)
template <class T>
inline Vector<T> over_root(Vector<T> m, Vector<T> v, T epsilon) {
    Vector<T> root;
#pragma GCC unroll 16
    for (int j = 0; j < WIDTH<T>; ++j) root[j] = square_root(v[j]);
    return m / (root + epsilon);
}

#if defined(__AVX512F__)
// The processor's own root and quotient of 16 numbers take four times as long as its estimates of 1 / sqrt and 1 / x,
// good to 14 bits, with a step of Newton's each, which leave an error of at most 2 units in the last place.
template <>
inline Vector<float> over_root<float>(Vector<float> m, Vector<float> v, float epsilon) {
    const __m512 x = (__m512)v, half = _mm512_set1_ps(0.5f);
    const __mmask16 some = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __mmask16 finite = _mm512_cmp_ps_mask(x, _mm512_set1_ps(__builtin_inff()), _CMP_NEQ_UQ);
    const __m512 y = _mm512_maskz_rsqrt14_ps(some, x);
    const __m512 near = _mm512_mul_ps(x, y);  // to sqrt v
    const __m512 root = _mm512_fmadd_ps(near, _mm512_fnmadd_ps(near, _mm512_mul_ps(half, y), half), near);
    const __m512 divisor = _mm512_add_ps(root, _mm512_set1_ps(epsilon)), r = _mm512_maskz_rcp14_ps(finite, divisor);
    const __m512 inverse = _mm512_maskz_fmadd_ps(finite, r, _mm512_fnmadd_ps(divisor, r, _mm512_set1_ps(1)), r);
    return m * (Vector<float>)inverse;
}
#endif

}  // namespace LW_ISA
}  // namespace lw
