// NumPy's Generator(Philox(key)) to the same bits: Philox4x64-10, uniform and normal numbers, and permutations. Written
// from their descriptions: Salmon, Moraes, Dror, Shaw 2011; Marsaglia, Tsang 2000; Fisher, Yates 1938.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lw {

class Generator {
public:
    Generator(std::uint64_t key_0, std::uint64_t key_1) : key_{key_0, key_1} {}

    double uniform();  // on [0, 1), with 53 bits
    double normal();
    std::uint32_t at_most(std::uint32_t n);  // a whole number from 0 to n
    // The numbers 0 ... n - 1 in an order drawn at random, for n up to 2^32.
    void permutation(std::ptrdiff_t n, std::int64_t* out);

private:
    std::uint64_t word();
    std::uint32_t half();  // of a word: the lower one first

    std::uint64_t key_[2], counter_[4] = {}, block_[4] = {};
    int used_ = 4;  // of the block
    bool has_half_ = false;
    std::uint32_t half_ = 0;
};

}  // namespace lw
