// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
// Of each activation y = f(x), and dy *= f' from x or y, whichever it reads; p are its numbers.
#pragma once

#include "functions.h"

namespace lw {
namespace LW_ISA {

template <class T>
void Step_f(const T* p, const T* from, T* out, index n) {
    const T threshold = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = (x > threshold ? T(1) : T(0));
    }
}

template <class T>
void Step_slope(const T*, const T*, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        out[i] *= T(0);
    }
}

template <class T>
void Linear_f(const T* p, const T* from, T* out, index n) {
    const T slope = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = slope * x;
    }
}

template <class T>
void Linear_slope(const T* p, const T*, T* out, index n) {
    const T slope = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        out[i] *= slope;
    }
}

template <class T>
void Sigmoid_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = T(1) / (T(1) + exp(-x));
    }
}

template <class T>
void Sigmoid_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= y * (T(1) - y);
    }
}

template <class T>
void Tanh_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = tanh(x);
    }
}

template <class T>
void Tanh_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= T(1) - square(y);
    }
}

template <class T>
void ReLU_f(const T* p, const T* from, T* out, index n) {
    const T slope = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = slope * at_least(x, T(0));
    }
}

template <class T>
void ReLU_slope(const T* p, const T* from, T* out, index n) {
    const T slope = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= slope * (y > T(0) ? T(1) : T(0));
    }
}

template <class T>
void LeakyReLU_f(const T* p, const T* from, T* out, index n) {
    const T negative_slope = p[0];
    const T slope = p[1];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = x * (x > T(0) ? slope : negative_slope);
    }
}

template <class T>
void LeakyReLU_slope(const T* p, const T* from, T* out, index n) {
    const T negative_slope = p[0];
    const T slope = p[1];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] *= (x > T(0) ? slope : negative_slope);
    }
}

template <class T>
void ELU_f(const T* p, const T* from, T* out, index n) {
    const T alpha = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = at_least(x, T(0)) + alpha * expm1(at_most(x, T(0)));
    }
}

template <class T>
void ELU_slope(const T* p, const T* from, T* out, index n) {
    const T alpha = p[0];
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= (y > T(0) ? T(1) : y + alpha);
    }
}

template <class T>
void SELU_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = T(1.0507009873554805) * (at_least(x, T(0)) + T(1.6732632423543772) * expm1(at_most(x, T(0))));
    }
}

template <class T>
void SELU_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= (y > T(0) ? T(1.0507009873554805) : y + T(1.7580993408473766));
    }
}

template <class T>
void GELU_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = x / T(2) * (T(1) + tanh(T(0.7978845608028654) * x * (T(1) + T(0.044715) * square(x))));
    }
}

template <class T>
void GELU_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        const T t1 = square(x);
        const T t2 = tanh(T(0.7978845608028654) * x * (T(1) + T(0.044715) * t1));
        out[i] *= T(0.5) * (T(1) + t2 + x * (T(1) - square(t2)) * (T(0.7978845608028654) * (T(1) + T(0.134145) * t1)));
    }
}

template <class T>
void SiLU_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = x * (T(1) / (T(1) + exp(-x)));
    }
}

template <class T>
void SiLU_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        const T t1 = T(1) / (T(1) + exp(-x));
        out[i] *= t1 + x * t1 * (T(1) - t1);
    }
}

template <class T>
void Mish_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        const T t1 = exp(at_most(x, T(20)));
        const T t2 = t1 * (t1 + T(2));
        out[i] = x * (t2 / (t2 + T(2)));
    }
}

template <class T>
void Mish_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        const T t1 = exp(at_most(x, T(20)));
        const T t2 = t1 * (t1 + T(2));
        const T t3 = t2 / (t2 + T(2));
        out[i] *= t3 + x * (T(1) - square(t3)) * (t1 / (T(1) + t1));
    }
}

template <class T>
void Softplus_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = at_least(x, T(0)) + log1p_unit(exp(-absolute(x)));
    }
}

template <class T>
void Softplus_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= -expm1(-y);
    }
}

template <class T>
void Exp_f(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T x = from[i];
        out[i] = exp(x);
    }
}

template <class T>
void Exp_slope(const T*, const T* from, T* out, index n) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) {
        const T y = from[i];
        out[i] *= y;
    }
}

// nullptr: the same as x, or times 1.
template <class T>
struct FormulaFunctions {
    void (*f)(const T* p, const T* x, T* y, index n);
    void (*slope)(const T* p, const T* from, T* dy, index n);
};
template <class T>
constexpr FormulaFunctions<T> FORMULA_FUNCTIONS[] = {
    {Step_f<T>, Step_slope<T>},
    {Linear_f<T>, Linear_slope<T>},
    {nullptr, nullptr},
    {Sigmoid_f<T>, Sigmoid_slope<T>},
    {Tanh_f<T>, Tanh_slope<T>},
    {ReLU_f<T>, ReLU_slope<T>},
    {LeakyReLU_f<T>, LeakyReLU_slope<T>},
    {ELU_f<T>, ELU_slope<T>},
    {SELU_f<T>, SELU_slope<T>},
    {GELU_f<T>, GELU_slope<T>},
    {SiLU_f<T>, SiLU_slope<T>},
    {Mish_f<T>, Mish_slope<T>},
    {Softplus_f<T>, Softplus_slope<T>},
    {Exp_f<T>, Exp_slope<T>},
};

}  // namespace LW_ISA
}  // namespace lw
