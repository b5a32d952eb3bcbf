#include "homeostat/adapters/envoy/source_ends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Fault::invalid, fmt::format("{}.ends: {}", sources_filter, what));
}

/// What is further off than a date can be is no date.
constexpr std::int64_t date_ms_max = 1'000'000'000'000'000;

Result<void> read_group(const json::value& value, SourceEnds& ends) {
    const json::object* group = value.if_object();
    const json::value* until = group == nullptr ? nullptr : group->if_contains("until");
    const json::value* sources = group == nullptr ? nullptr : group->if_contains("sources");
    if (until == nullptr || sources == nullptr || group->size() != 2 || !until->is_int64() ||
        until->get_int64() < 0 || until->get_int64() > date_ms_max || !sources->is_array()) {
        return invalid("an entry is not {until, sources}");
    }
    const WallTime at{std::chrono::milliseconds{until->get_int64()}};
    for (const json::value& source : sources->get_array()) {
        const Result<Network> network = source.is_string()
                                            ? parse_network(std::string_view(source.get_string()))
                                            : Result<Network>(invalid("a source is no text"));
        if (!network || !is_source(*network) || !ends.emplace(*network, at).second) {
            return invalid("a source is none, or stands twice");
        }
    }
    return {};
}

bool is_over(WallTime until, WallTime now) {
    return until <= now || until > now + mark_lasts_max;
}

}  // namespace

Result<SourceEnds> parse_source_ends(std::string_view text) {
    const Result<json::value> document = parse_json(text, sources_file_limits);
    const json::object* head = document ? document->if_object() : nullptr;
    const json::value* groups = head == nullptr ? nullptr : head->if_contains("ends");
    if (groups == nullptr || head->size() != 1 || !groups->is_array()) {
        return invalid(document ? "it is not {ends: [...]}" : document.error().text);
    }
    SourceEnds ends;
    for (const json::value& group : groups->get_array()) {
        if (Result<void> read = read_group(group, ends); !read) {
            return std::unexpected(read.error());
        }
    }
    return ends;
}

std::string render_ends(const SourceEnds& ends) {
    std::map<WallTime, std::string> groups;
    for (const auto& [source, until] : ends) {
        std::string& group = groups[until];
        group += fmt::format(R"({}"{}")", group.empty() ? "" : ",", to_text(source));
    }
    std::string text = R"({"ends":[)";
    for (const auto& [until, sources] : groups) {
        text += fmt::format(R"({}{{"until":{},"sources":[{}]}})", text.ends_with('[') ? "" : ",",
                            until.time_since_epoch().count(), sources);
    }
    return text + "]}\n";
}

std::vector<Network> ended_sources(const SourcesFile& file, const SourceEnds& ends, WallTime now) {
    std::vector<Network> ended;
    for (const auto& [source, mark] : file.marks) {
        const auto end = ends.find(source);
        if (end == ends.end() || is_over(end->second, now)) {
            ended.push_back(source);
        }
    }
    return ended;
}

WallTime next_end(const SourcesFile& file, const SourceEnds& ends) {
    WallTime next = WallTime::max();
    for (const auto& [source, mark] : file.marks) {
        next = std::min(next, ends.at(source));
    }
    return next;
}

}  // namespace homeostat::adapters::envoy
