#include "homeostat/cases/metric.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
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

enum class UnitKind : std::uint8_t { time, percent, share, count, counter, unknown };

struct Unit {
    UnitKind kind{UnitKind::unknown};
    double scale{1};  ///< Of a time: milliseconds.
};

struct KnownUnit {
    std::string_view spellings;
    Unit unit;
};

constexpr auto known_units = std::to_array<KnownUnit>({
    {"ms/msec/millis/millisecond/milliseconds", {UnitKind::time, 1}},
    {"s/sec/secs/second/seconds", {UnitKind::time, 1e3}},
    {"us/\u00b5s/usec/micros/microsecond/microseconds", {UnitKind::time, 1e-3}},
    {"ns/nanos/nanosecond/nanoseconds", {UnitKind::time, 1e-6}},
    {"%/percent/percentage/pct", {UnitKind::percent}},
    {"ratio/share/fraction", {UnitKind::share}},
    {"1/rps/errors/requests/persecond/errorspersecond", {UnitKind::count}},
    {"total/count/counts/counter", {UnitKind::counter}},
});

/// What is said to be the unit is one only as a whole: "percent of nothing" is none.
Unit unit_of(std::string_view text) {
    std::string low;
    for (const char letter : text.substr(0, 32)) {
        low += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    constexpr std::string_view per_second = "/s";
    if (low.size() > per_second.size() && low.ends_with(per_second)) {
        low.resize(low.size() - per_second.size());
    }
    for (const KnownUnit& known : known_units) {
        if (has_one_of({low}, known.spellings)) {
            return known.unit;
        }
    }
    return {};
}

/// Of a name, which has words besides: the unit among them. "s" is the plural of something.
Unit unit_among(Words words) {
    std::erase(words, "s");
    for (const KnownUnit& known : known_units) {
        if (known.unit.kind != UnitKind::count && has_one_of(words, known.spellings)) {
            return known.unit;
        }
    }
    return {};
}

Metric metric_of(const Words& words, const Unit& told) {
    for (const Rule& rule : rules) {
        if (std::ranges::all_of(rule.all, [&](std::string_view spellings) {
                return spellings.empty() || has_one_of(words, spellings);
            })) {
            return rule.metric;
        }
    }
    return told.kind == UnitKind::time ? Metric::latency : Metric::other;
}

double scale_of(Metric metric, const Unit& unit) {
    if (metric == Metric::latency && unit.kind == UnitKind::time) {
        return unit.scale;
    }
    return is_share(metric) && unit.kind == UnitKind::percent ? 0.01 : 1;
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
    const Unit told = unit_of(unit);
    const Unit named = unit_among(words);
    Measure measure{.metric = metric_of(words, told)};
    measure.scale = scale_of(measure.metric, told.kind == UnitKind::unknown ? named : told);
    const auto is_told = [&](UnitKind kind) { return told.kind == kind || named.kind == kind; };
    constexpr std::string_view counted = "total/count/counts/counter";
    measure.may_be_counter = told.kind == UnitKind::counter || has_one_of(words, counted);
    measure.is_count = is_share_of_requests(measure.metric) && !is_told(UnitKind::percent) &&
                       !is_told(UnitKind::share) &&
                       (measure.may_be_counter || told.kind == UnitKind::count);
    return measure;
}

std::vector<SeriesPoint> in_our_unit(std::span<const SeriesPoint> points, Measure& measure) {
    constexpr double value_max = 1e15;  // What rises in no time at all has no rate.
    const bool is_counter = measure.may_be_counter && rises(points);
    std::vector<SeriesPoint> ours =
        is_counter ? rates_of(points) : std::vector<SeriesPoint>(points.begin(), points.end());
    double most = 0;
    for (SeriesPoint& point : ours) {
        point.value = std::clamp(point.value * measure.scale, -value_max, value_max);
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
