#include "random.h"

#include <cmath>

#include "ziggurat.h"

namespace lw {
namespace {

constexpr int ROUNDS = 10;
constexpr std::uint64_t MULTIPLIERS[] = {0xD2E7470EE14C6C93, 0xCA5A826395121157};
constexpr std::uint64_t WEYL[] = {0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B};

struct Product {
    std::uint64_t high, low;
};
Product multiply(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return {std::uint64_t(product >> 64), std::uint64_t(product)};
}

}  // namespace

// The next 64 bits: a block of four words is made of each value of a counter, which begins at 1.
std::uint64_t Generator::word() {
    if (used_ == 4) {
        for (int i = 0; i < 4 && ++counter_[i] == 0; ++i) {
        }
        std::uint64_t c[4] = {counter_[0], counter_[1], counter_[2], counter_[3]}, key[2] = {key_[0], key_[1]};
        for (int round = 0; round < ROUNDS; ++round) {
            const Product p = multiply(MULTIPLIERS[0], c[0]), q = multiply(MULTIPLIERS[1], c[2]);
            c[0] = q.high ^ c[1] ^ key[0], c[1] = q.low;
            c[2] = p.high ^ c[3] ^ key[1], c[3] = p.low;
            key[0] += WEYL[0], key[1] += WEYL[1];
        }
        for (int i = 0; i < 4; ++i) block_[i] = c[i];
        used_ = 0;
    }
    return block_[used_++];
}

std::uint32_t Generator::half() {
    if (has_half_) {
        has_half_ = false;
        return half_;
    }
    const std::uint64_t both = word();
    has_half_ = true, half_ = std::uint32_t(both >> 32);
    return std::uint32_t(both);
}

double Generator::uniform() { return double(word() >> 11) * 0x1p-53; }

// Of a word, 8 bits choose the layer, one is the sign, and 52 tell how far out in the layer the number lies.
double Generator::normal() {
    for (;;) {
        const std::uint64_t bits = word(), far = bits >> 9 & 0xFFFFFFFFFFFFF;
        const int layer = int(bits & 0xFF);
        const double distance = double(far) * ZIGGURAT_W[layer], x = bits >> 8 & 1 ? -distance : distance;
        if (far < ZIGGURAT_K[layer]) return x;
        if (layer == 0) {  // the tail, whose sign is another bit
            for (;;) {
                const double beyond = -ZIGGURAT_INVERSE_R * std::log1p(-uniform()), y = -std::log1p(-uniform());
                if (y + y > beyond * beyond) return far >> 8 & 1 ? -(ZIGGURAT_R + beyond) : ZIGGURAT_R + beyond;
            }
        }
        const double low = ZIGGURAT_F[layer], high = ZIGGURAT_F[layer - 1];
        if ((high - low) * uniform() + low < std::exp(-0.5 * x * x)) return x;
    }
}

// The lowest bits that can hold it; what is too large is drawn again.
std::uint32_t Generator::at_most(std::uint32_t n) {
    std::uint32_t mask = n;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    for (;;)
        if (const std::uint32_t drawn = half() & mask; drawn <= n) return drawn;
}

void Generator::permutation(std::ptrdiff_t n, std::int64_t* out) {
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = i;
    for (std::ptrdiff_t i = n - 1; i > 0; --i) {
        const std::ptrdiff_t j = at_most(std::uint32_t(i));
        const std::int64_t kept = out[i];
        out[i] = out[j], out[j] = kept;
    }
}

}  // namespace lw
