#pragma once

// ConfigHistory: which contents the ConfigMaps of the configuration had, and since when.
//
// The cluster forgets what a ConfigMap held before it was edited, so what could be gone back to is
// kept here: in one file of the agent's own directory, which nobody else may read. The choices not
// taken: immutable ConfigMaps of our own, which need a right to make any ConfigMap of the namespace
// and someone to clear them away; the ledger, which is read by many and kept for long.
//
// Bounded by number and size; the oldest goes first, and without it there is no going back so far.
//
// A file written inline, rarely. Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/config_maps.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

constexpr std::size_t config_versions_max = 8;
constexpr std::size_t config_terms_max = 32;  ///< In force one after another.
constexpr std::size_t config_history_bytes_max = std::size_t{16} << 20U;

/// One version and what it is made of.
struct ConfigVersion {
    VersionId version;
    std::vector<ConfigContents> maps;

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("maps", self.maps);
    }
    friend bool operator==(const ConfigVersion&, const ConfigVersion&) = default;
};

/// When a version came into force.
struct ConfigTerm {
    VersionId version;
    std::string since;  ///< By the wall clock; empty: from the beginning on, as far as we know.

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("since", self.since);
    }
    friend bool operator==(const ConfigTerm&, const ConfigTerm&) = default;
};

/// What the file holds.
struct ConfigPast {
    std::vector<ConfigVersion> versions;  ///< Each once, the one in force last.
    std::vector<ConfigTerm> terms;        ///< Oldest first.

    friend bool operator==(const ConfigPast&, const ConfigPast&) = default;
};

/// ERRORS: corrupt: not JSON, another format or service, a version that its contents do not have.
[[nodiscard]] Result<ConfigPast> parse_config_past(const ServiceId& service, std::string_view text);

[[nodiscard]] std::string config_past_text(const ServiceId& service, const ConfigPast& past);

class ConfigHistory {
  public:
    /// Reads the file at `path`, if there is one. What was kept of other ConfigMaps than `names` is
    /// forgotten. ERRORS: corrupt, with the mend; unreachable: not readable.
    [[nodiscard]] static Result<ConfigHistory> open(const ServiceId& service,
                                                    std::vector<std::string> names,
                                                    std::string path);

    /// Takes what is in force now; what is not whole, or was so before, changes nothing. ERRORS: of
    /// the file; it counts all the same until we end.
    Result<void> take(const ConfigsView& configs, WallTime now);

    /// Null: nothing is kept of it.
    [[nodiscard]] const ConfigVersion* find(const VersionId& version) const;
    [[nodiscard]] const std::vector<ConfigVersion>& versions() const { return past_.versions; }

    /// What a process that began then has read; empty: nothing is known. To a second, as pods tell.
    [[nodiscard]] VersionId version_at(WallTime started_at) const;

    /// Since when the last one is in force; nothing: from the beginning on.
    [[nodiscard]] std::optional<WallTime> in_force_since() const;

  private:
    ConfigHistory(ServiceId service, std::vector<std::string> names, std::string path)
        : service_(std::move(service)), names_(std::move(names)), path_(std::move(path)) {}

    Result<void> keep();

    ServiceId service_;
    std::vector<std::string> names_;
    std::string path_;
    ConfigPast past_;
    bool is_kept_{true};
};

}  // namespace homeostat::adapters::kubernetes
