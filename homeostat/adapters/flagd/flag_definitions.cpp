#include "homeostat/adapters/flagd/flag_definitions.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

namespace homeostat::adapters::flagd {

namespace {

// Rules of targeting are nested expressions; nobody reads one that is deeper.
constexpr std::size_t depth_max = 64;
constexpr std::size_t mark_bytes_max = 256;
constexpr std::size_t hash_bytes_kept = 6;
constexpr std::size_t shown_bytes_max = 22;  // Two and a count are a plain name.
constexpr std::size_t shown_count_max = 2;

std::string_view member_of(DefinitionKind kind) {
    return kind == DefinitionKind::flag ? "flags" : "$evaluators";
}

/// Members by their names at every level: two that say the same are the same bytes.
json::value canonical(const json::value& value) {
    if (const json::array* array = value.if_array()) {
        json::array sorted;
        for (const json::value& item : *array) {
            sorted.push_back(canonical(item));
        }
        return sorted;
    }
    const json::object* object = value.if_object();
    if (object == nullptr) {
        return value;
    }
    std::vector<std::string_view> keys;
    for (const auto& member : *object) {
        keys.emplace_back(member.key());
    }
    std::ranges::sort(keys);
    json::object sorted;
    for (const std::string_view key : keys) {
        sorted[key] = canonical(object->at(key));
    }
    return sorted;
}

json::value value_of(const Definition& definition) {
    Result<json::value> value = parse_json(
        definition.text, JsonLimits{.bytes_max = flag_file_bytes_max, .depth_max = depth_max});
    ensure(value.has_value(), "a definition's text was checked when it was taken in");
    return canonical(*value);
}

auto place_of(const Definition& definition) {
    return std::tie(definition.kind, definition.key);
}

std::optional<Error> add_definitions(const json::object& document,
                                     DefinitionKind kind,
                                     Definitions& definitions) {
    const std::string_view name = member_of(kind);
    const json::value* member = document.if_contains(name);
    if (member == nullptr) {
        return std::nullopt;
    }
    const json::object* all = member->if_object();
    if (all == nullptr) {
        return Error{Fault::invalid, fmt::format("{} is no object of definitions by name", name)};
    }
    for (const auto& one : *all) {
        if (!one.value().is_object()) {
            return Error{Fault::invalid, fmt::format("{}.{} is no object", name, shown(one.key()))};
        }
        definitions.push_back({kind, std::string(one.key()), to_text(one.value())});
    }
    return std::nullopt;
}

std::string mark_in(const json::object& document) {
    const json::value* metadata = document.if_contains("metadata");
    const json::value* mark =
        metadata != nullptr ? metadata->get_object().if_contains(effect_member) : nullptr;
    const bool is_mark =
        mark != nullptr && mark->is_string() && mark->get_string().size() <= mark_bytes_max;
    return is_mark ? std::string(mark->get_string()) : std::string();
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

Result<Definitions> checked(Definitions definitions) {
    if (definitions.size() > flags_max) {
        return fail(Fault::invalid, fmt::format("there are more than {} flags in it", flags_max));
    }
    const auto is_too_long = [](const Definition& one) {
        return one.key.empty() || one.key.size() > flag_key_bytes_max;
    };
    if (std::ranges::any_of(definitions, is_too_long)) {
        return fail(Fault::invalid, fmt::format("a flag's name is empty or longer than {} bytes",
                                                flag_key_bytes_max));
    }
    std::ranges::sort(definitions, {}, place_of);
    const auto is_of_same = [](const Definition& one, const Definition& other) {
        return place_of(one) == place_of(other);
    };
    if (std::ranges::adjacent_find(definitions, is_of_same) != definitions.end()) {
        return fail(Fault::invalid, "a flag stands twice in it");
    }
    for (const Definition& one : definitions) {
        const Result<json::value> value = parse_json(
            one.text, JsonLimits{.bytes_max = flag_file_bytes_max, .depth_max = depth_max});
        if (!value || !value->is_object()) {
            return fail(Fault::invalid, shown(one.key) + " is no object");
        }
    }
    return definitions;
}

Result<FlagFile> parse_flag_file(std::string_view text) {
    Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = flag_file_bytes_max, .depth_max = depth_max});
    if (!value) {
        return fail(Fault::invalid, "not the JSON of a flagd: " + value.error().text);
    }
    if (!value->is_object() || !value->get_object().contains("flags")) {
        return fail(Fault::invalid, "not the JSON of a flagd: it has no member flags");
    }
    FlagFile file;
    file.document = std::move(value->get_object());
    const json::value* metadata = file.document.if_contains("metadata");
    if (metadata != nullptr && !metadata->is_object()) {
        return fail(Fault::invalid, "metadata is no object");
    }
    Definitions found;
    for (const DefinitionKind kind : {DefinitionKind::flag, DefinitionKind::shared}) {
        if (std::optional<Error> error = add_definitions(file.document, kind, found)) {
            return std::unexpected(*std::move(error));
        }
    }
    Result<Definitions> definitions = checked(std::move(found));
    if (!definitions) {
        return std::unexpected(std::move(definitions.error()));
    }
    file.definitions = *std::move(definitions);
    file.version = version_of(file.definitions);
    file.mark = mark_in(file.document);
    return file;
}

VersionId version_of(const Definitions& definitions) {
    json::array all;
    for (const Definition& one : definitions) {
        all.push_back(
            json::array{json::value(member_of(one.kind)), json::value(one.key), value_of(one)});
    }
    return VersionId{"f-" + hash_of(to_text(json::value(std::move(all))))};
}

bool is_same(const Definition* one, const Definition* other) {
    if (one == nullptr || other == nullptr) {
        return one == other;
    }
    return one->text == other->text || to_text(value_of(*one)) == to_text(value_of(*other));
}

const Definition* find(const Definitions& definitions, DefinitionKind kind, std::string_view key) {
    const auto wanted = std::pair(kind, key);
    const auto found = std::ranges::lower_bound(definitions, wanted, {}, [](const Definition& one) {
        return std::pair(one.kind, std::string_view(one.key));
    });
    const bool is_there = found != definitions.end() && found->kind == kind && found->key == key;
    return is_there ? &*found : nullptr;
}

std::vector<Difference> differences(const Definitions& from, const Definitions& to) {
    std::vector<Difference> found;
    auto left = from.begin();
    auto right = to.begin();
    while (left != from.end() || right != to.end()) {
        const bool is_new =
            left == from.end() || (right != to.end() && place_of(*right) < place_of(*left));
        const bool is_gone = !is_new && (right == to.end() || place_of(*left) < place_of(*right));
        const Definition& either = is_new ? *right : *left;
        const Definition* before = is_new ? nullptr : &*left++;
        const Definition* after = is_gone ? nullptr : &*right++;
        if (!is_same(before, after)) {
            found.push_back({either.kind, either.key, before, after});
        }
    }
    return found;
}

EffectId effect_of(const FlagFile& file) {
    const std::string_view mark = file.mark;
    const std::size_t first = std::min(mark.find(' '), mark.size());
    const std::size_t last = std::min(mark.rfind(' '), mark.size());
    const std::string_view effect = mark.substr(0, first);
    const std::string_view to = mark.substr(std::min(last + 1, mark.size()));
    const bool is_ours = first < last && is_plain_name(effect) && to == file.version.text();
    return is_ours ? EffectId{std::string(effect)} : EffectId{};
}

std::string shown(std::string_view key) {
    std::string name;
    for (const char letter : key.substr(0, shown_bytes_max)) {
        // A dot would part two names of a reference.
        const bool is_kept = letter != '.' && is_plain_name("a" + std::string(1, letter));
        name += is_kept ? letter : '_';
    }
    return name;
}

std::string reference_of(const std::vector<Difference>& changed) {
    std::string text = changed.size() == 1 ? "flag" : "flags";
    for (std::size_t index = 0; index < std::min(changed.size(), shown_count_max); ++index) {
        text += "." + shown(changed[index].key);
    }
    if (changed.size() > shown_count_max) {
        text += fmt::format(".{}-more", changed.size() - shown_count_max);
    }
    return text;
}

}  // namespace homeostat::adapters::flagd
