#include "homeostat/cases/metric.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string>

namespace homeostat::cases {

namespace {

using Words = std::vector<std::string>;

bool is_upper(char letter) {
    return std::isupper(static_cast<unsigned char>(letter)) != 0;
}

/// "cacheHitRatio", "HTTP_5xx-count" and "p99.latency" as words in lower case.
Words words_of(std::string_view name) {
    Words words;
    bool begins = true;
    for (std::size_t at = 0; at < name.size(); ++at) {
        const char letter = name[at];
        if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '%') {
            begins = true;
            continue;
        }
        begins = begins || (is_upper(letter) && !is_upper(name[at - 1]));
        if (begins) {
            words.emplace_back();
        }
        words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        begins = false;
    }
    return words;
}

/// Of several spellings one: "word/words/other".
bool has_one_of(const Words& words, std::string_view spellings) {
    while (!spellings.empty()) {
        const std::size_t end = std::min(spellings.find('/'), spellings.size());
        if (std::ranges::find(words, spellings.substr(0, end)) != words.end()) {
            return true;
        }
        spellings.remove_prefix(std::min(end + 1, spellings.size()));
    }
    return false;
}

/// All of the three are in the name; an empty one is.
struct Rule {
    std::array<std::string_view, 3> all;
    Metric metric;
};

constexpr std::string_view errors =
    "error/errors/err/errs/fail/fails/failed/failure/failures/"
    "failing/exception/exceptions/5xx/500/502/503/504/fatal";
constexpr std::string_view disks =
    "disk/disks/diskio/filesystem/filesystems/fs/volume/volumes/storage/blkio/io";
constexpr std::string_view reads_and_writes =
    "io/diskio/blkio/iops/read/reads/write/writes/written/iowait/reading/writing";
constexpr std::string_view fullness =
    "used/usage/utilization/utilisation/full/fullness/percent/pct/ratio/%";
constexpr std::string_view networks =
    "network/net/nic/receive/received/rx/transmit/transmitted/tx/bandwidth/packet/packets";
constexpr std::string_view delays =
    "latency/latencies/duration/durations/rt/p50/p75/p90/p95/p99/"
    "p999/delay/elapsed/ttfb";

/// The first that fits wins, so the special come before the general.
constexpr auto rules = std::to_array<Rule>({
    {{"users", "request/requests"}, Metric::users_requests},
    {{"users", errors}, Metric::users_failed},
    {{"users", "slow"}, Metric::users_slow},
    {{"users", "wrong"}, Metric::users_wrong},
    {{"cpu/cpus/processor/processors/load1/load5", "idle/limit/limits/quota"}, Metric::other},
    {{"cpu/cpus/processor/processors/load1/load5"}, Metric::cpu},
    {{networks, "error/errors/errs/drop/drops/dropped/packet/packets/byte/bytes/bps"},
     Metric::network},
    {{"memory/mem/rss/heap/resident", "limit/limits/free/available/max/requests"}, Metric::other},
    {{"memory/mem/rss/heap/resident"}, Metric::memory},
    {{"working", "set"}, Metric::memory},
    {{"wrong"}, Metric::wrong},
    {{"denied/unauthorized/unauthorised/forbidden/401/403/429/throttled"}, Metric::denied},
    {{"retry/retries/retried/retrying/retransmit/retransmits/retransmitted/retransmission/"
      "retransmissions/retrans"},
     Metric::retries},
    {{"stale/staleness"}, Metric::stale_ratio},
    {{"hit/hits/hitrate"}, Metric::hit_ratio},
    {{errors}, Metric::error_ratio},
    {{delays, "bucket/sum"}, Metric::other},
    {{"request/requests/response/responses/call/calls/rpc/http/grpc", delays, "count"},
     Metric::requests},
    {{"lag"}, Metric::queue},
    {{delays}, Metric::latency},
    {{"response/request", "time/times"}, Metric::latency},
    {{"queue/queued/queues/waiting/pending/backlog/inflight/outstanding/enqueued"}, Metric::queue},
    {{"in", "flight"}, Metric::queue},
    {{"active", "request/requests"}, Metric::queue},
    {{"descriptor/descriptors/fd/fds"}, Metric::descriptors},
    {{"open", "files"}, Metric::descriptors},
    {{"connection/connections/conn/conns/pool/socket/sockets/session/sessions"},
     Metric::connections},
    {{disks, reads_and_writes}, Metric::io},
    {{"iops"}, Metric::io},
    {{disks, fullness}, Metric::disk},
    {{disks}, Metric::other},
    {{networks}, Metric::network},
    {{"replicas"}, Metric::other},
    {{"up/ready/answering/healthy/alive/availability"}, Metric::up},
    {{"request/requests/req/reqs/rps/qps/tps/throughput/workload/traffic/calls/ops"},
     Metric::requests},
    {{"http/grpc", "count/total"}, Metric::requests},
});

Metric metric_of(const Words& words, std::string_view unit) {
    for (const Rule& rule : rules) {
        if (std::ranges::all_of(rule.all, [&](std::string_view spellings) {
                return spellings.empty() || has_one_of(words, spellings);
            })) {
            return rule.metric;
        }
    }
    return unit == "ms" || unit == "s" ? Metric::latency : Metric::other;
}

bool is_share(Metric metric) {
    switch (metric) {
        case Metric::error_ratio:
        case Metric::hit_ratio:
        case Metric::stale_ratio:
        case Metric::users_failed:
        case Metric::users_slow:
        case Metric::users_wrong:
        case Metric::wrong:
        case Metric::denied:
        case Metric::disk:
            return true;
        default:
            return false;
    }
}

/// Of requests, so that a count of it can be held against theirs.
bool is_share_of_requests(Metric metric) {
    return is_share(metric) && metric != Metric::disk && metric != Metric::hit_ratio &&
           metric != Metric::stale_ratio;
}

/// Milliseconds per unit; nothing if these are no words of time.
std::optional<double> milliseconds(const Words& words) {
    if (has_one_of(words, "ms/millis/millisecond/milliseconds/msec")) {
        return 1;
    }
    if (has_one_of(words, "us/micros/microsecond/microseconds/usec")) {
        return 1e-3;
    }
    if (has_one_of(words, "ns/nanos/nanosecond/nanoseconds")) {
        return 1e-6;
    }
    if (has_one_of(words, "s/sec/secs/second/seconds")) {
        return 1e3;
    }
    return std::nullopt;
}

double scale_of(Metric metric, const Words& name, const Words& unit) {
    if (metric == Metric::latency) {
        const std::optional<double> told = milliseconds(unit);
        return told ? *told : milliseconds(name).value_or(1);
    }
    constexpr std::string_view percent = "%/percent/percentage/pct";
    const bool is_percent = has_one_of(unit, percent) || has_one_of(name, percent);
    return is_share(metric) && is_percent ? 0.01 : 1;
}

bool rises(std::span<const SeriesPoint> points) {
    // One that starts anew falls to less than half of what it had.
    for (std::size_t at = 1; at < points.size(); ++at) {
        const double step = points[at].value - points[at - 1].value;
        if (step < 0 && points[at].value > points[at - 1].value / 2) {
            return false;
        }
    }
    return points.size() > 1 && points.back().value > 0;
}

std::vector<SeriesPoint> rates_of(std::span<const SeriesPoint> points) {
    std::vector<SeriesPoint> rates;
    for (std::size_t at = 1; at < points.size(); ++at) {
        const double seconds = points[at].at_s - points[at - 1].at_s;
        const double step = points[at].value - points[at - 1].value;
        if (seconds > 0) {
            rates.push_back({points[at].at_s, (step < 0 ? points[at].value : step) / seconds});
        }
    }
    return rates;
}

double median_of(std::span<const SeriesPoint> points) {
    std::vector<double> values;
    for (const SeriesPoint& point : points) {
        values.push_back(point.value);
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

Measure measure_of(std::string_view name, std::string_view unit) {
    const Words words = words_of(name);
    const Words unit_words = words_of(unit);
    Measure measure{.metric = metric_of(words, unit)};
    measure.scale = scale_of(measure.metric, words, unit_words);
    constexpr std::string_view counted = "total/count/counts/counter";
    constexpr std::string_view shared = "ratio/share/fraction/percent/percentage/pct/%";
    measure.may_be_counter = has_one_of(words, counted) || has_one_of(unit_words, counted);
    measure.is_count = is_share_of_requests(measure.metric) && !has_one_of(unit_words, shared) &&
                       !has_one_of(words, shared) &&
                       (measure.may_be_counter || has_one_of(unit_words, "1/rps/errors/requests"));
    return measure;
}

std::vector<SeriesPoint> in_our_unit(std::span<const SeriesPoint> points, Measure& measure) {
    const bool is_counter = measure.may_be_counter && rises(points);
    std::vector<SeriesPoint> ours =
        is_counter ? rates_of(points) : std::vector<SeriesPoint>(points.begin(), points.end());
    double most = 0;
    for (SeriesPoint& point : ours) {
        point.value *= measure.scale;
        most = std::max(most, point.value);
    }
    constexpr double above_one = 1.001;  // A share that was rounded up is one.
    if (most > above_one && is_share_of_requests(measure.metric)) {
        measure.is_count = true;
    }
    return ours;
}

std::vector<SeriesPoint> shares_of(std::span<const SeriesPoint> counts,
                                   std::span<const SeriesPoint> requests) {
    std::vector<SeriesPoint> shares;
    if (counts.empty()) {
        return shares;
    }
    constexpr double usual_share_max = 0.1;
    const double without = std::max(1.0, median_of(counts) / usual_share_max);
    auto next = requests.begin();
    for (const SeriesPoint& count : counts) {
        while (next != requests.end() && next->at_s <= count.at_s) {
            ++next;
        }
        const double all = next != requests.begin() ? std::prev(next)->value
                           : next != requests.end() ? next->value
                                                    : without;
        const double least = std::max(all, std::max(count.value, 1e-9));
        shares.push_back({count.at_s, std::max(0.0, count.value) / least});
    }
    return shares;
}

}  // namespace homeostat::cases
