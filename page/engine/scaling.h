// What scalers learn from rows: parts/scaling.py, column by column, in float64 and in NumPy's order of sums.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "value.h"

namespace lw {

struct Scaling {
    std::vector<double> offset, factor;
};

// The sum of n numbers value(0) ... value(n - 1) as NumPy's reduction along one axis alone has it: in pairs of parts.
template <class Values>
double pairwise_sum(const Values& value, std::ptrdiff_t begin, std::ptrdiff_t n) {
    if (n < 8) {
        double sum = n ? value(begin) : 0;
        for (std::ptrdiff_t i = 1; i < n; ++i) sum += value(begin + i);
        return sum;
    }
    if (n <= 128) {
        double r[8];
        for (int k = 0; k < 8; ++k) r[k] = value(begin + k);
        std::ptrdiff_t i = 8;
        for (; i < n - n % 8; i += 8)
            for (int k = 0; k < 8; ++k) r[k] += value(begin + i + k);
        double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        for (; i < n; ++i) sum += value(begin + i);
        return sum;
    }
    const std::ptrdiff_t half = n / 2 - n / 2 % 8;
    return pairwise_sum(value, begin, half) + pairwise_sum(value, begin + half, n - half);
}

template <class T>
Scaling fit_scaler(const std::string& kind, double to_low, double to_high, const T* X, std::ptrdiff_t n,
                   std::ptrdiff_t columns) {
    Scaling made;
    if (kind != "MinMaxScaler" && kind != "StandardScaler") refuse("there is no native scaler " + kind);
    for (std::ptrdiff_t j = 0; j < columns; ++j) {
        const auto value = [&](std::ptrdiff_t i) { return double(X[i * columns + j]); };
        double low = value(0), high = value(0), sum = 0;
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            const double x = value(i);
            low = x < low ? x : low, high = x > high ? x : high, sum += x;
        }
        if (kind == "MinMaxScaler") {
            const double ratio = (to_high - to_low) / (high > low ? high - low : 1);
            made.offset.push_back(low - to_low / ratio), made.factor.push_back(ratio);
            continue;
        }
        if (columns == 1) sum = pairwise_sum(value, 0, n);
        const double mean = sum / double(n);
        double square = 0;
        for (std::ptrdiff_t start = 0; start < n; start += 4096) {
            double part = 0;
            for (std::ptrdiff_t i = start; i < n && i < start + 4096; ++i)
                part += (value(i) - mean) * (value(i) - mean);
            square += part;
        }
        const double deviation = std::sqrt(square / double(n));
        const bool same = low == high, constant = same || deviation <= 10 * 0x1p-52 * std::fabs(mean);
        made.offset.push_back(same ? low : mean), made.factor.push_back(1 / (constant ? 1 : deviation));
    }
    return made;
}

}  // namespace lw
