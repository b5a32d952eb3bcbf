#pragma once

// The bodies of the entries that hand an incident over to a person or close it. Pure; values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

struct EscalatedBody {
    std::string because;
    std::string rule{};   ///< Of guard's, if that is why; else empty.
    std::string about{};  ///< "errors of payments: restart payments-0"
    /// A person was told of the same rule, symptom and remedy shortly before, and not again.
    bool is_told_already{false};

    static void fields(auto& self, auto&& field) {
        field("because", self.because);
        field("rule", self.rule, may_be_absent);
        field("about", self.about, may_be_absent);
        field("is_told_already", self.is_told_already, may_be_absent);
    }
};

enum class CloseKind : std::uint8_t {
    healed,     ///< A remedy helped, with proof.
    passed,     ///< The symptom went without one.
    by_person,  ///< A person who was needed says that it is over.
};

constexpr auto names_of(std::type_identity<CloseKind>) {
    return std::to_array<std::string_view>({"healed", "passed", "by_person"});
}

struct ClosedBody {
    CloseKind how{CloseKind::passed};
    std::vector<Remedy> tried;  ///< In order.
    std::string by{};           ///< User name of whoever closed it; empty if nobody did.
    std::string because{};      ///< Their words; at most 200 bytes, never decided on.

    static void fields(auto& self, auto&& field) {
        field("how", self.how);
        field("tried", self.tried);
        field("by", self.by, may_be_absent);
        field("because", self.because, may_be_absent);
    }
};

/// What the world had become when a symptom was over that nobody let us do anything about. By it a
/// review tells later whether somebody else has done what we would have.
struct AftermathBody {
    Facts facts;

    static void fields(auto& self, auto&& field) { field("facts", self.facts); }
};

}  // namespace homeostat
