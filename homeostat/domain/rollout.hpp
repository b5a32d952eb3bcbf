#pragma once

// A rollout that is let stand: the remedy and its inverse, their step, and what there is to see.
//
// Part of the closed lists of remedy.hpp and step.hpp.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"

#include <string>
#include <string_view>

namespace homeostat {

/// Let a rollout that is under way bring `version` to nobody else. A stopgap: the old instances
/// serve on beside the new ones until a person or a rollback decides. `ResumeRollout` ends it.
struct PauseRollout {
    static constexpr std::string_view kind_name = "pause_rollout";
    static constexpr RemedyKind kind = RemedyKind::pause_rollout;
    ServiceId service;
    VersionId version;
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("version", self.version);
    }
    friend bool operator==(const PauseRollout&, const PauseRollout&) = default;
};

/// Let the rollout go on. The inverse of `PauseRollout`, and on no menu.
struct ResumeRollout {
    static constexpr std::string_view kind_name = "resume_rollout";
    static constexpr RemedyKind kind = RemedyKind::resume_rollout;
    ServiceId service;
    VersionId version;
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("version", self.version);
    }
    friend bool operator==(const ResumeRollout&, const ResumeRollout&) = default;
};

/// Let the rollout of `version` stand, or go on. Precondition: that version is the current one, and
/// the rollout goes on; or stands, and we are who let it. Class: conditional.
struct SetPaused {
    static constexpr std::string_view kind_name = "set_paused";
    static constexpr Idempotence idempotence = Idempotence::conditional;
    ServiceId service;
    VersionId version;
    bool is_paused{false};
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("version", self.version);
        field("is_paused", self.is_paused);
    }
    friend bool operator==(const SetPaused&, const SetPaused&) = default;
};

/// How far whoever orchestrates the instances is with the current version.
struct RolloutFacts {
    bool is_under_way{false};  ///< Some instances have yet to be replaced, or to come.
    bool is_paused{false};     ///< By whoever's hand.
    EffectId paused_by;        ///< Of ours, that let it stand; empty: no effect of ours.
    std::string resume_words;  ///< What a person types to let it go on. Of the configuration.

    [[nodiscard]] bool is_paused_by_us() const { return is_paused && !paused_by.empty(); }

    static void fields(auto& self, auto&& field) {
        field("is_under_way", self.is_under_way);
        field("is_paused", self.is_paused);
        field("paused_by", self.paused_by);
        field("resume_words", self.resume_words);
    }
    friend bool operator==(const RolloutFacts&, const RolloutFacts&) = default;
};

}  // namespace homeostat
