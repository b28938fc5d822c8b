// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
#pragma once

namespace lw {

enum class LossKind {
    Custom = -1,
    MeanSquaredError, QuadraticCost, MeanAbsoluteError, Huber, Quantile, Poisson, CategoricalCrossEntropy,
    BinaryCrossEntropy, BinaryCrossEntropyWeighted,
};
enum class PenaltyKind {
    Custom = -1,
    L1, L2,
};

// Its name in Python, and what its numbers are called there; of a loss, the layer with which it is fused. Of several
// losses by one name it is the last whose numbers are all there.
struct LossFacts {
    const char* name;
    const char* numbers[4];
    const char* fuses_with;
};
constexpr LossFacts LOSSES[] = {
    {"MeanSquaredError", {}, nullptr},
    {"QuadraticCost", {}, nullptr},
    {"MeanAbsoluteError", {}, nullptr},
    {"Huber", {"delta"}, nullptr},
    {"Quantile", {"q"}, nullptr},
    {"Poisson", {}, nullptr},
    {"CategoricalCrossEntropy", {"epsilon"}, "Softmax"},
    {"BinaryCrossEntropy", {"epsilon"}, "Sigmoid"},
    {"BinaryCrossEntropy", {"epsilon", "pos_weight"}, "Sigmoid"},
};
struct PenaltyFacts {
    const char* name;
    const char* numbers[4];
};
constexpr PenaltyFacts PENALTIES[] = {
    {"L1", {}},
    {"L2", {}},
};

}  // namespace lw
