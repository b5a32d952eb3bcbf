#pragma once

// Step: one effect of a remedy, and what must hold at its target for it to happen.
//
// A remedy is carried out as steps, each computed anew from facts just read, so that a repeat of a
// step whose goal is reached already is no step at all. Each carries its precondition: if the
// target is no longer as we saw it, the actuator refuses and nothing happens.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/remedy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat {

/// Point the artifact's `current` at `to`. Precondition: it points at `from`. Class: conditional.
/// Of flags: give those that differ between the two the definitions of `to`, if they have those of
/// `from`; others stay as they are.
struct SwapVersion {
    static constexpr std::string_view kind_name = "swap_version";
    static constexpr Idempotence idempotence = Idempotence::conditional;
    ServiceId service;
    VersionId from;
    VersionId to;
    Artifact artifact{Artifact::deploy};
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
        field("artifact", self.artifact, may_be_absent);
    }
    friend bool operator==(const SwapVersion&, const SwapVersion&) = default;
};

/// Let the edge give the instance no new requests. Class: read back.
struct Drain {
    static constexpr std::string_view kind_name = "drain";
    static constexpr Idempotence idempotence = Idempotence::read_back;
    InstanceId instance;
    static void fields(auto& self, auto&& field) { field("instance", self.instance); }
    friend bool operator==(const Drain&, const Drain&) = default;
};

/// Let the edge give the instance requests again. Class: read back.
struct Undrain {
    static constexpr std::string_view kind_name = "undrain";
    static constexpr Idempotence idempotence = Idempotence::read_back;
    InstanceId instance;
    static void fields(auto& self, auto&& field) { field("instance", self.instance); }
    friend bool operator==(const Undrain&, const Undrain&) = default;
};

/// End the instance's process, if there is one, and start one of `version`, configured by `config`,
/// in its place; the new one carries the effect's id. Precondition: the process is the one that we
/// saw. Class: one-shot.
struct Replace {
    static constexpr std::string_view kind_name = "replace";
    static constexpr Idempotence idempotence = Idempotence::one_shot;
    InstanceId instance;
    ProcessIdentity expected;  ///< pid 0: no live process is expected.
    VersionId version;         ///< Empty: services without versions.
    VersionId config{};        ///< Empty: services without versions of their configuration.
    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("expected", self.expected);
        field("version", self.version);
        field("config", self.config, may_be_absent);
    }
    friend bool operator==(const Replace&, const Replace&) = default;
};

/// Turn the edge's switch of a neighbour's circuit. Precondition: it stands the other way. Class:
/// read back. An open circuit closes by itself after a while, whoever is still there to close it.
struct SetCircuit {
    static constexpr std::string_view kind_name = "set_circuit";
    static constexpr Idempotence idempotence = Idempotence::read_back;
    ServiceId neighbour;
    bool is_open{false};
    static void fields(auto& self, auto&& field) {
        field("neighbour", self.neighbour);
        field("is_open", self.is_open);
    }
    friend bool operator==(const SetCircuit&, const SetCircuit&) = default;
};

/// Send the reads of a cache to its source, or through the cache again. Precondition: they go the
/// other way. Class: read back. A route to the source ends by itself after a while, as a circuit.
struct SetRoute {
    static constexpr std::string_view kind_name = "set_route";
    static constexpr Idempotence idempotence = Idempotence::read_back;
    CacheId cache;
    bool is_to_source{false};
    static void fields(auto& self, auto&& field) {
        field("cache", self.cache);
        field("is_to_source", self.is_to_source);
    }
    friend bool operator==(const SetRoute&, const SetRoute&) = default;
};

/// Drop the declared keys of a cache, and no others. Precondition: some differ from the source.
/// Class: read back: to drop what is not there changes nothing.
struct Invalidate {
    static constexpr std::string_view kind_name = "invalidate";
    static constexpr Idempotence idempotence = Idempotence::read_back;
    CacheId cache;
    static void fields(auto& self, auto&& field) { field("cache", self.cache); }
    friend bool operator==(const Invalidate&, const Invalidate&) = default;
};

/// End the process of a spare, if there is one, and let the spare be one again. Precondition: the
/// process is the one that we saw. Class: one-shot.
struct Stop {
    static constexpr std::string_view kind_name = "stop";
    static constexpr Idempotence idempotence = Idempotence::one_shot;
    InstanceId instance;
    ProcessIdentity expected;  ///< pid 0: no live process is expected.
    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("expected", self.expected);
    }
    friend bool operator==(const Stop&, const Stop&) = default;
};

/// Run what a task declares, or what it declares to take that back. Precondition: it is declared as
/// its digest says. Class: one-shot; a repeatable one may be run again after an unknown reply.
struct Run {
    static constexpr std::string_view kind_name = "run";
    static constexpr Idempotence idempotence = Idempotence::one_shot;
    TaskId task;
    std::string declaration;
    bool is_inverse{false};
    bool keeps_capacity{false};  ///< As declared: no instance is touched by it.
    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("declaration", self.declaration);
        field("is_inverse", self.is_inverse);
        field("keeps_capacity", self.keeps_capacity);
    }
    friend bool operator==(const Run&, const Run&) = default;
};

using Step = std::variant<SwapVersion,
                          Drain,
                          Undrain,
                          Replace,
                          Stop,
                          SetCircuit,
                          SetRoute,
                          Invalidate,
                          Run,
                          SetMemory,
                          SetPaused>;

[[nodiscard]] inline std::string_view name_of(const Step& step) {
    return std::visit([](const auto& alternative) { return alternative.kind_name; }, step);
}

/// The instance that a step touches; null for those about a version, the edge, a cache or a task.
[[nodiscard]] const InstanceId* instance_of(const Step& step);

/// Whether what becomes of the instance may be the step's doing. A change of version is about all
/// of them, and a task that does not keep capacity may be; one at the edge's switches or in a cache
/// is about none.
[[nodiscard]] bool may_touch(const Step& step, const InstanceId& instance);

/// "replace payments-1 (v1, instead of pid 4711)", for people.
[[nodiscard]] std::string describe(const Step& step);

extern template struct fields_detail::Codec<Step>;

}  // namespace homeostat
