#pragma once

// ChangeView: a change as `status` and `explain` show it, so that who told of one sees that it
// arrived.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

/// How we know of a change.
enum class ChangeSource : std::uint8_t {
    told,  ///< Hearsay: a line of the file, or POST /v1/changes.
    seen,  ///< First-hand: the artifact's link moved.
    ours,  ///< A remedy of ours moved it.
};

constexpr auto names_of(std::type_identity<ChangeSource>) {
    return std::to_array<std::string_view>({"told", "seen", "ours"});
}

struct ChangeView {
    Duration age{};  ///< At the moment that whoever shows it speaks of.
    ChangeSource source{ChangeSource::told};
    ChangeKind kind{ChangeKind::deploy};
    ServiceId service;
    VersionId from;  ///< Empty: not known.
    VersionId to;    ///< Empty for flags and scale events.
    std::string reference;

    static void fields(auto& self, auto&& field) {
        field("age_ns", self.age);
        field("source", self.source);
        field("kind", self.kind);
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
        field("reference", self.reference);
    }
    friend bool operator==(const ChangeView&, const ChangeView&) = default;
};

/// More are no help to a person; the ledger has them all.
constexpr std::size_t changes_shown_max = 5;

/// The last of `changes`, oldest first, as they are at `now`.
[[nodiscard]] std::vector<ChangeView> views_of_last(std::span<const Change> changes, Instant now);

/// The last changes that the ledger told of before it opened `incident`, and that were young enough
/// to be suspected of its symptom, as they were when that began.
[[nodiscard]] std::vector<ChangeView> changes_before(std::span<const EntryGroup> groups,
                                                     const IncidentId& incident);

/// "told 12 s ago: deploy of fraud from v6 to v7 (release-118)"; `when` stands for "ago". One line,
/// what is not plain made visible.
[[nodiscard]] std::string sentence_of(const ChangeView& change, std::string_view when);

}  // namespace homeostat::app
