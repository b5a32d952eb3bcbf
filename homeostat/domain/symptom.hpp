#pragma once

// Symptom: what a detector says is wrong.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/signal.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class SymptomKind : std::uint8_t {
    errors,                  ///< The share of failed requests is over the goal.
    latency,                 ///< Answers take much longer than they used to.
    instance_down,           ///< A process that should run has ended. A reflex deals with it.
    instance_not_answering,  ///< It runs, and its probes stay unanswered.
    stale_cache,             ///< Copies in a cache differ from their source, and stay so.
    check_failing,           ///< The check of a declared task has failed so often in a row.
};

constexpr auto names_of(std::type_identity<SymptomKind>) {
    return std::to_array<std::string_view>({"errors", "latency", "instance_down",
                                            "instance_not_answering", "stale_cache",
                                            "check_failing"});
}

struct Symptom {
    SymptomKind kind{SymptomKind::errors};
    Subject subject;
    Observer observer{Observer::edge};  ///< Whose signals chose it; proof must come from others.
    double value{0};                    ///< UNITS: errors: ratio; latency: ms; stale_cache: keys;
                                        ///< check_failing: checks in a row; others: 1.
    double limit{0};                    ///< The limit that the value broke, in the same unit.
    Instant began_at{};                 ///< First signal that belongs to it.
    Instant noticed_at{};               ///< When there was enough of it.

    static void fields(auto& self, auto&& field) {
        field("symptom", self.kind);
        field("subject", self.subject);
        field("observer", self.observer);
        field("value", self.value);
        field("limit", self.limit);
        field("began_at", self.began_at);
        field("noticed_at", self.noticed_at);
    }
    friend bool operator==(const Symptom&, const Symptom&) = default;
};

extern template struct fields_detail::Codec<Symptom>;

}  // namespace homeostat
