#include "homeostat/adapters/envoy/sources_reply.hpp"

#include "homeostat/adapters/envoy/admin_reply.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace homeostat::adapters::envoy {

namespace {

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::broken, fmt::format("Envoy's admin reply: {}", what));
}

using Statistics = std::map<std::string_view, const json::value*>;

/// By their names, as long as the document lives.
Result<Statistics> statistics_in(const json::value& document) {
    const json::object* head = document.if_object();
    const json::value* entries = head == nullptr ? nullptr : head->if_contains("stats");
    if (entries == nullptr || !entries->is_array()) {
        return broken("it is no list of statistics");
    }
    Statistics found;
    for (const json::value& value : entries->get_array()) {
        const json::object* entry = value.if_object();
        const json::value* name = entry == nullptr ? nullptr : entry->if_contains("name");
        const json::value* of = entry == nullptr ? nullptr : entry->if_contains("value");
        if (name == nullptr || !name->is_string() || of == nullptr ||
            !found.emplace(std::string_view(name->get_string()), of).second) {
            return broken("a statistic has no name or value, or stands twice");
        }
    }
    return found;
}

/// Of one counter: a million requests a second for three years. The sum of all that fit into a
/// reply is a number.
constexpr std::int64_t count_max = 100'000'000'000'000;

Result<std::uint64_t> count_of(const json::value& value) {
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > count_max) {
        return broken("a counter is no number");
    }
    return static_cast<std::uint64_t>(value.get_int64());
}

struct Policy {
    Mark mark{Mark::none};
    bool is_critical{false};
};

/// "http.edge.rbac.policy.homeostat_denied_critical.denied". Nothing: no policy of ours.
std::optional<Policy> policy_of(std::string_view name) {
    constexpr std::string_view before = ".rbac.policy.";
    const std::size_t begin = name.rfind(before);
    const std::size_t end = name.rfind('.');
    if (begin == std::string_view::npos || end < begin + before.size()) {
        return std::nullopt;
    }
    std::string_view policy = name.substr(begin + before.size(), end - begin - before.size());
    if (!policy.starts_with(policy_prefix)) {
        return std::nullopt;
    }
    policy.remove_prefix(policy_prefix.size());
    const bool is_critical = policy.ends_with(critical_suffix);
    policy.remove_suffix(is_critical ? critical_suffix.size() : 0);
    const std::optional<Mark> mark = parse_enum<Mark>(policy);
    return mark ? std::optional(Policy{*mark, is_critical}) : std::nullopt;
}

void add(MarkCounts& counts, const Policy& policy, std::uint64_t count) {
    const std::uint64_t critical = policy.is_critical ? count : 0;
    counts.requests += count;
    counts.critical += critical;
    switch (policy.mark) {
        using enum Mark;
        case none:
            return;
        case watched:
            counts.watched += count;
            return;
        case on_trial:
            counts.on_trial += count;
            counts.critical_on_trial += critical;
            return;
        case denied:
            counts.denied += count;
            counts.critical_denied += critical;
            return;
    }
}

/// Of a statistic that is a count: how often Envoy refused the file, or what one policy has met.
Result<void> read_count(std::string_view name,
                        const json::value& value,
                        const std::string& prefix,
                        SourcesReply& reply) {
    const bool is_rejected = name == prefix + "update_rejected";
    const std::optional<Policy> policy = policy_of(name);
    if (!is_rejected && !policy) {
        return {};
    }
    const Result<std::uint64_t> count = count_of(value);
    if (!count) {
        return std::unexpected(count.error());
    }
    if (is_rejected) {
        reply.rejected_total = *count;
    } else {
        add(reply.counts, *policy, *count);
    }
    return {};
}

}  // namespace

std::string sources_request() {
    // ^(extension_config_discovery\.http_filter\.homeostat\.sources\.(version_text|update_rejected)
    // |http\..*\.rbac\.policy\.homeostat_[a-z_]*\.(allowed|denied))$
    return "/stats?format=json&filter=%5E(extension_config_discovery%5C.http_filter%5C.homeostat"
           "%5C.sources%5C.(version_text%7Cupdate_rejected)%7Chttp%5C..*%5C.rbac%5C.policy%5C."
           "homeostat_%5Ba-z_%5D*%5C.(allowed%7Cdenied))%24";
}

Result<SourcesReply> parse_sources(std::string_view text) {
    const Result<json::value> document = parse_json(text, admin_reply_limits);
    if (!document) {
        return broken(document.error().text);
    }
    const Result<Statistics> statistics = statistics_in(*document);
    if (!statistics) {
        return std::unexpected(statistics.error());
    }
    const std::string prefix =
        fmt::format("extension_config_discovery.http_filter.{}.", sources_filter);
    SourcesReply reply;
    bool is_there = false;
    for (const auto& [name, value] : *statistics) {
        if (name == prefix + "version_text") {
            if (!value->is_string()) {
                return broken("a version is no text");
            }
            is_there = true;
            reply.version = std::string(value->get_string());
        } else if (Result<void> read = read_count(name, *value, prefix, reply); !read) {
            return std::unexpected(read.error());
        }
    }
    if (!is_there) {
        return fail(Fault::absent,
                    fmt::format("Envoy has no filter '{}' that it reads from a file (ECDS)",
                                sources_filter));
    }
    return reply;
}

Result<bool> parse_is_log_quiet(std::string_view text) {
    const Result<json::value> document = parse_json(text, admin_reply_limits);
    if (!document) {
        return broken(document.error().text);
    }
    const json::object* head = document->if_object();
    const json::value* options =
        head == nullptr ? nullptr : head->if_contains("command_line_options");
    if (options == nullptr || !options->is_object()) {
        return broken("it has no command_line_options");
    }
    const auto word = [options](std::string_view name) {
        const json::value* value = options->get_object().if_contains(name);
        return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                      : std::string_view();
    };
    // What is said of the component counts, and else what is said of all.
    const std::string_view components = word("component_log_level");
    constexpr std::string_view component = "misc:";
    const std::size_t place = components.rfind(component);
    const std::string_view level = place == std::string_view::npos
                                       ? word("log_level")
                                       : components.substr(place + component.size());
    return std::ranges::any_of(std::array<std::string_view, 3>{"error", "critical", "off"},
                               [level](std::string_view one) { return level.starts_with(one); });
}

}  // namespace homeostat::adapters::envoy
