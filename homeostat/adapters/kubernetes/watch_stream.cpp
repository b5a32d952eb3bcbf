#include "homeostat/adapters/kubernetes/watch_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t name_bytes_max = 253;  ///< RFC 1123, as the API server has it.
constexpr std::size_t continue_bytes_max = std::size_t{8} << 10U;
constexpr std::size_t depth_max = 64;

std::unexpected<Error> refuse(std::string_view what) {
    return fail(Fault::broken, std::string(what));
}

/// The object under `name`; null: there is none.
json::object* object_in(json::object& parent, std::string_view name) {
    json::value* member = parent.if_contains(name);
    return member == nullptr ? nullptr : member->if_object();
}

/// The text under `name`; empty: there is none.
std::string_view text_in(const json::object& parent, std::string_view name) {
    const json::value* member = parent.if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view(member->get_string())
                                                    : std::string_view();
}

/// 0: there is none, or it is no number. No object of a server has the version 0.
std::uint64_t version_in(const json::object& metadata) {
    const std::string_view text = text_in(metadata, "resourceVersion");
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    return error == std::errc{} && end == text.data() + text.size() ? version : 0;
}

bool is_name(std::string_view name) {
    const auto is_of_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, is_of_name);
}

/// Whose a pause is (rollout_pause.hpp), and when what a ConfigMap holds was written (configs.hpp).
bool says_what_is_gone_by(json::object& entry) {
    json::object* fields = object_in(entry, "fieldsV1");
    const json::object* spec = fields == nullptr ? nullptr : object_in(*fields, "f:spec");
    const bool is_of_contents =
        fields != nullptr && (fields->contains("f:data") || fields->contains("f:binaryData"));
    return is_of_contents || (spec != nullptr && spec->contains("f:paused"));
}

/// Who wrote what is half of an object, and nobody's business but the server's; only who paused,
/// scaled or resized it, and when, is gone by (scaling.hpp, pod_memory.hpp), and as above.
void drop_managers(json::object& metadata) {
    json::value* member = metadata.if_contains("managedFields");
    json::array* entries = member == nullptr ? nullptr : member->if_array();
    json::array kept;
    for (std::size_t index = 0; entries != nullptr && index < entries->size(); ++index) {
        json::value& entry = (*entries)[index];
        json::object* fields = entry.if_object();
        const std::string_view through =
            fields == nullptr ? std::string_view() : text_in(*fields, "subresource");
        const bool is_gone_by = fields != nullptr && says_what_is_gone_by(*fields);
        if (through == "scale" || through == "resize" || is_gone_by) {
            kept.push_back(std::move(entry));
        }
    }
    metadata.stable_erase("managedFields");
    if (!kept.empty()) {
        metadata.emplace("managedFields", std::move(kept));
    }
}

Result<ToldObject> told_of(json::value value) {
    json::object* object = value.if_object();
    json::object* metadata = object == nullptr ? nullptr : object_in(*object, "metadata");
    if (metadata == nullptr) {
        return refuse("an object has no metadata");
    }
    ToldObject told;
    told.name = text_in(*metadata, "name");
    told.resource_version = version_in(*metadata);
    if (!is_name(told.name)) {
        return refuse("an object has no name, or none that a server gives");
    }
    if (told.resource_version == 0) {
        return refuse(fmt::format("{}: its resourceVersion is no number", told.name));
    }
    drop_managers(*metadata);
    told.bytes = to_text(value).size();
    told.object = std::move(value);
    return told;
}

std::optional<WatchEvent::Kind> kind_of(std::string_view type) {
    using Kind = WatchEvent::Kind;
    constexpr std::array<std::pair<std::string_view, Kind>, 5> kinds{{{"ADDED", Kind::added},
                                                                      {"MODIFIED", Kind::modified},
                                                                      {"DELETED", Kind::deleted},
                                                                      {"BOOKMARK", Kind::bookmark},
                                                                      {"ERROR", Kind::error}}};
    for (const auto& [name, kind] : kinds) {
        if (name == type) {
            return kind;
        }
    }
    return std::nullopt;
}

/// SOURCE: meta/v1 Status.
WatchEvent error_of(json::value status) {
    WatchEvent event{.kind = WatchEvent::Kind::error};
    const json::object* object = status.if_object();
    const json::value* code = object == nullptr ? nullptr : object->if_contains("code");
    if (code != nullptr && code->is_int64() && *code->if_int64() > 0 && *code->if_int64() < 1000) {
        event.code = static_cast<int>(*code->if_int64());
    }
    event.text = describe({.status = event.code, .body = std::move(status)});
    return event;
}

Result<WatchEvent> bookmark_of(json::value& value) {
    json::object* object = value.if_object();
    json::object* metadata = object == nullptr ? nullptr : object_in(*object, "metadata");
    WatchEvent event{.kind = WatchEvent::Kind::bookmark};
    event.told.resource_version = metadata == nullptr ? 0 : version_in(*metadata);
    if (event.told.resource_version == 0) {
        return refuse("a bookmark without a resourceVersion");
    }
    return event;
}

}  // namespace

Result<ListPage> parse_list_page(json::value body) {
    json::object* list = body.if_object();
    json::object* metadata = list == nullptr ? nullptr : object_in(*list, "metadata");
    if (metadata == nullptr || !text_in(*list, "kind").ends_with("List")) {
        return refuse("the answer is no list");
    }
    ListPage page;
    page.resource_version = version_in(*metadata);
    page.continue_token = text_in(*metadata, "continue");
    json::value* items = list->if_contains("items");
    const bool is_empty = items != nullptr && items->is_null();  // As Go writes an empty list.
    if (page.resource_version == 0 || items == nullptr || (!is_empty && !items->is_array())) {
        return refuse("a list without a resourceVersion, or without items");
    }
    if (page.continue_token.size() > continue_bytes_max) {
        return refuse("a list's mark of where it goes on is too long");
    }
    if (is_empty) {
        return page;
    }
    json::array& array = items->get_array();
    page.objects.reserve(array.size());
    for (json::value& item : array) {
        Result<ToldObject> told = told_of(std::move(item));
        if (!told) {
            return std::unexpected(told.error());
        }
        page.objects.push_back(*std::move(told));
    }
    return page;
}

Result<WatchEvent> parse_watch_event(std::string_view line) {
    Result<json::value> value =
        parse_json(line, {.bytes_max = watch_line_bytes_max, .depth_max = depth_max});
    if (!value) {
        return refuse("a line of the stream is no JSON: " + value.error().text);
    }
    json::object* object = value->if_object();
    json::value* told = object == nullptr ? nullptr : object->if_contains("object");
    const std::optional<WatchEvent::Kind> kind =
        told == nullptr ? std::nullopt : kind_of(text_in(*object, "type"));
    if (!kind) {
        return refuse("a line of the stream is no event");
    }
    if (*kind == WatchEvent::Kind::error) {
        return error_of(std::move(*told));
    }
    if (*kind == WatchEvent::Kind::bookmark) {
        return bookmark_of(*told);
    }
    Result<ToldObject> whole = told_of(std::move(*told));
    if (!whole) {
        return std::unexpected(whole.error());
    }
    return WatchEvent{.kind = *kind, .told = *std::move(whole)};
}

}  // namespace homeostat::adapters::kubernetes
