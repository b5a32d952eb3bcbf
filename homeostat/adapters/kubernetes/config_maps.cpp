#include "homeostat/adapters/kubernetes/config_maps.hpp"

#include "homeostat/adapters/kubernetes/field_owner.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// SOURCE: what the API server itself allows: 1 MiB for all of a ConfigMap, a key like a file name.
constexpr std::size_t value_bytes_max = std::size_t{1} << 20U;
constexpr std::size_t entries_max = 4096;
constexpr std::size_t name_text_max = 253;
constexpr std::size_t uid_bytes_max = 64;
constexpr std::size_t resource_version_max = 20;
constexpr std::size_t annotation_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t hash_bytes_kept = 6;

std::vector<ConfigEntry> read_entries(const ObjectFields& root, std::string_view name) {
    const ObjectFields object = root.object(name);
    const std::vector<std::string_view> keys = object.names();
    if (keys.size() > entries_max) {
        root.refuse(name, "has too many keys");
        return {};
    }
    std::vector<ConfigEntry> entries;
    for (const std::string_view key : keys) {
        if (key.size() > name_text_max) {
            root.refuse(name, "has a key that is too long");
        }
        entries.push_back({std::string(key), object.text(key, value_bytes_max)});
    }
    std::ranges::sort(entries, {}, &ConfigEntry::key);
    return entries;
}

std::string hash_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ensure(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    std::string hex;
    for (std::size_t index = 0; index < hash_bytes_kept; ++index) {
        hex += fmt::format("{:02x}", digest[index]);
    }
    return hex;
}

}  // namespace

Result<ConfigMapView> parse_config_map(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields root(object, "configmap", error);
    const ObjectFields metadata = root.object("metadata");
    ConfigMapView view;
    view.contents.name = metadata.text("name", name_text_max);
    view.uid = metadata.text("uid", uid_bytes_max);
    view.resource_version = metadata.text("resourceVersion", resource_version_max);
    view.has_annotations = metadata.find("annotations") != nullptr;
    view.effect = metadata.object("annotations").text(effect_annotation, annotation_bytes_max);
    view.is_immutable = root.flag("immutable");
    constexpr std::array<std::string_view, 2> contents{"f:data", "f:binaryData"};
    view.written_at = written_at_of(object, contents);
    view.contents.data = read_entries(root, "data");
    view.contents.binary_data = read_entries(root, "binaryData");
    if (view.contents.name.empty() || !is_plain_name(view.uid)) {
        metadata.refuse("uid", "or the name cannot be");
    }
    if (error) {
        return std::unexpected(*std::move(error));
    }
    return view;
}

VersionId config_version_of(const std::vector<ConfigContents>& contents) {
    json::array all;
    for (const ConfigContents& one : contents) {
        all.push_back(to_json(one));
    }
    return VersionId{"c-" + hash_of(to_text(json::value(std::move(all))))};
}

ConfigsView configs_of(const std::vector<std::string>& names, std::vector<ConfigMapView> maps) {
    ConfigsView configs;
    std::vector<ConfigContents> contents;
    for (const std::string& name : names) {
        const auto found = std::ranges::find(
            maps, name, [](const ConfigMapView& one) { return one.contents.name; });
        if (found != maps.end()) {
            contents.push_back(found->contents);
            configs.maps.push_back(std::move(*found));
            maps.erase(found);
        }
    }
    if (!names.empty() && configs.maps.size() == names.size()) {
        configs.version = config_version_of(contents);
    }
    return configs;
}

EffectId effect_of(const ConfigsView& configs) {
    for (const ConfigMapView& one : configs.maps) {
        const std::string_view mark = one.effect;
        const std::size_t first = std::min(mark.find(' '), mark.size());
        const std::size_t last = std::min(mark.rfind(' '), mark.size());
        const std::string_view effect = mark.substr(0, first);
        const std::string_view to = mark.substr(std::min(last + 1, mark.size()));
        const bool is_ours = first < last && is_plain_name(effect) && !configs.version.empty() &&
                             to == configs.version.text();
        if (is_ours) {
            return EffectId{std::string(effect)};
        }
    }
    return {};
}

}  // namespace homeostat::adapters::kubernetes
