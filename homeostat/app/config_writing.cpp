// What goes out by the table of config_keys.hpp: the values in force, and the schema for editors.

#include "homeostat/app/config_check.hpp"
#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_load.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

// --- Values --------------------------------------------------------------------------------------

template <class Section>
json::object write_section(const Section& section);

bool is_unset(const std::string& value) {
    return value.empty();
}
bool is_unset(const std::filesystem::path& value) {
    return value.empty();
}
bool is_unset(const auto&) {
    return false;
}

/// The value of one key; nothing for one that is not set.
template <class Kind, class T>
std::optional<json::value> write_value(const Kind& kind, const T& value) {
    return is_unset(value) ? std::nullopt : std::optional<json::value>(kind.write(value));
}

template <class Kind, class T>
std::optional<json::value> write_value(const Kind& kind, const std::optional<T>& value) {
    return value ? write_value(kind, *value) : std::nullopt;
}

template <class Kind, class T>
std::optional<json::value> write_value(const ListOf<Kind>& list, const std::vector<T>& values) {
    json::array array;
    for (const T& value : values) {
        array.push_back(list.kind.write(value));
    }
    return array.empty() ? std::nullopt : std::optional<json::value>(std::move(array));
}

template <class T>
std::optional<json::value> write_value(const SectionKind&, const T& section) {
    return write_section(section);
}

template <class T>
std::optional<json::value> write_value(const SectionKind&, const std::optional<T>& section) {
    return section ? std::optional<json::value>(write_section(*section)) : std::nullopt;
}

template <class T>
std::optional<json::value> write_value(const SectionsKind&, const std::vector<T>& sections) {
    json::array array;
    for (const T& section : sections) {
        if constexpr (HasShortForm<T>) {
            if (section.is_short()) {
                array.push_back(T::short_kind.write(section.short_value()));
                continue;
            }
        }
        array.push_back(write_section(section));
    }
    return array.empty() ? std::nullopt : std::optional<json::value>(std::move(array));
}

std::string_view key_text(const std::string& key) {
    return key;
}
template <class Tag>
std::string_view key_text(const Id<Tag>& key) {
    return key.text();
}

template <class Kind, class K, class T>
std::optional<json::value> write_value(const MapOf<Kind>& map, const std::map<K, T>& values) {
    json::object object;
    for (const auto& [key, value] : values) {
        if (std::optional<json::value> written = write_value(map.kind, value)) {
            object[key_text(key)] = std::move(*written);
        }
    }
    return object.empty() ? std::nullopt : std::optional<json::value>(std::move(object));
}

template <class T>
std::optional<json::value> write_value(const OneKeyItemsKind&, const T& section) {
    json::array array;
    for (const auto& member : write_section(section)) {
        json::object item;
        item[member.key()] = member.value();
        array.push_back(std::move(item));
    }
    return array.empty() ? std::nullopt : std::optional<json::value>(std::move(array));
}

template <class Section>
json::object write_section(const Section& section) {
    json::object object;
    Section::keys(section, [&object](const Key& key, const auto& kind, const auto& value) {
        if (std::optional<json::value> written = write_value(kind, value)) {
            object[key.name] = std::move(*written);
        }
    });
    return object;
}

// --- Schema --------------------------------------------------------------------------------------

template <class Section>
json::object section_schema();

template <class Kind, class T>
json::object kind_schema(const Kind& kind, std::type_identity<T>) {
    return kind.schema();
}

template <class T>
json::object list_schema(json::object items, T count_max) {
    json::object schema;
    schema["type"] = "array";
    schema["items"] = std::move(items);
    schema["minItems"] = 1;
    schema["maxItems"] = static_cast<std::uint64_t>(count_max);
    return schema;
}

template <class Kind, class T>
json::object kind_schema(const ListOf<Kind>& list, std::type_identity<std::vector<T>>) {
    json::object many = list_schema(list.kind.schema(), list.count_max);
    if (!list.takes_single) {
        return many;
    }
    json::object either;
    either["anyOf"] = json::array{list.kind.schema(), std::move(many)};
    return either;
}

template <class T>
json::object kind_schema(const SectionKind&, std::type_identity<T>) {
    return section_schema<T>();
}

template <class T>
json::object kind_schema(const SectionKind&, std::type_identity<std::optional<T>>) {
    return section_schema<T>();
}

template <class T>
json::object kind_schema(const SectionsKind& kind, std::type_identity<std::vector<T>>) {
    json::object item = section_schema<T>();
    if constexpr (HasShortForm<T>) {
        json::object either;
        either["anyOf"] = json::array{T::short_kind.schema(), std::move(item)};
        item = std::move(either);
    }
    return list_schema(std::move(item), kind.count_max);
}

template <class Kind, class K, class T>
json::object kind_schema(const MapOf<Kind>& map, std::type_identity<std::map<K, T>>) {
    json::object schema;
    schema["type"] = "object";
    schema["propertyNames"] = NameValue{}.schema();
    schema["additionalProperties"] = kind_schema(map.kind, std::type_identity<T>{});
    schema["minProperties"] = 1;
    schema["maxProperties"] = static_cast<std::uint64_t>(map.count_max);
    return schema;
}

template <class T>
json::object kind_schema(const OneKeyItemsKind&, std::type_identity<T>) {
    json::object item = section_schema<T>();
    const std::size_t keys_count = item.at("properties").as_object().size();
    item["minProperties"] = 1;
    item["maxProperties"] = 1;
    return list_schema(std::move(item), keys_count);
}

/// What stands in force without the key, where that is one value.
template <class Kind, class T>
void add_default(json::object& schema, const Kind& kind, const T& value) {
    if constexpr (requires { kind.parse(std::string_view()); }) {
        if (std::optional<json::value> written = write_value(kind, value)) {
            schema["default"] = std::move(*written);
        }
    }
}

template <class Section>
json::object section_schema() {
    json::object properties;
    json::array required;
    const Section defaults{};
    Section::keys(defaults, [&]<class T>(const Key& key, const auto& kind, const T& value) {
        json::object schema;
        schema["description"] = json::value(std::string(key.says));
        for (const auto& member : kind_schema(kind, std::type_identity<T>{})) {
            schema[member.key()] = member.value();
        }
        if (key.need == Need::required) {
            required.emplace_back(std::string(key.name));
        } else {
            add_default(schema, kind, value);
        }
        properties[key.name] = std::move(schema);
    });
    json::object schema;
    schema["type"] = "object";
    schema["additionalProperties"] = false;
    if (!required.empty()) {
        schema["required"] = std::move(required);
    }
    schema["properties"] = std::move(properties);
    return schema;
}

}  // namespace

json::value to_document(const Config& config) {
    return write_section(to_file(config));
}

json::value config_schema() {
    json::object schema;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = "Homeostat: the configuration of one guarded service";
    for (const auto& member : section_schema<ConfigFile>()) {
        schema[member.key()] = member.value();
    }
    return schema;
}

}  // namespace homeostat::app
