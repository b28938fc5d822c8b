// How first weights are drawn: parts/initializers.py, number by number.
#pragma once

#include <cmath>
#include <string>

#include "random.h"
#include "value.h"

namespace lw {

class Initializer {
public:
    // `number` is its own argument, of those that have one; of a vector, n_in is 1.
    Initializer(const std::string& name, double number, std::ptrdiff_t n_in, std::ptrdiff_t n_out) {
        const double in = double(n_in), both = double(n_in + n_out);
        if (name == "Zeros")
            kind_ = ZERO;
        else if (name == "Ones")
            kind_ = ONE;
        else if (name == "Normal")
            kind_ = NORMAL, factor_ = number;
        else if (name == "Uniform")
            limit_ = number;
        else if (name == "LecunNormal")
            kind_ = NORMAL_OVER, factor_ = std::sqrt(in);
        else if (name == "LecunUniform")
            limit_ = std::sqrt(3 / in);
        else if (name == "GlorotNormal")
            kind_ = NORMAL, factor_ = std::sqrt(2 / both);
        else if (name == "GlorotUniform")
            limit_ = std::sqrt(6 / both);
        else if (name == "HeNormal")
            kind_ = NORMAL, factor_ = std::sqrt(2 / in);
        else if (name == "HeUniform")
            limit_ = std::sqrt(6 / in);
        else
            refuse("there is no native initializer " + name);
    }

    double draw(Generator& random) const {
        switch (kind_) {
            case ZERO: return 0;
            case ONE: return 1;
            case NORMAL: return random.normal() * factor_;
            case NORMAL_OVER: return random.normal() / factor_;
            case UNIFORM: return -limit_ + (limit_ + limit_) * random.uniform();
        }
        return 0;
    }

private:
    enum { ZERO, ONE, NORMAL, NORMAL_OVER, UNIFORM } kind_ = UNIFORM;
    double factor_ = 1, limit_ = 0;
};

}  // namespace lw
