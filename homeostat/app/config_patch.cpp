#include "homeostat/app/config_patch.hpp"

#include "homeostat/app/config_load.hpp"
#include "homeostat/app/strict_yaml.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

// --- Where a path leads --------------------------------------------------------------------------

struct PathStep {
    std::string key;
    std::optional<std::size_t> index{};  ///< Of an item in the list that the key has.
};

std::vector<PathStep> steps_of(std::string_view path) {
    std::vector<PathStep> steps;
    while (!path.empty()) {
        const std::string_view word = path.substr(0, path.find('.'));
        path.remove_prefix(std::min(path.size(), word.size() + 1));
        const std::size_t bracket = word.find('[');
        PathStep step{.key = std::string(word.substr(0, bracket))};
        if (bracket != std::string_view::npos) {
            std::size_t index = 0;
            std::from_chars(word.data() + bracket + 1, word.data() + word.size(), index);
            step.index = index;
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

const YamlNode* member_of(const YamlNode& map, const std::string& key) {
    const auto found = std::ranges::find(map.members, key, &YamlMember::key);
    return found == map.members.end() ? nullptr : &found->value;
}

/// Also of a list whose items have one key each, as `signals` has them.
const YamlNode* child_of(const YamlNode& node, const PathStep& step) {
    const YamlNode* child = member_of(node, step.key);
    for (const YamlNode& item : node.items) {
        child = child == nullptr ? member_of(item, step.key) : child;
    }
    if (child == nullptr || !step.index) {
        return child;
    }
    return *step.index < child->items.size() ? &child->items[*step.index] : nullptr;
}

/// How far a path leads into a file, and what of it is not there.
struct Found {
    const YamlNode* node;
    std::vector<PathStep> missing;
};

Found walk(const YamlNode& root, std::string_view path) {
    Found found{&root, steps_of(path)};
    while (!found.missing.empty()) {
        const YamlNode* child = child_of(*found.node, found.missing.front());
        if (child == nullptr) {
            break;
        }
        found.node = child;
        found.missing.erase(found.missing.begin());
    }
    return found;
}

/// "guard: { min_healthy: 2 }"
std::string yaml_of(const std::vector<PathStep>& missing, std::string_view value) {
    std::string text(value);
    for (auto step = missing.rbegin(); step != missing.rend(); ++step) {
        text = fmt::format("{}: {}", step->key, text);
        if (step + 1 != missing.rend()) {
            const bool is_item = (step + 1)->key == "signals";
            text = fmt::format("{0} {2} {1}", is_item ? "[ {" : "{", is_item ? "} ]" : "}", text);
        }
    }
    return text;
}

// --- What may be written -------------------------------------------------------------------------

std::size_t line_begin(std::string_view text, std::size_t line) {
    std::size_t at = 0;
    for (std::size_t count = 1; count < line && at < text.size(); ++count) {
        at = std::min(text.find('\n', at), text.size() - 1) + 1;
    }
    return at;
}

std::size_t offset_of(std::string_view text, Place place) {
    ensure(place.line > 0 && place.column > 0, "what was read stands somewhere");
    return std::min(line_begin(text, place.line) + place.column - 1, text.size());
}

std::string inserted(const std::string& text, std::size_t at, std::string_view what) {
    return text.substr(0, at) + std::string(what) + text.substr(at);
}

/// Behind the bracket that opens a map or a list in one line.
void try_in_brackets(std::vector<std::string>& tried,
                     const std::string& text,
                     const YamlNode& around,
                     std::string_view what) {
    const std::size_t at = offset_of(text, around.place);
    if (at < text.size() && (text[at] == '{' || text[at] == '[')) {
        tried.push_back(inserted(text, at + 1, fmt::format(" {},", what)));
    }
}

/// As a line of its own beside the first one of a map or a list.
void try_as_line(std::vector<std::string>& tried,
                 const std::string& text,
                 Place first,
                 std::string_view what) {
    const std::size_t begin = line_begin(text, first.line);
    const std::size_t end = text.find('\n', begin);
    const std::string line = fmt::format("{}{}\n", std::string(first.column - 1, ' '), what);
    if (end != std::string::npos) {
        tried.push_back(inserted(text, end + 1, line));
    }
    tried.push_back(inserted(text, begin, line));
}

std::vector<std::string> tried_with_key(const std::string& text,
                                        const Found& found,
                                        bool is_root,
                                        std::string_view value) {
    std::vector<std::string> tried;
    const YamlNode& around = *found.node;
    const std::string what = yaml_of(found.missing, value);
    if (is_root) {
        tried.push_back(text + (text.ends_with('\n') ? "" : "\n") + what + "\n");
    }
    if (around.kind == YamlNode::Kind::map && !around.members.empty()) {
        try_in_brackets(tried, text, around, what);
        try_as_line(tried, text, around.members.front().place, what);
    } else if (around.kind == YamlNode::Kind::list && !around.items.empty()) {
        try_in_brackets(tried, text, around, "{ " + what + " }");
        const Place item = around.items.front().place;
        const std::size_t begin = line_begin(text, item.line);
        const std::size_t dash = std::min(text.find_first_not_of(' ', begin), text.size());
        try_as_line(tried, text, Place{item.line, dash - begin + 1}, "- " + what);
    }
    return tried;
}

std::vector<std::string> tried_with_value(const std::string& text,
                                          const YamlNode& node,
                                          std::string_view value) {
    const std::size_t at = offset_of(text, node.place);
    if (node.kind != YamlNode::Kind::text || !text.substr(at).starts_with(node.text)) {
        return {};
    }
    return {text.substr(0, at) + std::string(value) + text.substr(at + node.text.size())};
}

// --- Whether that key alone is another -----------------------------------------------------------

using Values = std::map<std::string, std::string>;  ///< By their paths.

/// Items of these have one key each, in any order.
bool has_one_key_items(std::string_view path) {
    return path == "signals" || path == "changes";
}

void flatten(Values& values, const std::string& path, const json::value& value) {
    if (const json::object* object = value.if_object()) {
        const std::string prefix = path.empty() ? path : path + ".";
        for (const auto& member : *object) {
            flatten(values, prefix + std::string(member.key()), member.value());
        }
    } else if (const json::array* array = value.if_array()) {
        std::size_t index = 0;
        for (const json::value& item : *array) {
            flatten(values, has_one_key_items(path) ? path : fmt::format("{}[{}]", path, index++),
                    item);
        }
    } else {
        values[path] = value.is_string() ? std::string(value.get_string()) : to_text(value);
    }
}

Values values_of(const Config& config) {
    Values values;
    flatten(values, "", to_document(config));
    return values;
}

bool is_within(const std::string& path, std::string_view outer) {
    return path == outer ||
           (path.starts_with(outer) && std::string_view(".[").contains(path[outer.size()]));
}

/// Says whether `after` is `before` but for what stands at `path`, where a plain value is `value`.
bool is_wanted(Values before, Values after, std::string_view path, std::string_view value) {
    const bool is_section = value.starts_with('{');
    const auto set = after.find(std::string(path));
    if (before == after || (!is_section && (set == after.end() || set->second != value))) {
        return false;
    }
    const auto is_of_path = [path](const auto& entry) { return is_within(entry.first, path); };
    std::erase_if(before, is_of_path);
    std::erase_if(after, is_of_path);
    // What hangs on it (as many ports as instances) is not written, and so may follow.
    if (path == "runtime.process.instances") {
        const auto follows = [](const auto& entry) {
            return entry.first.starts_with("runtime.process.ports") ||
                   entry.first.starts_with("edge.haproxy.servers") ||
                   entry.first.starts_with("edge.envoy.endpoints");
        };
        std::erase_if(before, follows);
        std::erase_if(after, follows);
    }
    return before == after;
}

// --- The diff ------------------------------------------------------------------------------------

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::string_view line =
            text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        lines.push_back(line);
        text.remove_prefix(line.size());
    }
    return lines;
}

std::string marked(char mark, std::string_view line) {
    const bool is_whole = line.ends_with('\n');
    return fmt::format("{}{}{}", mark, line, is_whole ? "" : "\n\\ No newline at end of file\n");
}

}  // namespace

Result<std::string> with_setting(const std::string& text,
                                 const std::filesystem::path& file,
                                 std::string_view path,
                                 std::string_view value) {
    const ConfigReport before = parse_config(text, file);
    const YamlReading yaml = read_strict_yaml(text);
    if (!before.config || !yaml.root) {
        return fail(Fault::invalid, describe(before));
    }
    const Values values = values_of(*before.config);
    const Found found = walk(*yaml.root, path);
    const std::vector<std::string> tried =
        found.missing.empty() ? tried_with_value(text, *found.node, value)
                              : tried_with_key(text, found, found.node == &*yaml.root, value);
    for (const std::string& candidate : tried) {
        const ConfigReport after = parse_config(candidate, file);
        if (after.config && is_wanted(values, values_of(*after.config), path, value)) {
            return candidate;
        }
    }
    return fail(Fault::invalid, fmt::format("{} cannot be set by a patch of one line here", path));
}

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
    ensure(before != after, "a diff has something to say");
    constexpr std::size_t context = 3;
    const std::vector<std::string_view> old_lines = lines_of(before);
    const std::vector<std::string_view> new_lines = lines_of(after);
    const auto differ = std::ranges::mismatch(old_lines, new_lines);
    const auto same_head = static_cast<std::size_t>(differ.in1 - old_lines.begin());
    const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
    std::size_t same_tail = 0;
    while (same_tail < shorter - same_head && old_lines[old_lines.size() - 1 - same_tail] ==
                                                  new_lines[new_lines.size() - 1 - same_tail]) {
        same_tail += 1;
    }
    const std::size_t begin = same_head - std::min(same_head, context);
    const std::size_t after_count = std::min(same_tail, context);
    const std::size_t old_end = old_lines.size() - same_tail;
    const std::size_t new_end = new_lines.size() - same_tail;
    // A name with a blank in it ends at the tab.
    const std::string_view name_end = name.contains(' ') ? "\t" : "";
    std::string text =
        fmt::format("--- {0}{1}\n+++ {0}{1}\n@@ -{2},{3} +{2},{4} @@\n", name, name_end, begin + 1,
                    old_end + after_count - begin, new_end + after_count - begin);
    for (std::size_t index = begin; index < same_head; ++index) {
        text += marked(' ', old_lines[index]);
    }
    for (std::size_t index = same_head; index < old_end; ++index) {
        text += marked('-', old_lines[index]);
    }
    for (std::size_t index = same_head; index < new_end; ++index) {
        text += marked('+', new_lines[index]);
    }
    for (std::size_t index = 0; index < after_count; ++index) {
        text += marked(' ', old_lines[old_end + index]);
    }
    return text;
}

}  // namespace homeostat::app
