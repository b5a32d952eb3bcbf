#include "homeostat/app/config_reading.hpp"

#include "homeostat/app/config_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace homeostat::app {

namespace {

std::string joined(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

struct KindName {
    std::string_view found;
    std::string_view wanted;
};

KindName name_of(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::list:
            return {"a list", "a list"};
        case YamlNode::Kind::map:
            return {"a section", "keys with values"};
        case YamlNode::Kind::text:
            return {"one value", "one value"};
        default:
            return {"nothing", "nothing"};
    }
}

/// A description of a key without its capital letter, unless that begins a name (HAProxy).
std::string in_sentence(std::string_view says) {
    std::string text(says);
    const bool is_name = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
    if (!is_name && !text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    }
    return text;
}

/// The section that has a key of this name; empty if none has, "" for the top is not looked for.
std::string path_in_schema(const json::value& schema,
                           std::string_view key,
                           const std::string& path) {
    const json::object* here = schema.if_object();
    if (here != nullptr && here->contains("items")) {
        return path_in_schema(here->at("items"), key, path);
    }
    if (here == nullptr || !here->contains("properties")) {
        return {};
    }
    for (const auto& member : here->at("properties").as_object()) {
        const std::string below = joined(path, std::string_view(member.key()));
        if (member.key() == key && !path.empty()) {
            return path;
        }
        if (std::string found = path_in_schema(member.value(), key, below); !found.empty()) {
            return found;
        }
    }
    return {};
}

}  // namespace

ConfigFile ConfigReading::read(const YamlNode& root) {
    ConfigFile file;
    read_section(root, "", file);
    return file;
}

GlossesFile ConfigReading::read_glosses(const YamlNode& root) {
    GlossesFile file;
    read_section(root, "", file);
    return file;
}

void ConfigReading::tell(Place place, const std::string& path, std::string_view text) {
    problems_.push_back(
        Problem{place, path.empty() ? std::string(text) : fmt::format("{}: {}", path, text)});
    unsound_.insert(path);
}

void ConfigReading::tell_at(std::string_view path, std::string_view text) {
    std::string_view around = path;
    while (!around.empty() && !places_.contains(around)) {
        const std::size_t dot = around.rfind('.');
        around = dot == std::string_view::npos ? std::string_view() : around.substr(0, dot);
    }
    const auto found = places_.find(around);
    tell(found == places_.end() ? Place{1, 1} : found->second, std::string(path), text);
}

bool ConfigReading::is_sound(std::string_view path) const {
    const auto next = unsound_.lower_bound(path);
    return next == unsound_.end() || !next->starts_with(path);
}

template <class Section>
std::vector<std::string> ConfigReading::key_names() {
    std::vector<std::string> names;
    Section section{};
    Section::keys(section,
                  [&names](const Key& key, const auto&, auto&) { names.emplace_back(key.name); });
    return names;
}

template <class Section>
void ConfigReading::read_section(const YamlNode& node, const std::string& path, Section& out) {
    if (is_of_kind(node, YamlNode::Kind::map, path)) {
        sections_.insert(path);
        read_members(node.members, node.place, path, out);
    }
}

template <class Section>
void ConfigReading::read_members(const std::vector<YamlMember>& members,
                                 Place place,
                                 const std::string& path,
                                 Section& out) {
    Section::keys(out, [&](const Key& key, const auto& kind, auto& target) {
        const std::string key_path = joined(path, key.name);
        const auto member = std::ranges::find(members, key.name, &YamlMember::key);
        if (member != members.end()) {
            places_.emplace(key_path, member->place);
            read_value(kind, member->value, key_path, target);
        } else if (key.need == Need::required) {
            tell(place, key_path, "missing — write it: " + in_sentence(key.says));
        }
    });
    const std::vector<std::string> known = key_names<Section>();
    for (const YamlMember& member : members) {
        refuse_unknown(member, path, known);
    }
}

void ConfigReading::refuse_unknown(const YamlMember& member,
                                   const std::string& path,
                                   const std::vector<std::string>& known) {
    if (member.key.empty() || std::ranges::find(known, member.key) != known.end()) {
        return;
    }
    if (schema_.is_null()) {
        schema_ = config_schema();
    }
    const std::string elsewhere = path_in_schema(schema_, member.key, "");
    tell(member.place, path,
         elsewhere.empty()
             ? "unknown key " + not_one_of(member.key, known)
             : fmt::format("unknown key '{}' — it belongs to {}", member.key, elsewhere));
}

bool ConfigReading::is_of_kind(const YamlNode& node,
                               YamlNode::Kind wanted,
                               const std::string& path) {
    if (node.kind == wanted || node.kind == YamlNode::Kind::refused) {
        return node.kind == wanted;
    }
    tell(
        node.place, path,
        fmt::format(
            "{} stands here — write {}{}", name_of(node.kind).found, name_of(wanted).wanted,
            node.kind == YamlNode::Kind::nothing && !path.empty() ? ", or leave the key out" : ""));
    return false;
}

bool ConfigReading::is_short_enough(const YamlNode& node,
                                    std::size_t count_max,
                                    const std::string& path) {
    const bool is_right = !node.items.empty() && node.items.size() <= count_max;
    if (!is_right) {
        tell(node.place, path,
             fmt::format("a list of {} — write 1 to {}", node.items.size(), count_max));
    }
    return is_right;
}

template <class Kind, class T>
void ConfigReading::read_value(const Kind& kind,
                               const YamlNode& node,
                               const std::string& path,
                               T& out) {
    if (!is_of_kind(node, YamlNode::Kind::text, path)) {
        return;
    }
    auto value = kind.parse(node.text);
    if (value) {
        out = std::move(*value);
    } else {
        tell(node.place, path, value.error().text);
    }
}

template <class Kind, class T>
void ConfigReading::read_value(const ListOf<Kind>& kind,
                               const YamlNode& node,
                               const std::string& path,
                               std::vector<T>& out) {
    out.clear();  // What stands in force without the key does not stand beside it.
    if (kind.takes_single && node.kind == YamlNode::Kind::text) {
        read_value(kind.kind, node, path, out.emplace_back());
        return;
    }
    if (!is_of_kind(node, YamlNode::Kind::list, path) ||
        !is_short_enough(node, kind.count_max, path)) {
        return;
    }
    for (std::size_t index = 0; index < node.items.size(); ++index) {
        read_value(kind.kind, node.items[index], fmt::format("{}[{}]", path, index),
                   out.emplace_back());
    }
}

template <class T>
void ConfigReading::read_value(const SectionKind&,
                               const YamlNode& node,
                               const std::string& path,
                               T& out) {
    read_section(node, path, out);
}

template <class T>
void ConfigReading::read_value(const SectionKind&,
                               const YamlNode& node,
                               const std::string& path,
                               std::optional<T>& out) {
    read_section(node, path, out.emplace());
}

template <class T>
void ConfigReading::read_value(const SectionsKind& kind,
                               const YamlNode& node,
                               const std::string& path,
                               std::vector<T>& out) {
    if (!is_of_kind(node, YamlNode::Kind::list, path) ||
        !is_short_enough(node, kind.count_max, path)) {
        return;
    }
    for (std::size_t index = 0; index < node.items.size(); ++index) {
        const YamlNode& item = node.items[index];
        const std::string item_path = fmt::format("{}[{}]", path, index);
        if constexpr (HasShortForm<T>) {
            if (item.kind == YamlNode::Kind::text) {
                read_value(T::short_kind, item, item_path, out.emplace_back().short_value());
                continue;
            }
        }
        read_section(item, item_path, out.emplace_back());
    }
}

template <class Kind, class K, class T>
void ConfigReading::read_value(const MapOf<Kind>& kind,
                               const YamlNode& node,
                               const std::string& path,
                               std::map<K, T>& out) {
    if (!is_of_kind(node, YamlNode::Kind::map, path)) {
        return;
    }
    if (node.members.empty() || node.members.size() > kind.count_max) {
        tell(node.place, path,
             fmt::format("{} names — write 1 to {}", node.members.size(), kind.count_max));
        return;
    }
    for (const YamlMember& member : node.members) {
        const Result<std::string> name = NameValue{}.parse(member.key);
        if (!name) {
            tell(member.place, path, name.error().text);
            continue;
        }
        const std::string key_path = joined(path, *name);
        places_.emplace(key_path, member.place);
        read_value(kind.kind, member.value, key_path, out[K(*name)]);
    }
}

template <class T>
void ConfigReading::read_value(const OneKeyItemsKind&,
                               const YamlNode& node,
                               const std::string& path,
                               T& out) {
    const std::vector<std::string> known = key_names<T>();
    if (!is_of_kind(node, YamlNode::Kind::list, path) ||
        !is_short_enough(node, known.size(), path)) {
        return;
    }
    std::vector<YamlMember> members;
    for (const YamlNode& item : node.items) {
        if (!is_of_kind(item, YamlNode::Kind::map, path)) {
            continue;
        }
        if (item.members.size() != 1) {
            tell(item.place, path,
                 fmt::format("{} keys in one item of the list — begin each with a dash of its own",
                             item.members.size()));
        }
        for (const YamlMember& member : item.members) {
            if (std::ranges::find(members, member.key, &YamlMember::key) != members.end()) {
                tell(member.place, path,
                     fmt::format("'{}' stands twice — keep one of them", member.key));
            } else {
                members.push_back(member);
            }
        }
    }
    read_members(members, node.place, path, out);
}

}  // namespace homeostat::app
