#include "homeostat/domain/evidence.hpp"

#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace homeostat {

namespace {

constexpr double share_told_min = 0.01;   ///< A gain of a share.
constexpr double ratio_told_min = 1.5;    ///< Or its inverse.
constexpr double traffic_told_min = 1.3;  ///< Traffic is steadier than latency.
constexpr double zero_percent = 0.005;    ///< Less is told as 0 %.
constexpr double lately_s = 1200;
constexpr double ill_from = 0.08;
constexpr double number_max = 1e6;
constexpr std::size_t troubles_told_max = 3;

double bounded(double value) {
    return std::isfinite(value) ? std::clamp(value, -number_max, number_max) : 0;
}

double share(double value) {
    return std::clamp(bounded(value), 0.0, 1.0);
}

using Words = std::vector<std::string>;

/// "latency x5.2". Units differ from one place to the next, so that what was 20 ms is not told.
void add_ratio(Words& words,
               const std::optional<double>& ratio,
               std::string_view name,
               double least) {
    if (ratio && (*ratio >= least || *ratio <= 1 / least)) {
        const int digits = *ratio < 0.1 ? 2 : 1;
        words.push_back(fmt::format("{} x{:.{}f}", name, bounded(*ratio), digits));
    }
}

/// "hits 90% to 20%".
void add_share(Words& words,
               const std::optional<MovedShare>& moved,
               std::string_view name,
               double least) {
    if (moved && std::abs(moved->after - moved->before) >= least) {
        words.push_back(fmt::format("{} {:.0f}% to {:.0f}%", name, share(moved->before) * 100,
                                    share(moved->after) * 100));
    }
}

void add_queue(Words& words, const std::optional<double>& gain) {
    constexpr double least = 2;
    if (gain && std::abs(*gain) >= least) {
        words.push_back(fmt::format("queue {:+.0f}", bounded(*gain)));
    }
}

/// "1 of 3 down"; nothing for none.
void add_count(Words& words, std::uint32_t count, std::uint32_t of, std::string_view what) {
    if (count > 0) {
        words.push_back(fmt::format("{} of {} {}", count, of, what));
    }
}

std::string times(double count) {
    return count < 2 ? "once" : fmt::format("{:.0f} times", bounded(count));
}

/// What is so of some replicas, and not of others.
void add_replicas(Words& words, const ReplicaFacts& replicas) {
    const std::uint32_t all = replicas.count;
    add_count(words, replicas.down, all, "down");
    if (replicas.is_place_lost) {
        words.emplace_back("a whole host or zone of it is lost");
    }
    if (replicas.restarts > 0) {
        words.push_back("restarted " + times(replicas.restarts));
    }
    if (replicas.falls > 0) {
        words.push_back("stopped answering " + times(replicas.falls));
    }
    add_count(words, replicas.failing, all, "fail more than the others");
    add_count(words, replicas.slower, all, "slower than the others");
    add_count(words, replicas.out_of_rotation, all, "out of rotation");
    add_count(words, replicas.on_new_version, all, "on the new version");
    if (replicas.grown > 0) {
        words.push_back(fmt::format("memory x{:.1f} in {} of {}", bounded(replicas.memory_growth),
                                    replicas.grown, all));
    }
}

Words shifts_of(const ServiceFacts& service) {
    constexpr double hits_told_min = 0.1;
    constexpr double disk_told_from = 0.9;
    Words words;
    add_ratio(words, service.latency_ratio, "latency", ratio_told_min);
    add_queue(words, service.queue_gain);
    add_share(words, service.wrong, "wrong answers", share_told_min);
    add_share(words, service.denied, "denied", share_told_min);
    add_share(words, service.stale, "stale copies", share_told_min);
    add_share(words, service.hits, "hits", hits_told_min);
    add_replicas(words, service.replicas);
    add_ratio(words, service.traffic_ratio, "traffic", traffic_told_min);
    add_ratio(words, service.processor_ratio, "processor", ratio_told_min);
    if (share(service.disk_full) >= disk_told_from) {
        words.push_back(fmt::format("disk {:.0f}% full", share(service.disk_full) * 100));
    }
    return words;
}

double newest_change_s(const ServiceFacts& service) {
    const ChangeAges ages = service.changed.value_or(ChangeAges{});
    double newest = number_max;
    for (const std::optional<double>& age_s : {ages.deploy, ages.config, ages.flag, ages.other}) {
        newest = std::min(newest, bounded(age_s.value_or(number_max)));
    }
    return newest;
}

/// Writes the lines of one moment.
class Writer {
  public:
    explicit Writer(const EvidenceFacts& facts) : facts_(facts) {}

    WrittenEvidence run() {
        for (const ServiceFacts& service : facts_.services) {
            began_s_ = std::max(began_s_, bounded(service.ill_for_s.value_or(-1)));
        }
        choose();
        tell_users();
        for (std::size_t place = 0; place < told_.size(); ++place) {
            tell(place);
        }
        return {std::move(evidence_), std::move(told_)};
    }

  private:
    void choose();
    void tell_users();
    void tell(std::size_t place);
    void tell_shifts(std::size_t place);
    void tell_changes(std::size_t place);
    void tell_change(std::size_t place, std::string_view what, double age_s);
    void tell_logs(std::size_t place);
    void tell_waiting(std::size_t place);
    void add(std::string line);

    [[nodiscard]] const ServiceFacts& at(std::size_t place) const {
        return facts_.services[told_[place]];
    }
    /// "A database" where it is named first, then "A".
    [[nodiscard]] std::string who(std::size_t place) {
        const bool is_first = !std::exchange(is_introduced_.at(place), true);
        return handle_of(place) + (is_first ? " " + std::string(to_text(at(place).role)) : "");
    }

    const EvidenceFacts& facts_;
    std::vector<std::uint32_t> told_;  ///< Services, the most important first.
    std::array<bool, services_told_max> is_introduced_{};
    double began_s_{-1};  ///< Seconds ago that the first became ill; below 0: nobody is.
    Evidence evidence_;
    std::size_t bytes_{0};
    bool is_full_{false};
};

/// Those that have the most of their own, and of equals the one that changed last.
void Writer::choose() {
    for (std::uint32_t index = 0; index < facts_.services.size(); ++index) {
        const ServiceFacts& service = facts_.services[index];
        if (service.illness >= ill_from || service.own >= ill_from ||
            newest_change_s(service) < lately_s || !service.troubles.empty() ||
            !shifts_of(service).empty()) {
            told_.push_back(index);
        }
    }
    std::ranges::sort(told_, [&](std::uint32_t one, std::uint32_t other) {
        const ServiceFacts& left = facts_.services[one];
        const ServiceFacts& right = facts_.services[other];
        return std::tuple(-share(left.own), -share(left.illness), newest_change_s(left), one) <
               std::tuple(-share(right.own), -share(right.illness), newest_change_s(right), other);
    });
    told_.resize(std::min(told_.size(), services_told_max));
}

/// Stops at the first that does not fit: what comes later is of less weight, and may speak of
/// somebody whom only that line names.
void Writer::add(std::string line) {
    is_full_ = is_full_ || bytes_ + line.size() + 1 > evidence_bytes_max ||
               line.size() > evidence_line_bytes_max;
    if (!is_full_) {
        bytes_ += line.size() + 1;
        evidence_.lines.push_back(std::move(line));
    }
}

void Writer::tell_users() {
    const UserFacts& users = facts_.users;
    if (std::max({users.failed, users.slow, users.wrong}) < zero_percent) {
        const std::string silent =
            users.is_getting_better ? "users: no loss is seen any more" : "users: no loss is seen";
        add(users.lose < zero_percent
                ? silent
                : fmt::format("users: others' word is that they lose {:.0f} %",
                              share(users.lose) * 100));
        return;
    }
    std::string line = fmt::format("users: {:.0f} % of requests fail", share(users.failed) * 100);
    if (users.slow >= zero_percent) {
        line += fmt::format(", {:.0f} % are slow", share(users.slow) * 100);
    }
    if (users.wrong >= zero_percent) {
        line += fmt::format(", {:.0f} % are misled", share(users.wrong) * 100);
    }
    if (users.rate_ratio >= traffic_told_min) {
        line += fmt::format(", traffic x{:.1f}", bounded(users.rate_ratio));
    }
    add(line + (users.is_getting_better ? ", getting better" : ""));
}

void Writer::tell(std::size_t place) {
    const std::optional<MovedShare>& errors = at(place).errors;
    if (errors && errors->after - errors->before >= share_told_min) {
        const std::string before =
            errors->before >= zero_percent
                ? fmt::format(", {:.0f} % before", share(errors->before) * 100)
                : std::string();
        add(fmt::format("{} fails {:.0f} % of its requests{}", who(place),
                        share(errors->after) * 100, before));
    }
    tell_shifts(place);
    tell_changes(place);
    tell_logs(place);
    tell_waiting(place);
}

void Writer::tell_shifts(std::size_t place) {
    constexpr std::size_t line_bytes = 100;  // Then another line goes on.
    std::string line;
    for (const std::string& words : shifts_of(at(place))) {
        if (!line.empty() && line.size() + words.size() > line_bytes) {
            add(std::exchange(line, std::string()));
        }
        line += (line.empty() ? who(place) + ": " : ", ") + words;
    }
    if (!line.empty()) {
        add(std::move(line));
    }
}

/// Not when it was: how long before the symptom, which says more.
void Writer::tell_change(std::size_t place, std::string_view what, double age_s) {
    const double began_s = bounded(at(place).ill_for_s.value_or(began_s_));
    const std::string change = fmt::format("{} of {}", what, who(place));
    if (began_s < 0) {
        add(fmt::format("{} {:.0f} s ago", change, age_s));
    } else if (age_s >= began_s) {
        add(fmt::format("{} {:.0f} s before the symptom", change, age_s - began_s));
    } else {
        add(fmt::format("{} {:.0f} s after the symptom", change, began_s - age_s));
    }
}

void Writer::tell_changes(std::size_t place) {
    const ServiceFacts& service = at(place);
    if (!service.changed) {
        return;
    }
    bool has_changed = false;
    const auto tell_one = [&](std::string_view what, const std::optional<double>& age_s) {
        if (age_s && *age_s < lately_s) {
            has_changed = true;
            tell_change(place, what, bounded(*age_s));
        }
    };
    tell_one("change of configuration", service.changed->config);
    tell_one("deploy", service.changed->deploy);
    tell_one("change of a flag", service.changed->flag);
    if (!has_changed && place == 0 && service.own >= ill_from) {
        add("no recent deploy of " + who(place));
    }
}

void Writer::tell_logs(std::size_t place) {
    const std::vector<Trouble>& troubles = at(place).troubles;
    std::string line;
    for (std::size_t index = 0; index < std::min(troubles.size(), troubles_told_max); ++index) {
        std::string words(to_text(troubles[index]));
        std::ranges::replace(words, '_', ' ');
        line += (line.empty() ? "logs of " + who(place) + ": " : ", ") + words;
    }
    if (!line.empty()) {
        add(std::move(line));
    }
}

/// For whom it waits most, of those that are told of.
void Writer::tell_waiting(std::size_t place) {
    const WaitFacts* worst = nullptr;
    for (const WaitFacts& wait : facts_.waits) {
        const bool is_told = std::ranges::find(told_, wait.target) != told_.end();
        if (wait.caller == told_[place] && wait.target != wait.caller && is_told &&
            wait.illness >= ill_from && (worst == nullptr || wait.illness > worst->illness)) {
            worst = &wait;
        }
    }
    if (worst != nullptr) {
        const auto target = std::ranges::find(told_, worst->target) - told_.begin();
        const std::string caller = who(place);
        add(fmt::format("{} waits for {}{}", caller, who(static_cast<std::size_t>(target)),
                        worst->has_fallback ? ", and has a fallback" : ""));
    }
}

}  // namespace

std::string handle_of(std::size_t place) {
    return {static_cast<char>('A' + static_cast<char>(place))};
}

WrittenEvidence evidence_of(const EvidenceFacts& facts) {
    return Writer(facts).run();
}

void put_before(Evidence& evidence, std::span<const std::string> notes) {
    std::vector<std::string> marked;
    for (const std::string& note : notes) {
        marked.push_back((std::string(note_mark) + note).substr(0, evidence_line_bytes_max));
    }
    evidence.lines.insert(evidence.lines.begin(), marked.begin(), marked.end());
}

Evidence without_notes(const Evidence& evidence) {
    const auto rest = std::ranges::find_if_not(
        evidence.lines, [](const std::string& line) { return line.starts_with(note_mark); });
    return {{rest, evidence.lines.end()}};
}

}  // namespace homeostat
