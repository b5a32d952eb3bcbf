#pragma once

// RuntimeFacts: the instances and their versions, as whatever runs them sees them now.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/node_facts.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/resize.hpp"
#include "homeostat/domain/rollout.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace homeostat {

/// One instance as the runtime sees it.
struct RuntimeInstance {
    InstanceId instance;
    bool is_alive{false};
    bool is_answering{false};  ///< Our own request to it was answered just now.
    ProcessIdentity identity;  ///< Of the live process, or of the last one.
    VersionId version;         ///< Of that process.
    VersionId config;          ///< The version of the configuration that it was started with.
    Instant started_at{};
    EffectId effect;       ///< The effect that started it; empty if none of ours did.
    bool is_spare{false};  ///< Declared to run only when `scale` asks for it.
    bool is_wanted{true};  ///< A spare that is none now, or no spare at all.
    /// Not alive yet, by no fault of its own: whoever orchestrates it starts it, or is about to.
    bool is_coming{false};
    /// Absent: no limit of its memory is known, or none that we may change.
    std::optional<MemoryFacts> memory{};
    std::optional<NodeFacts> node{};  ///< Absent: nobody places it, or nowhere yet.

    /// What would go if it were replaced: the process that lives, or the pod, whatever becomes of
    /// its container.
    [[nodiscard]] ProcessIdentity present() const {
        return is_alive || !identity.pod.empty() ? identity : ProcessIdentity{};
    }

    /// What it runs of the artifact. REQUIRES: it is started with such.
    [[nodiscard]] const VersionId& version_of(Artifact artifact) const {
        return artifact == Artifact::config ? config : version;
    }

    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("is_alive", self.is_alive);
        field("is_answering", self.is_answering);
        field("identity", self.identity);
        field("version", self.version);
        field("config", self.config, may_be_absent);
        field("started_at", self.started_at);
        field("effect", self.effect);
        field("is_spare", self.is_spare);
        field("is_wanted", self.is_wanted);
        field("is_coming", self.is_coming, may_be_absent);
        field("memory", self.memory);
        field("node", self.node);
    }
    friend bool operator==(const RuntimeInstance&, const RuntimeInstance&) = default;
};

/// A version that is in force as far as it differs from another one.
struct PartInForce {
    VersionId version;
    VersionId other;

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("other", self.other);
    }
    friend bool operator==(const PartInForce&, const PartInForce&) = default;
};

/// The versions of one artifact.
struct VersionFacts {
    VersionId current;               ///< What the symlink says; empty without versions.
    std::vector<VersionId> present;  ///< Directories that exist.
    std::vector<VersionId> good;     ///< Present, and proven by time in service.
    /// Of flags, which are edited one by one: what of versions before the current one still stands.
    std::vector<PartInForce> parts{};

    /// All of `version` that differs from `other` is as it says.
    [[nodiscard]] bool is_in_force(const VersionId& version, const VersionId& other) const {
        return current == version ||
               std::ranges::find(parts, PartInForce{version, other}) != parts.end();
    }

    static void fields(auto& self, auto&& field) {
        field("current", self.current);
        field("present", self.present);
        field("good", self.good);
        field("parts", self.parts, may_be_absent);
    }
    friend bool operator==(const VersionFacts&, const VersionFacts&) = default;
};

struct RuntimeFacts {
    std::vector<RuntimeInstance> instances;  ///< Every declared one, in order.
    PerArtifact<VersionFacts> versions;      ///< Nothing is known of `good` here.
    Instant read_at{};
    bool is_orchestrated{false};            ///< As in Facts.
    std::optional<RolloutFacts> rollout{};  ///< Absent: nobody rolls out what could be held.
};

}  // namespace homeostat
