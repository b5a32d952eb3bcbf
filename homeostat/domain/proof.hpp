#pragma once

// Proof: what verification found after a remedy.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/signal.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

enum class ProofKind : std::uint8_t {
    undecided,   ///< Not enough samples yet.
    helped,      ///< The symptom is gone by the signals that count.
    not_helped,  ///< Time is up, or it got worse.
};

constexpr auto names_of(std::type_identity<ProofKind>) {
    return std::to_array<std::string_view>({"undecided", "helped", "not_helped"});
}

enum class ProofStrength : std::uint8_t {
    weak,    ///< Fresh samples, but of the observer that chose the remedy.
    strong,  ///< At least one observer that had no part in the choice.
};

constexpr auto names_of(std::type_identity<ProofStrength>) {
    return std::to_array<std::string_view>({"weak", "strong"});
}

struct Proof {
    ProofKind kind{ProofKind::undecided};
    ProofStrength strength{ProofStrength::weak};
    std::vector<Observer> observers;  ///< Whose samples decided.
    std::uint32_t samples_count{0};
    double good_ratio{0};  ///< Of those samples.
    std::string because;

    static void fields(auto& self, auto&& field) {
        field("proof", self.kind);
        field("strength", self.strength);
        field("observers", self.observers);
        field("samples_count", self.samples_count);
        field("good_ratio", self.good_ratio);
        field("because", self.because);
    }
    friend bool operator==(const Proof&, const Proof&) = default;
};

}  // namespace homeostat
