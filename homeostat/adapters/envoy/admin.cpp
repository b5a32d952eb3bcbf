#include "homeostat/adapters/envoy/admin.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::adapters::envoy {

namespace {

/// ^runtime\.(version_text|update_rejected)$
constexpr std::string_view runtime_version_path =
    "/stats?format=json&filter=%5Eruntime%5C.(version_text%7Cupdate_rejected)%24";

std::vector<std::string> names_of(const Options& options) {
    std::vector<std::string> names{options.cluster};
    for (const NeighbourCluster& neighbour : options.neighbours) {
        names.push_back(neighbour.cluster);
    }
    for (const CacheRoute& route : options.routes) {
        names.push_back(route.source);
    }
    return names;
}

/// "(a|b)", as RE2 reads it. A plain name has no other special character than the dot.
std::string any_of(const std::vector<std::string>& names) {
    std::string pattern = "(";
    for (const std::string& name : names) {
        pattern += pattern.size() == 1 ? "" : "|";
        for (const char c : name) {
            pattern += c == '.' ? "\\." : std::string(1, c);
        }
    }
    return pattern + ")";
}

/// As it stands in a request's query.
std::string escaped(std::string_view pattern) {
    std::string text;
    for (const char c : pattern) {
        const bool is_special = c == '^' || c == '|' || c == '\\' || c == '$' || c == '?';
        text += is_special ? fmt::format("%{:02X}", static_cast<unsigned>(c)) : std::string(1, c);
    }
    return text;
}

constexpr net::HttpLimits reply_limits{.body_bytes_max = admin_reply_limits.bytes_max};

Result<std::string> body_of(Result<net::HttpResponse> reply) {
    if (!reply) {
        return fail("Envoy's admin", reply.error());
    }
    if (reply->status != 200) {
        return fail(Fault::broken,
                    fmt::format("Envoy's admin answers with status {}", reply->status));
    }
    return std::move(reply->body);
}

}  // namespace

std::string clusters_request(const std::vector<std::string>& names) {
    return "/clusters?format=json&filter=" + escaped("^" + any_of(names) + "$");
}

std::string stats_request(const std::vector<std::string>& names) {
    const std::string of_a_cluster =
        "(version_text|update_rejected|upstream_cx_protocol_error|upstream_rq_"
        "(total|completed|5xx|502|504|timeout|retry|pending_active|active|time))";
    return "/stats?format=json&histogram_buckets=detailed&filter=" +
           escaped("^(cluster\\." + any_of(names) + "\\." + of_a_cluster +
                   "|runtime\\.(version_text|update_rejected))$");
}

Admin::Admin(boost::asio::any_io_executor executor, Options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      client_(executor_, options_.admin, reply_limits),
      runtime_turns_(executor_),
      names_(names_of(options_)),
      means_(names_.size()) {}

Task<Result<std::string>> Admin::ask(std::string path, Instant deadline) const {
    net::HttpRequest request;
    request.path = std::move(path);
    Result<net::HttpResponse> reply = co_await net::request_once(
        executor_, options_.admin, std::move(request), deadline, reply_limits);
    co_return body_of(std::move(reply));
}

Task<Result<std::string>> Admin::ask_again(std::string path, Instant deadline) {
    net::HttpRequest request;
    request.path = path;
    Result<net::HttpResponse> reply = co_await client_.request(std::move(request), deadline);
    if (!reply && reply.error().fault == Fault::busy) {
        Result<std::string> body = co_await ask(std::move(path), deadline);
        co_return body;
    }
    co_return body_of(std::move(reply));
}

Task<Result<Look>> Admin::look(Instant deadline) {
    const Instant begun_at = os::read_boot_clock();
    std::string stats_path = stats_request(names_);
    const Result<std::string> stats_text = co_await ask(std::move(stats_path), deadline);
    if (!stats_text) {
        co_return std::unexpected(stats_text.error());
    }
    std::string clusters_path = clusters_request(names_);
    const Result<std::string> clusters_text = co_await ask(std::move(clusters_path), deadline);
    if (!clusters_text) {
        co_return std::unexpected(clusters_text.error());
    }
    const Result<std::vector<ClusterHosts>> hosts = parse_clusters(*clusters_text, names_);
    if (!hosts) {
        co_return std::unexpected(hosts.error());
    }
    const Result<StatsReply> stats = parse_stats(*stats_text, names_);
    if (!stats) {
        co_return std::unexpected(stats.error());
    }
    Look look;
    for (std::size_t index = 0; index < names_.size(); ++index) {
        look.clusters.push_back(to_view((*hosts)[index], stats->clusters[index]));
    }
    look.runtime_version = stats->runtime_version;
    look.runtime_rejected_total = stats->runtime_rejected_total;
    keep_means(look, begun_at);
    co_return look;
}

void Admin::keep_means(Look& look, Instant begun_at) {
    const bool is_latest = begun_at >= means_begun_at_;
    means_begun_at_ = is_latest ? begun_at : means_begun_at_;
    for (std::size_t index = 0; index < means_.size(); ++index) {
        if (is_latest) {
            means_[index].move_to(look.clusters[index].answers);
        }
        look.clusters[index].counters.latency_ms = means_[index].mean_ms();
    }
}

Task<Result<std::vector<std::uint32_t>>> Admin::look_at_runtime(std::vector<std::string> keys,
                                                                Instant deadline) {
    if (keys.empty()) {
        co_return std::vector<std::uint32_t>{};
    }
    const Result<std::string> text = co_await ask_again("/runtime", deadline);
    if (!text) {
        co_return std::unexpected(text.error());
    }
    co_return parse_runtime(*text, keys);
}

Task<Result<RuntimeVersion>> Admin::look_at_runtime_version(Instant deadline) {
    std::string path(runtime_version_path);
    const Result<std::string> text = co_await ask_again(std::move(path), deadline);
    if (!text) {
        co_return std::unexpected(text.error());
    }
    Result<StatsReply> stats = parse_stats(*text, {});
    if (!stats) {
        co_return std::unexpected(stats.error());
    }
    co_return RuntimeVersion{std::move(stats->runtime_version), stats->runtime_rejected_total};
}

Task<Result<bool>> Admin::look_at_log(Instant deadline) {
    std::string path = "/server_info";
    const Result<std::string> text = co_await ask_again(std::move(path), deadline);
    if (!text) {
        co_return std::unexpected(text.error());
    }
    co_return parse_is_log_quiet(*text);
}

Task<Result<SourcesReply>> Admin::look_at_sources(Instant deadline) {
    std::string path = sources_request();
    const Result<std::string> text = co_await ask_again(std::move(path), deadline);
    if (!text) {
        co_return std::unexpected(text.error());
    }
    co_return parse_sources(*text);
}

}  // namespace homeostat::adapters::envoy
