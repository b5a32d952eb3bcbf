#pragma once

// Change: a recent deploy, configuration, flag or scale event.
//
// A change that we saw ourselves (an artifact's link moved) is first-hand; one that somebody told
// us (a file, POST /v1/changes) is hearsay: it may explain, but a rollback is only ever offered for
// a first-hand one.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class ChangeKind : std::uint8_t { deploy, config, flag, scale };

constexpr auto names_of(std::type_identity<ChangeKind>) {
    return std::to_array<std::string_view>({"deploy", "config", "flag", "scale"});
}

/// The artifact that such a change gives another version; none for scale events.
[[nodiscard]] constexpr std::optional<Artifact> artifact_of(ChangeKind kind) {
    switch (kind) {
        case ChangeKind::deploy:
            return Artifact::deploy;
        case ChangeKind::config:
            return Artifact::config;
        case ChangeKind::flag:
            return Artifact::flag;
        case ChangeKind::scale:
            break;
    }
    return std::nullopt;
}

struct Change {
    ChangeId id;
    ChangeKind kind{ChangeKind::deploy};
    ServiceId service;
    VersionId from;  ///< Of the artifact that changed; empty when not known.
    VersionId to;    ///< Empty for scale events, and where nobody says.
    bool is_first_hand{false};
    bool is_ours{false};  ///< Our own remedy made it: never a reason to act again.
    std::string
        reference;  ///< What the sender called it: at most 64 plain bytes, never decided on.
    Instant at{};

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("kind", self.kind);
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
        field("is_first_hand", self.is_first_hand);
        field("is_ours", self.is_ours);
        field("reference", self.reference);
        field("at", self.at);
    }
    friend bool operator==(const Change&, const Change&) = default;
};

}  // namespace homeostat
