#pragma once

// Outcome: what became of an effect. Three values, because "we do not know" is one of them: after
// it the only legal step is to read the world.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class OutcomeKind : std::uint8_t {
    done,     ///< The target says so.
    refused,  ///< Nothing has changed: the precondition failed or the target said no.
    unknown,  ///< Sent, and no trustworthy answer.
};

constexpr auto names_of(std::type_identity<OutcomeKind>) {
    return std::to_array<std::string_view>({"done", "refused", "unknown"});
}

struct Outcome {
    OutcomeKind kind{OutcomeKind::unknown};
    std::string because;  ///< For people.

    static void fields(auto& self, auto&& field) {
        field("outcome", self.kind);
        field("because", self.because);
    }
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

}  // namespace homeostat
