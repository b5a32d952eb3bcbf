#pragma once

// Approval: a person's leave for one remedy, for once, for a short time, in the world that they
// were told of.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

/// What of the world a person's leave hangs on. If it has changed, they said yes to something else.
struct Preconditions {
    /// Of the instance that the remedy names, or of all if it restarts them all: the process that
    /// runs there, or the last one that did. Empty for what is about no process.
    std::vector<ProcessIdentity> processes{};
    std::uint32_t alive_count{0};  ///< Of these.
    VersionId version;             ///< Current.
    VersionId config;              ///< Likewise.

    static void fields(auto& self, auto&& field) {
        field("processes", self.processes);
        field("alive_count", self.alive_count);
        field("version", self.version);
        field("config", self.config);
    }
    friend bool operator==(const Preconditions&, const Preconditions&) = default;
};

[[nodiscard]] Preconditions preconditions_of(const Remedy& remedy, const Facts& facts);

enum class PersonSays : std::uint8_t {
    approved,
    denied,
};

constexpr auto names_of(std::type_identity<PersonSays>) {
    return std::to_array<std::string_view>({"approved", "denied"});
}

/// As guard remembers it.
struct Approval {
    std::string question;  ///< The id of what was asked.
    Remedy remedy;
    Preconditions preconditions;
    std::string by;
    Instant at{};
    bool is_used{false};  ///< The remedy has begun: no other may begin by it.

    friend bool operator==(const Approval&, const Approval&) = default;
};

}  // namespace homeostat
