// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
// Of each loss f of an output y with the target t, its slope by y, and its joint gradient with
// the last layer, where it has one; of each penalty f of a weight, and its slope.
#pragma once

#include "cost_list.h"
#include "functions.h"

namespace lw {
namespace LW_ISA {
namespace costs {

template <class T>
struct MeanSquaredError {
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        return square(y - t);
    }
    T slope(T y, T t) const {
        return T(2) * (y - t);
    }
};

template <class T>
struct QuadraticCost {
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        return square(y - t) / T(2);
    }
    T slope(T y, T t) const {
        return y - t;
    }
};

template <class T>
struct MeanAbsoluteError {
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        return absolute(y - t);
    }
    T slope(T y, T t) const {
        return sign(y - t);
    }
};

template <class T>
struct Huber {
    T delta;
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        const T t1 = absolute(y - t);
        const T t2 = at_most(t1, delta);
        return t2 * (t1 - t2 / T(2));
    }
    T slope(T y, T t) const {
        return at_most(at_least(y - t, -delta), delta);
    }
};

template <class T>
struct Quantile {
    T q;
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        const T t1 = t - y;
        return at_least(q * t1, (q - T(1)) * t1);
    }
    T slope(T y, T t) const {
        return (sign(y - t) + T(1)) / T(2) - q;
    }
};

template <class T>
struct Poisson {
    static constexpr bool fuses = false;
    T f(T y, T t) const {
        return y - t * log(at_least(y, T(1e-07)));
    }
    T slope(T y, T t) const {
        return T(1) - t / at_least(y, T(1e-07));
    }
};

template <class T>
struct CategoricalCrossEntropy {
    T epsilon;
    static constexpr bool fuses = true;
    T f(T y, T t) const {
        return -(t * log(at_least(y, epsilon)));
    }
    T slope(T y, T t) const {
        return -(t / at_least(y, epsilon));
    }
    T joint(T y, T t) const {
        return y - t;
    }
};

template <class T>
struct BinaryCrossEntropy {
    T epsilon;
    static constexpr bool fuses = true;
    T f(T y, T t) const {
        return -(t * log(at_least(y, epsilon)) + (T(1) - t) * log(at_least(T(1) - y, epsilon)));
    }
    T slope(T y, T t) const {
        return (y - t) / at_least(y * (T(1) - y), epsilon);
    }
    T joint(T y, T t) const {
        return y - t;
    }
};

template <class T>
struct BinaryCrossEntropyWeighted {
    T epsilon, pos_weight;
    static constexpr bool fuses = true;
    T f(T y, T t) const {
        return -(pos_weight * t * log(at_least(y, epsilon)) + (T(1) - t) * log(at_least(T(1) - y, epsilon)));
    }
    T slope(T y, T t) const {
        const T t1 = T(1) - y;
        return ((T(1) - t) * y - pos_weight * t * t1) / at_least(y * t1, epsilon);
    }
    T joint(T y, T t) const {
        return (T(1) - t) * y - pos_weight * t * (T(1) - y);
    }
};

template <class T>
struct L1 {
    T f(T w) const {
        return absolute(w);
    }
    T slope(T w) const {
        return sign(w);
    }
};

template <class T>
struct L2 {
    T f(T w) const {
        return square(w);
    }
    T slope(T w) const {
        return T(2) * w;
    }
};

}  // namespace costs

// use(formula) with the formula of this kind and these numbers; not for a custom one.
template <class T, class Use>
inline void with_formula(LossKind kind, const double* p, Use use) {
    switch (kind) {
        case LossKind::Custom: return;
        case LossKind::MeanSquaredError: return use(costs::MeanSquaredError<T>{});
        case LossKind::QuadraticCost: return use(costs::QuadraticCost<T>{});
        case LossKind::MeanAbsoluteError: return use(costs::MeanAbsoluteError<T>{});
        case LossKind::Huber: return use(costs::Huber<T>{T(p[0])});
        case LossKind::Quantile: return use(costs::Quantile<T>{T(p[0])});
        case LossKind::Poisson: return use(costs::Poisson<T>{});
        case LossKind::CategoricalCrossEntropy: return use(costs::CategoricalCrossEntropy<T>{T(p[0])});
        case LossKind::BinaryCrossEntropy: return use(costs::BinaryCrossEntropy<T>{T(p[0])});
        case LossKind::BinaryCrossEntropyWeighted: return use(costs::BinaryCrossEntropyWeighted<T>{T(p[0]), T(p[1])});
    }
}
template <class T, class Use>
inline void with_formula(PenaltyKind kind, const double* p, Use use) {
    (void)p;
    switch (kind) {
        case PenaltyKind::Custom: return;
        case PenaltyKind::L1: return use(costs::L1<T>{});
        case PenaltyKind::L2: return use(costs::L2<T>{});
    }
}

}  // namespace LW_ISA
}  // namespace lw
