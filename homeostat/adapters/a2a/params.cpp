#include "homeostat/adapters/a2a/params.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::a2a {

namespace {

constexpr std::size_t violations_max = 8;  ///< Told to a client; the rest is as wrong.
constexpr std::size_t text_bytes_max = std::size_t{64} << 10U;  ///< No more than a whole call.
constexpr std::int64_t history_max_max = 1'000;

/// Reads the members of one object and notes whatever is wrong in one list.
class Members {
  public:
    Members(const json::object& object, std::string place, std::vector<Violation>& violations)
        : object_(object), place_(std::move(place)), violations_(violations) {}

    [[nodiscard]] std::string place_of(std::string_view name) const {
        return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
    }

    void note(std::string_view name, std::string should_be) {
        if (violations_.size() < violations_max) {
            violations_.emplace_back(place_of(name), std::move(should_be));
        }
    }

    /// Null when it is left out, or is null.
    [[nodiscard]] const json::value* find(std::string_view name) const {
        const json::value* member = object_.if_contains(name);
        return member == nullptr || member->is_null() ? nullptr : member;
    }

    std::string text(std::string_view name, std::size_t bytes_max = name_bytes_max) {
        const json::value* member = find(name);
        if (member == nullptr) {
            return {};
        }
        const auto* text = member->if_string();
        if (text == nullptr || text->size() > bytes_max) {
            note(name, fmt::format("a string of at most {} bytes", bytes_max));
            return {};
        }
        return std::string(*text);
    }

    /// An id: it is compared, told to others and written into logs.
    std::string id(std::string_view name, bool is_required) {
        const json::value* member = find(name);
        if (member == nullptr && !is_required) {
            return {};
        }
        const auto* text = member == nullptr ? nullptr : member->if_string();
        const bool is_id = text != nullptr && text->size() <= name_bytes_max &&
                           !(is_required && text->empty()) &&
                           std::ranges::all_of(*text, [](char c) { return c > ' ' && c < '\x7f'; });
        if (!is_id) {
            note(name, fmt::format("1 to {} bytes of ASCII without spaces", name_bytes_max));
            return {};
        }
        return std::string(*text);
    }

    bool flag(std::string_view name) {
        const json::value* member = find(name);
        if (member != nullptr && !member->is_bool()) {
            note(name, "true or false");
            return false;
        }
        return member != nullptr && member->get_bool();
    }

    std::optional<std::size_t> count(std::string_view name, std::int64_t min, std::int64_t max) {
        const json::value* member = find(name);
        if (member == nullptr) {
            return std::nullopt;
        }
        if (!member->is_int64() || member->get_int64() < min || member->get_int64() > max) {
            note(name, fmt::format("a whole number from {} to {}", min, max));
            return std::nullopt;
        }
        return static_cast<std::size_t>(member->get_int64());
    }

    /// Null when it is left out or no object, which is noted.
    const json::object* object(std::string_view name, bool is_required = false) {
        const json::value* member = find(name);
        if (member == nullptr ? is_required : !member->is_object()) {
            note(name, "an object");
        }
        return member == nullptr ? nullptr : member->if_object();
    }

    const json::array* array(std::string_view name, std::size_t size_max) {
        const json::value* member = find(name);
        const json::array* array = member == nullptr ? nullptr : member->if_array();
        if (member != nullptr && (array == nullptr || array->size() > size_max)) {
            note(name, fmt::format("an array of at most {}", size_max));
            return nullptr;
        }
        return array;
    }

  private:
    const json::object& object_;
    std::string place_;
    std::vector<Violation>& violations_;
};

Part read_part(const json::value& value, const std::string& place, std::vector<Violation>& wrong) {
    static const json::object none;
    const json::object* object = value.if_object();
    Members members(object == nullptr ? none : *object, place, wrong);
    Part part;
    part.media_type = members.text("mediaType");
    part.file_name = members.text("filename");
    std::size_t contents_count = 0;
    for (const PartKind kind : {PartKind::text, PartKind::data, PartKind::raw, PartKind::url}) {
        const std::string_view name = to_text(kind);
        // `data` may be any value, null too.
        const json::value* content = kind == PartKind::data && object != nullptr
                                         ? object->if_contains(name)
                                         : members.find(name);
        if (content == nullptr) {
            continue;
        }
        ++contents_count;
        part.kind = kind;
        part.content = *content;
        if (kind != PartKind::data) {
            (void)members.text(name, text_bytes_max);
        }
    }
    if (contents_count != 1) {
        wrong.emplace_back(place, "an object with one of text, data, raw and url");
    }
    return part;
}

Message read_message(const json::object& object, std::vector<Violation>& wrong) {
    Members members(object, "message", wrong);
    Message message;
    message.id = members.id("messageId", true);
    message.context_id = members.id("contextId", false);
    message.task_id = members.id("taskId", false);
    if (members.text("role") != "ROLE_USER") {
        members.note("role", "ROLE_USER");
    }
    const json::array* parts = members.array("parts", parts_max);
    if (parts == nullptr || parts->empty()) {
        members.note("parts", fmt::format("1 to {} parts", parts_max));
    } else {
        for (std::size_t index = 0; index < parts->size(); ++index) {
            const std::string place = fmt::format("message.parts[{}]", index);
            message.parts.push_back(read_part((*parts)[index], place, wrong));
        }
    }
    if (const json::array* uris = members.array("extensions", extensions_max)) {
        for (const json::value& uri : *uris) {
            if (!uri.is_string()) {
                members.note("extensions", "an array of strings");
                break;
            }
            message.extensions.emplace_back(uri.get_string());
        }
    }
    return message;
}

Refusal refusal_of(std::vector<Violation> violations) {
    std::string says = "these parameters cannot be:";
    for (const auto& [field, should_be] : violations) {
        says += fmt::format(" {} (want {})", field, should_be);
    }
    return {.wrong = Wrong::params, .says = std::move(says), .violations = std::move(violations)};
}

template <class Params>
std::expected<Params, Refusal> unless_wrong(Params params, std::vector<Violation> violations) {
    if (violations.empty()) {
        return params;
    }
    return std::unexpected(refusal_of(std::move(violations)));
}

std::optional<Cursor> parse_cursor(std::string_view text) {
    std::int64_t ms = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, ms);
    // A sign, or a zero in front, would be a second text for the same place.
    if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '.' || ms < 0) {
        return std::nullopt;
    }
    Cursor cursor{WallTime{std::chrono::milliseconds{ms}}, std::string(read.ptr + 1, end)};
    return !cursor.id.empty() && token_of(cursor) == text ? std::optional(cursor) : std::nullopt;
}

}  // namespace

std::expected<SendParams, Refusal> parse_send(const json::object& params) {
    std::vector<Violation> wrong;
    Members members(params, "", wrong);
    SendParams send;
    if (const json::object* message = members.object("message", true)) {
        send.message = read_message(*message, wrong);
    }
    if (const json::object* object = members.object("configuration")) {
        Members configuration(*object, "configuration", wrong);
        send.history_max = configuration.count("historyLength", 0, history_max_max);
        send.returns_at_once = configuration.flag("returnImmediately");
        send.wants_push = configuration.object("taskPushNotificationConfig") != nullptr;
    }
    return unless_wrong(std::move(send), std::move(wrong));
}

std::expected<TaskParams, Refusal> parse_task(const json::object& params) {
    std::vector<Violation> wrong;
    Members members(params, "", wrong);
    TaskParams task{.id = members.id("id", true)};
    task.history_max = members.count("historyLength", 0, history_max_max);
    return unless_wrong(std::move(task), std::move(wrong));
}

std::expected<ListParams, Refusal> parse_list(const json::object& params) {
    std::vector<Violation> wrong;
    Members members(params, "", wrong);
    ListParams list{.context_id = members.id("contextId", false)};
    const std::string state = members.text("status");
    list.state = parse_enum<TaskState>(state);
    if (!list.state && !state.empty() && state != "TASK_STATE_UNSPECIFIED") {
        members.note("status", "a state of a task by its name");
    }
    const std::string since = members.text("statusTimestampAfter");
    list.since = parse_timestamp(since);
    if (!list.since && !since.empty()) {
        members.note("statusTimestampAfter", "a time like 2026-11-27T06:00:30Z");
    }
    list.page_size = members.count("pageSize", 1, page_size_max).value_or(page_size_default);
    const std::string token = members.text("pageToken", 2 * name_bytes_max);
    list.after = parse_cursor(token);
    if (!list.after && !token.empty()) {
        members.note("pageToken", "the nextPageToken of an earlier answer");
    }
    list.detail.history_max = members.count("historyLength", 0, history_max_max);
    list.detail.has_artifacts = members.flag("includeArtifacts");
    return unless_wrong(std::move(list), std::move(wrong));
}

std::string token_of(const Cursor& cursor) {
    return fmt::format("{}.{}", cursor.at.time_since_epoch().count(), cursor.id);
}

}  // namespace homeostat::adapters::a2a
