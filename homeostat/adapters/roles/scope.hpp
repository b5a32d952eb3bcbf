#pragma once

// Scope: of which instances an agent speaks.
//
// Most agents see a whole service. One beside a pod sees that pod, one on a node those of its node.
// It names the pod or the node and not the instances: which ones stand there now is the executor's
// to say, so that a pod that has gone speaks for nobody, and least of all for whoever took its
// slot.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/symptom.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::adapters::roles {

enum class ScopeKind : std::uint8_t {
    whole,     ///< The service, and all that belongs to it.
    instance,  ///< One process of this machine, by the instance's name.
    pod,       ///< One pod, by its name.
    node,      ///< The pods of one node, by the node's name.
};

constexpr auto names_of(std::type_identity<ScopeKind>) {
    return std::to_array<std::string_view>({"whole", "instance", "pod", "node"});
}

/// SOURCE: the longest name that Kubernetes takes for a pod or a node.
constexpr std::size_t scope_name_bytes_max = 253;

struct Scope {
    ScopeKind kind{ScopeKind::whole};
    std::string name;  ///< Empty: the whole.

    [[nodiscard]] bool is_whole() const { return kind == ScopeKind::whole; }

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("name", self.name);
    }
    friend bool operator==(const Scope&, const Scope&) = default;
};

/// Whether one may be called so: parts of a plain name, with dots between them as nodes have.
[[nodiscard]] constexpr bool is_scope_name(std::string_view text) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    };
    return !text.empty() && text.size() <= scope_name_bytes_max && text.front() != '.' &&
           text.front() != '-' && std::ranges::all_of(text, is_plain);
}

/// "the whole", "pod payments-7d9f-x2x", for people.
[[nodiscard]] inline std::string describe(const Scope& scope) {
    return scope.is_whole() ? std::string("the whole")
                            : std::string(to_text(scope.kind)) + " " + scope.name;
}

/// What an agent's word counts for now, by the executor's own inventory.
struct Coverage {
    bool is_whole{false};
    std::vector<InstanceId> instances{};  ///< Where it is not the whole.
    bool sees_ends{false};  ///< Of processes. How a container ended, the cluster alone says.

    [[nodiscard]] bool is_empty() const { return !is_whole && instances.empty(); }

    [[nodiscard]] bool has(const InstanceId& instance) const {
        return is_whole || std::ranges::find(instances, instance) != instances.end();
    }
    [[nodiscard]] bool covers(const Subject& subject) const {
        const bool is_of_one = subject.kind == SubjectKind::instance;
        return is_whole || (is_of_one && has(InstanceId(subject.name)));
    }
    /// What can be seen of one instance without its siblings: that it is slow among them cannot.
    [[nodiscard]] bool covers(const Symptom& symptom) const {
        const bool is_seen_alone = symptom.kind == SymptomKind::instance_not_answering ||
                                   (symptom.kind == SymptomKind::instance_down && sees_ends);
        return is_whole || (is_seen_alone && covers(symptom.subject));
    }
};

}  // namespace homeostat::adapters::roles
