#include "homeostat/adapters/envoy/admin_reply.hpp"

#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/domain/dimmer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::broken, fmt::format("Envoy's admin reply: {}", what));
}

Result<json::object> parse_object(std::string_view text) {
    Result<json::value> value = parse_json(text, admin_reply_limits);
    if (!value) {
        return broken(value.error().text);
    }
    if (!value->is_object()) {
        return broken("it is no object");
    }
    return std::move(value->get_object());
}

/// Null when it is left out, or is of another kind: the caller refuses what it needs.
const json::object* object_at(const json::object& parent, std::string_view name) {
    const json::value* member = parent.if_contains(name);
    return member == nullptr ? nullptr : member->if_object();
}

/// A list that is left out is empty. ERRORS: broken: it is something else.
Result<const json::array*> array_at(const json::object& parent, std::string_view name) {
    static const json::array none;
    const json::value* member = parent.if_contains(name);
    if (member == nullptr) {
        return &none;
    }
    if (!member->is_array()) {
        return broken(fmt::format("'{}' is no list", name));
    }
    return &member->get_array();
}

std::optional<std::string_view> text_at(const json::object& parent, std::string_view name) {
    const json::value* member = parent.if_contains(name);
    if (member == nullptr || !member->is_string()) {
        return std::nullopt;
    }
    return std::string_view(member->get_string());
}

/// Envoy writes 64 bits as text in `/clusters` and as a number in `/stats`.
std::optional<std::uint64_t> count_of(const json::value& value) {
    if (value.is_uint64()) {
        return value.get_uint64();
    }
    if (value.is_int64() && value.get_int64() >= 0) {
        return static_cast<std::uint64_t>(value.get_int64());
    }
    if (!value.is_string()) {
        return std::nullopt;
    }
    const std::string_view text(value.get_string());
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(count)
                                                                    : std::nullopt;
}

// Never negative in what we read; a double also where Envoy writes a whole number.
std::optional<double> measure_at(const json::object& parent, std::string_view name) {
    const json::value* member = parent.if_contains(name);
    if (member == nullptr || !member->is_number()) {
        return std::nullopt;
    }
    const auto number = member->to_number<double>();
    return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

using Counts = std::map<std::string_view, std::uint64_t>;

Result<Counts> host_counts(const json::object& host) {
    const Result<const json::array*> stats = array_at(host, "stats");
    if (!stats) {
        return std::unexpected(stats.error());
    }
    Counts counts;
    for (const json::value& entry : **stats) {
        const json::object* stat = entry.if_object();
        const std::optional<std::string_view> name =
            stat == nullptr ? std::nullopt : text_at(*stat, "name");
        if (!name) {
            return broken("a host's counter has no name");
        }
        const json::value* value = stat->if_contains("value");
        const std::optional<std::uint64_t> count =
            value == nullptr ? std::optional<std::uint64_t>(0) : count_of(*value);
        if (!count || !counts.emplace(*name, *count).second) {
            return broken("a host's counter is no number, or stands twice");
        }
    }
    return counts;
}

Result<void> read_health(const json::object& host, HostReply& reply) {
    const json::object* health = object_at(host, "health_status");
    const std::optional<std::string_view> word =
        health == nullptr ? std::nullopt : text_at(*health, "eds_health_status");
    if (!word) {
        return broken("a host has no eds_health_status");
    }
    const Result<Order> order = order_of(*word);
    if (!order) {
        return std::unexpected(order.error());
    }
    reply.order = *order;
    for (const auto& flag : *health) {
        // failed_active_health_check, failed_outlier_check and their kind.
        reply.is_failing = reply.is_failing || (flag.value().is_bool() && flag.value().get_bool());
    }
    return {};
}

Result<HostReply> read_host(const json::value& value) {
    const json::object* host = value.if_object();
    if (host == nullptr) {
        return broken("a host is no object");
    }
    HostReply reply;
    reply.hostname = text_at(*host, "hostname").value_or("");
    if (Result<void> health = read_health(*host, reply); !health) {
        return std::unexpected(health.error());
    }
    const Result<Counts> counts = host_counts(*host);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    const std::array<std::pair<std::string_view, std::uint64_t*>, 4> wanted{
        {{"rq_success", &reply.success_total},
         {"rq_error", &reply.error_total},
         {"rq_active", &reply.active_now},
         {"rq_pending_active", &reply.pending_now}}};
    for (const auto& [name, place] : wanted) {
        const auto found = counts->find(name);
        if (found == counts->end()) {
            return broken(fmt::format("a host has no counter {}", name));
        }
        *place = found->second;
    }
    return reply;
}

Result<ClusterHosts> read_cluster(const json::object& cluster, std::string_view name) {
    ClusterHosts read{.name = std::string(name), .hosts = {}};
    const Result<const json::array*> hosts = array_at(cluster, "host_statuses");
    if (!hosts) {
        return std::unexpected(hosts.error());
    }
    for (const json::value& value : **hosts) {
        Result<HostReply> host = read_host(value);
        if (!host) {
            return std::unexpected(host.error());
        }
        read.hosts.push_back(*std::move(host));
    }
    return read;
}

/// Everything in the reply to `/stats`, by name.
struct Stats {
    std::map<std::string, const json::value*, std::less<>> values;
    std::map<std::string, const json::object*, std::less<>> times;
};

Result<void> read_histograms(const json::value& value, Stats& stats) {
    const json::object* histograms = value.if_object();
    if (histograms == nullptr) {
        return broken("its histograms are no object");
    }
    const Result<const json::array*> details = array_at(*histograms, "details");
    if (!details) {
        return std::unexpected(details.error());
    }
    for (const json::value& entry : **details) {
        const json::object* histogram = entry.if_object();
        const std::optional<std::string_view> name =
            histogram == nullptr ? std::nullopt : text_at(*histogram, "name");
        if (!name || !stats.times.emplace(std::string(*name), histogram).second) {
            return broken("a histogram has no name, or one that stands twice");
        }
    }
    return {};
}

Result<Stats> read_stats(const json::object& document) {
    const Result<const json::array*> entries = array_at(document, "stats");
    if (!entries) {
        return std::unexpected(entries.error());
    }
    Stats stats;
    for (const json::value& value : **entries) {
        const json::object* entry = value.if_object();
        if (entry == nullptr) {
            return broken("a statistic is no object");
        }
        if (const json::value* histograms = entry->if_contains("histograms")) {
            if (Result<void> read = read_histograms(*histograms, stats); !read) {
                return std::unexpected(read.error());
            }
            continue;
        }
        const std::optional<std::string_view> name = text_at(*entry, "name");
        const json::value* member = entry->if_contains("value");
        if (!name || member == nullptr || !stats.values.emplace(*name, member).second) {
            return broken("a statistic has no name or value, or stands twice");
        }
    }
    return stats;
}

/// Zero when Envoy has not counted any yet.
Result<std::uint64_t> count_at(const Stats& stats, const std::string& name) {
    const auto found = stats.values.find(name);
    if (found == stats.values.end()) {
        return 0;
    }
    const std::optional<std::uint64_t> count = count_of(*found->second);
    if (!count || !found->second->is_number()) {
        return broken(fmt::format("{} is no count", name));
    }
    return *count;
}

Result<std::optional<std::string>> word_at(const Stats& stats, const std::string& name) {
    const auto found = stats.values.find(name);
    if (found == stats.values.end()) {
        return std::nullopt;
    }
    if (!found->second->is_string()) {
        return broken(fmt::format("{} is no text", name));
    }
    return std::string(found->second->get_string());
}

/// The middle of each bucket stands for its answers; Envoy's own sum does the same, to 5 %.
Result<AnswerTotals> read_times(const json::object& histogram) {
    const Result<const json::array*> buckets = array_at(histogram, "totals");
    if (!buckets) {
        return std::unexpected(buckets.error());
    }
    AnswerTotals totals;
    for (const json::value& value : **buckets) {
        const json::object* bucket = value.if_object();
        if (bucket == nullptr) {
            return broken("a histogram's bucket is no object");
        }
        const std::optional<double> from_ms = measure_at(*bucket, "lower_bound");
        const std::optional<double> width_ms = measure_at(*bucket, "width");
        const json::value* member = bucket->if_contains("count");
        const std::optional<std::uint64_t> count =
            member == nullptr ? std::nullopt : count_of(*member);
        if (!from_ms || !width_ms || !count) {
            return broken("a histogram's bucket lacks a number");
        }
        totals.count += *count;
        totals.sum_ms += static_cast<double>(*count) * (*from_ms + *width_ms / 2);
    }
    return totals;
}

Result<ClusterStats> cluster_stats(const Stats& stats, const std::string& name) {
    const std::string prefix = "cluster." + name + ".";
    if (!stats.values.contains(prefix + "upstream_rq_total")) {
        return fail(Fault::absent, fmt::format("Envoy counts nothing for a cluster '{}'", name));
    }
    ClusterStats read;
    const std::array<std::pair<std::string_view, std::uint64_t*>, 10> wanted{
        {{"upstream_rq_completed", &read.completed_total},
         {"upstream_rq_5xx", &read.answers_5xx_total},
         {"upstream_rq_502", &read.answers_502_total},
         {"upstream_rq_504", &read.answers_504_total},
         {"upstream_rq_timeout", &read.timeouts_total},
         {"upstream_cx_protocol_error", &read.protocol_errors_total},
         {"upstream_rq_retry", &read.retries_total},
         {"upstream_rq_pending_active", &read.pending_now},
         {"upstream_rq_active", &read.active_now},
         {"update_rejected", &read.rejected_total}}};
    for (const auto& [suffix, place] : wanted) {
        const Result<std::uint64_t> count = count_at(stats, prefix + std::string(suffix));
        if (!count) {
            return std::unexpected(count.error());
        }
        *place = *count;
    }
    Result<std::optional<std::string>> version = word_at(stats, prefix + "version_text");
    if (!version) {
        return std::unexpected(version.error());
    }
    read.version = *std::move(version);
    if (const auto times = stats.times.find(prefix + "upstream_rq_time");
        times != stats.times.end()) {
        const Result<AnswerTotals> answers = read_times(*times->second);
        if (!answers) {
            return std::unexpected(answers.error());
        }
        read.answers = *answers;
    }
    return read;
}

/// What Envoy prints as the value of a key. Nothing: nobody has set it, or it is no text.
std::optional<std::string_view> final_value_at(const json::object& entries, std::string_view key) {
    const json::value* entry = entries.if_contains(key);
    return entry != nullptr && entry->is_object() ? text_at(entry->get_object(), "final_value")
                                                  : std::nullopt;
}

std::optional<double> number_of(std::optional<std::string_view> text) {
    double number = 0;
    const char* end = text ? text->data() + text->size() : nullptr;
    if (!text || text->empty() || std::from_chars(text->data(), end, number).ptr != end) {
        return std::nullopt;
    }
    return number;
}

/// ERRORS: broken: nobody can tell.
Result<std::uint32_t> permille_at(const json::object& entries, const std::string& key) {
    if (!entries.contains(key)) {
        return 0;
    }
    const std::optional<std::string_view> text = final_value_at(entries, key);
    if (const std::optional<double> percent = number_of(text)) {
        return permille_of_percent(*percent);
    }
    const std::optional<double> permille =
        number_of(final_value_at(entries, key + std::string(permille_suffix)));
    if (!text || text->empty() || !permille || *permille != std::floor(*permille) ||
        *permille < 0 || *permille > double{permille_max}) {
        return broken(fmt::format("the runtime key {} is no number", key));
    }
    return static_cast<std::uint32_t>(*permille);
}

}  // namespace

Result<Order> order_of(std::string_view health_status) {
    constexpr std::array<std::pair<std::string_view, Order>, 6> words{{{"HEALTHY", Order::serve},
                                                                       {"UNKNOWN", Order::serve},
                                                                       {"DRAINING", Order::drain},
                                                                       {"UNHEALTHY", Order::other},
                                                                       {"TIMEOUT", Order::other},
                                                                       {"DEGRADED", Order::other}}};
    for (const auto& [word, order] : words) {
        if (word == health_status) {
            return order;
        }
    }
    return broken("a health status that we do not know");
}

Result<std::vector<ClusterHosts>> parse_clusters(std::string_view text,
                                                 const std::vector<std::string>& names) {
    const Result<json::object> document = parse_object(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    const Result<const json::array*> entries = array_at(*document, "cluster_statuses");
    if (!entries) {
        return std::unexpected(entries.error());
    }
    std::map<std::string_view, const json::object*> known;
    for (const json::value& entry : **entries) {
        const json::object* cluster = entry.if_object();
        const std::optional<std::string_view> name =
            cluster == nullptr ? std::nullopt : text_at(*cluster, "name");
        if (!name || !known.emplace(*name, cluster).second) {
            return broken("a cluster has no name, or one that stands twice");
        }
    }
    std::vector<ClusterHosts> clusters;
    for (const std::string& name : names) {
        const auto found = known.find(name);
        if (found == known.end()) {
            return fail(Fault::absent, fmt::format("Envoy has no cluster '{}'", name));
        }
        Result<ClusterHosts> cluster = read_cluster(*found->second, name);
        if (!cluster) {
            return std::unexpected(cluster.error());
        }
        clusters.push_back(*std::move(cluster));
    }
    return clusters;
}

Result<StatsReply> parse_stats(std::string_view text, const std::vector<std::string>& names) {
    const Result<json::object> document = parse_object(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    const Result<Stats> stats = read_stats(*document);
    if (!stats) {
        return std::unexpected(stats.error());
    }
    StatsReply reply;
    for (const std::string& name : names) {
        Result<ClusterStats> cluster = cluster_stats(*stats, name);
        if (!cluster) {
            return std::unexpected(cluster.error());
        }
        reply.clusters.push_back(*std::move(cluster));
    }
    Result<std::optional<std::string>> version = word_at(*stats, "runtime.version_text");
    const Result<std::uint64_t> rejected = count_at(*stats, "runtime.update_rejected");
    if (!version || !rejected) {
        return std::unexpected(version ? rejected.error() : version.error());
    }
    reply.runtime_version = *std::move(version);
    reply.runtime_rejected_total = *rejected;
    return reply;
}

Result<std::vector<std::uint32_t>> parse_runtime(std::string_view text,
                                                 const std::vector<std::string>& keys) {
    const Result<json::object> document = parse_object(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    const json::object* entries = object_at(*document, "entries");
    if (entries == nullptr) {
        return broken("the runtime has no entries");
    }
    std::vector<std::uint32_t> values;
    for (const std::string& key : keys) {
        const Result<std::uint32_t> value = permille_at(*entries, key);
        if (!value) {
            return std::unexpected(value.error());
        }
        values.push_back(*value);
    }
    return values;
}

}  // namespace homeostat::adapters::envoy
