// The vector types of the instruction set that this copy of the code is compiled for.
//
// All arrays are cut into lines of 64 bytes: 16 floats or 8 doubles (LANES). A line is one AVX-512 vector, two of
// AVX2, or four of SSE2 and NEON (VECTORS), so that the memory looks the same whatever the machine.
//
// body.cpp is compiled once for each instruction set, with LW_ISA naming it. Everything in it lives in a namespace of
// that name, and nothing of the standard library that would leave a shared symbol behind is used: the linker would
// keep one copy of it for all, and a machine without AVX-512 might run that of AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#ifndef LW_ISA
#error "compile with -DLW_ISA=baseline, avx2, avx512 or neon"
#endif

// Before a loop: its iterations do not depend on each other, whatever the pointers in it.
#if defined(__clang__)
#define LW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define LW_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace lw {
namespace LW_ISA {

using index = std::ptrdiff_t;

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16;
constexpr int REGISTERS = 32;
#else
constexpr int VECTOR_BYTES = 16;
constexpr int REGISTERS = 16;
#endif

constexpr int LINE = 64;                      // bytes
constexpr int VECTORS = LINE / VECTOR_BYTES;  // in a line

template <class T>
constexpr int LANES = LINE / sizeof(T);  // numbers in a line

template <class T>
constexpr int WIDTH = VECTOR_BYTES / sizeof(T);  // numbers in a vector

// A vector in a register, and one anywhere in memory.
template <class T, int BYTES>
struct simd;
template <int BYTES>
struct simd<float, BYTES> {
    typedef float V __attribute__((vector_size(BYTES)));
    typedef float U __attribute__((vector_size(BYTES), aligned(4), may_alias));
};
template <int BYTES>
struct simd<double, BYTES> {
    typedef double V __attribute__((vector_size(BYTES)));
    typedef double U __attribute__((vector_size(BYTES), aligned(8), may_alias));
};

template <class T>
struct whole;  // the type of the indices by which numbers of T are shuffled
template <>
struct whole<float> {
    typedef std::int32_t V __attribute__((vector_size(VECTOR_BYTES)));
};
template <>
struct whole<double> {
    typedef std::int64_t V __attribute__((vector_size(VECTOR_BYTES)));
};

template <class T, int BYTES = VECTOR_BYTES>
using Vector = typename simd<T, BYTES>::V;

template <int BYTES = VECTOR_BYTES, class T>
inline Vector<T, BYTES> load(const T* from) {
    return (Vector<T, BYTES>)*reinterpret_cast<const typename simd<T, BYTES>::U*>(from);
}

template <int BYTES = VECTOR_BYTES, class T>
inline void store(T* to, Vector<T, BYTES> v) {
    *reinterpret_cast<typename simd<T, BYTES>::U*>(to) = (typename simd<T, BYTES>::U)v;
}

template <int BYTES = VECTOR_BYTES, class T>
inline Vector<T, BYTES> broadcast(T x) {
    return x - Vector<T, BYTES>{};  // x - 0 is x, and no instruction
}

// While one of these lives, its thread takes subnormal numbers for 0: a state that fades away (Adam's, for an input
// that is always 0) would come to them, and a processor takes a hundred times as long over each.
class SubnormalsAreZero {
public:
#if defined(__x86_64__) || defined(_M_X64)
    SubnormalsAreZero() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | 0x8040); }
    ~SubnormalsAreZero() { __builtin_ia32_ldmxcsr(before_); }

private:
    unsigned before_;
#elif defined(__aarch64__)
    SubnormalsAreZero() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" ::"r"(before_ | std::uint64_t(1) << 24));
    }
    ~SubnormalsAreZero() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

private:
    std::uint64_t before_;
#else
    SubnormalsAreZero() {}
    ~SubnormalsAreZero() {}
#endif
};

inline index lesser(index a, index b) { return a < b ? a : b; }
inline index greater(index a, index b) { return a > b ? a : b; }
template <class T>
inline void zero(index n, T* x) {
    for (index i = 0; i < n; ++i) x[i] = T(0);
}
inline index lines(index n, index lanes) { return (n + lanes - 1) / lanes; }

// Numbers j of the result: those of a and b, one after the other, that the indices name.
template <class T, int... j>
inline Vector<T> shuffle(Vector<T> a, Vector<T> b, std::integer_sequence<int, j...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, j...);
#else
    return __builtin_shuffle(a, b, typename whole<T>::V{j...});
#endif
}

// Swaps, in all pairs of vectors HALF apart, the upper right quarters of squares of 2 HALF numbers with the lower left.
template <class T, int HALF, int... j>
inline void swap_quarters(Vector<T>* v, std::integer_sequence<int, j...>) {
    constexpr int W = WIDTH<T>;
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) {
        if (i & HALF) continue;
        const Vector<T> a = v[i], b = v[i + HALF];
        v[i] = shuffle<T>(a, b, std::integer_sequence<int, (j & HALF ? W + j - HALF : j)...>{});
        v[i + HALF] = shuffle<T>(a, b, std::integer_sequence<int, (j & HALF ? W + j : j + HALF)...>{});
    }
}

// to[j][i] = from[i][j] for LANES lines of LANES numbers; lines of `to` from `most` on are left as they are.
template <class T>
inline void turn_block(const T* from, T* to, index most = LANES<T>) {
    constexpr int L = LANES<T>, W = WIDTH<T>;
    for (int i = 0; i < L; i += W)
        for (int j = 0; j < L && j < most; j += W) {
            Vector<T> v[W];
#pragma GCC unroll 16
            for (int k = 0; k < W; ++k) v[k] = load(from + (i + k) * L + j);
            constexpr std::make_integer_sequence<int, W> all{};
            swap_quarters<T, 1>(v, all);
            if constexpr (W > 2) swap_quarters<T, 2>(v, all);
            if constexpr (W > 4) swap_quarters<T, 4>(v, all);
            if constexpr (W > 8) swap_quarters<T, 8>(v, all);
            const int n = int(lesser(W, most - j));
            if (n == W)
#pragma GCC unroll 16
                for (int k = 0; k < W; ++k) store(to + (j + k) * L + i, v[k]);
            else
                for (int k = 0; k < n; ++k) store(to + (j + k) * L + i, v[k]);
        }
}

template <class T>
inline void add_line(const T* from, T* to) {
    for (int r = 0; r < LANES<T>; r += WIDTH<T>) store(to + r, load(to + r) + load(from + r));
}

// The sum over a line, in a fixed order.
template <class T>
inline T sum_line(const T* x) {
    T part[LANES<T>];
    for (int j = 0; j < LANES<T>; ++j) part[j] = x[j];
    for (int half = LANES<T> / 2; half; half /= 2)
        for (int j = 0; j < half; ++j) part[j] += part[j + half];
    return part[0];
}

}  // namespace LW_ISA
}  // namespace lw
