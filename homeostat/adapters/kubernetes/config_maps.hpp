#pragma once

// ConfigMaps whose contents are the guarded service's configuration: what is in them, and the
// version that all of them together are.
//
// A version is the hash of the contents: the same again after a revert, whoever made it. One that
// names a ConfigMap which is not there is none. Secrets are never among them: of those we read
// nothing.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

struct ConfigEntry {
    std::string key;
    std::string value;  ///< Of binaryData as it stands there, in base64.

    static void fields(auto& self, auto&& field) {
        field("key", self.key);
        field("value", self.value);
    }
    friend bool operator==(const ConfigEntry&, const ConfigEntry&) = default;
};

/// What may be put back.
struct ConfigContents {
    std::string name;               ///< Of the ConfigMap.
    std::vector<ConfigEntry> data;  ///< By key.
    std::vector<ConfigEntry> binary_data;

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("data", self.data);
        field("binary_data", self.binary_data);
    }
    friend bool operator==(const ConfigContents&, const ConfigContents&) = default;
};

struct ConfigMapView {
    ConfigContents contents;
    std::string uid;
    std::string resource_version;
    std::string effect;  ///< The value of effect_annotation; empty: none.
    bool has_annotations{false};
    bool is_immutable{false};
    /// When what it holds was written last, to a second. Absent: the server does not say.
    std::optional<WallTime> written_at{};
};

/// ERRORS: invalid, naming the field.
[[nodiscard]] Result<ConfigMapView> parse_config_map(const json::value& object);

/// What all of them are now.
struct ConfigsView {
    std::vector<ConfigMapView> maps;  ///< In the configuration's order. Fewer: some are not there.
    VersionId version;                ///< Empty: not all of them are there.
};

/// "c-3b1f0a77c2d4": the hash of all of it.
[[nodiscard]] VersionId config_version_of(const std::vector<ConfigContents>& contents);

/// `names`: those that there ought to be; `maps`: those that there are, each once.
[[nodiscard]] ConfigsView configs_of(const std::vector<std::string>& names,
                                     std::vector<ConfigMapView> maps);

/// The effect of ours that put the version in force there; empty: somebody else did.
[[nodiscard]] EffectId effect_of(const ConfigsView& configs);

}  // namespace homeostat::adapters::kubernetes
