// Which instruction set is used: the best that was built and that this machine has, or the one asked for.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "host.h"
#include "plan.h"

namespace lw {

struct Isa {
    const char* name;
    const FunctionTable* table;
};

// Those built that this machine has, the best first.
inline std::vector<Isa> machine_isas() {
    std::vector<Isa> found;
#if defined(LW_HAS_AVX512)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        found.push_back({"avx512", &avx512::table});
#endif
#if defined(LW_HAS_AVX2)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back({"avx2", &avx2::table});
#endif
#if defined(LW_HAS_NEON)
    found.push_back({"neon", &neon::table});
#endif
#if defined(LW_HAS_BASELINE)
    found.push_back({"baseline", &baseline::table});
#endif
    return found;
}

#if defined(__wasm__)
inline const Isa& isa() {
    static constexpr Isa only{"baseline", &baseline::table};
    return only;
}
#else
// The best, or the one that LAYERWISE_ISA names.
inline const Isa& isa() {
    static const Isa chosen = [] {
        const std::vector<Isa> all = machine_isas();
        const char* wanted = std::getenv("LAYERWISE_ISA");
        if (!wanted || !*wanted) return all.front();
        std::string names;
        for (const Isa& i : all) {
            if (std::string(i.name) == wanted) return i;
            names += (names.empty() ? "" : ", ") + std::string(i.name);
        }
        refuse("LAYERWISE_ISA is " + std::string(wanted) + "; this machine and this build have " + names);
    }();
    return chosen;
}
#endif

}  // namespace lw
