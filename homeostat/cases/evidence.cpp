#include "homeostat/cases/evidence.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/evidence_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr double score_told_min = 3;      ///< In spreads of before: less is noise.
constexpr double share_told_min = 0.01;   ///< A gain of a share.
constexpr double ratio_told_min = 1.5;    ///< Or its inverse.
constexpr double traffic_told_min = 1.3;  ///< Traffic is steadier than latency.
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

/// Whatever a case calls it, one of our words.
std::string_view role_of(const std::string& kind) {
    for (const std::string_view known : {"gateway", "cache", "queue", "database"}) {
        if (kind == known) {
            return known;
        }
    }
    return "service";
}

const Shift* telling(const Shifts& shifts, Metric metric) {
    const std::optional<Shift>& shift = shifts.of(metric);
    return shift && std::abs(shift->score) >= score_told_min ? &*shift : nullptr;
}

using Words = std::vector<std::string>;

/// "latency x5.2". The survey knows no unit, so that what was 20 ms is not told.
void add_ratio(
    Words& words, const Shifts& shifts, Metric metric, std::string_view name, double least) {
    const Shift* shift = telling(shifts, metric);
    if (shift != nullptr && (shift->ratio() >= least || shift->ratio() <= 1 / least)) {
        const int digits = shift->ratio() < 0.1 ? 2 : 1;
        words.push_back(fmt::format("{} x{:.{}f}", name, bounded(shift->ratio()), digits));
    }
}

/// "hits 90% to 20%".
void add_share(
    Words& words, const Shifts& shifts, Metric metric, std::string_view name, double least) {
    const Shift* shift = telling(shifts, metric);
    if (shift != nullptr && std::abs(shift->after - shift->before) >= least) {
        words.push_back(fmt::format("{} {:.0f}% to {:.0f}%", name, share(shift->before) * 100,
                                    share(shift->after) * 100));
    }
}

void add_queue(Words& words, const Shifts& shifts) {
    constexpr double least = 2;
    const Shift* shift = telling(shifts, Metric::queue);
    if (shift != nullptr && std::abs(shift->after - shift->before) >= least) {
        words.push_back(fmt::format("queue {:+.0f}", bounded(shift->after - shift->before)));
    }
}

/// "1 of 3 down", for those of which `is` holds; nothing for none.
template <class F>
void add_count(Words& words, const ServiceSurvey& service, std::string_view what, F&& is) {
    const auto count = std::ranges::count_if(service.replicas, is);
    if (count > 0) {
        words.push_back(fmt::format("{} of {} {}", count, service.replicas.size(), what));
    }
}

std::string times(double count) {
    return count < 2 ? "once" : fmt::format("{:.0f} times", bounded(count));
}

/// What is so of some replicas, and not of others.
void add_replicas(Words& words, const ServiceSurvey& service) {
    constexpr double excess_told_min = 0.05;
    constexpr double growth_told_min = 1.3;
    const std::vector<ReplicaSurvey>& replicas = service.replicas;
    add_count(words, service, "down", [](const ReplicaSurvey& one) { return one.is_down; });
    if (std::ranges::any_of(replicas, &ReplicaSurvey::is_place_lost)) {
        words.emplace_back("a whole host or zone of it is lost");
    }
    double restarts = 0;
    double falls = 0;
    double growth = 1;
    for (const ReplicaSurvey& one : replicas) {
        restarts += one.restarts;
        falls = std::max<double>(falls, one.falls);
        growth = std::max(growth, one.memory_growth);
    }
    if (restarts > 0) {
        words.push_back("restarted " + times(restarts));
    }
    if (falls > 0) {
        words.push_back("stopped answering " + times(falls));
    }
    add_count(words, service, "fail more than the others",
              [](const ReplicaSurvey& one) { return one.error_excess > excess_told_min; });
    add_count(words, service, "slower than the others",
              [](const ReplicaSurvey& one) { return one.latency_excess > 2; });
    add_count(words, service, "out of rotation",
              [](const ReplicaSurvey& one) { return !one.is_in_rotation; });
    add_count(words, service, "on the new version", &ReplicaSurvey::is_new_version);
    const auto grown = std::ranges::count_if(
        replicas, [](const ReplicaSurvey& one) { return one.memory_growth > growth_told_min; });
    if (grown > 0) {
        words.push_back(
            fmt::format("memory x{:.1f} in {} of {}", bounded(growth), grown, replicas.size()));
    }
}

Words shifts_of(const ServiceSurvey& service) {
    constexpr double hits_told_min = 0.1;
    constexpr double disk_told_from = 0.9;
    const Shifts& shifts = service.shifts;
    Words words;
    add_ratio(words, shifts, Metric::latency, "latency", ratio_told_min);
    add_queue(words, shifts);
    add_share(words, shifts, Metric::wrong, "wrong answers", share_told_min);
    add_share(words, shifts, Metric::denied, "denied", share_told_min);
    add_share(words, shifts, Metric::stale_ratio, "stale copies", share_told_min);
    add_share(words, shifts, Metric::hit_ratio, "hits", hits_told_min);
    add_replicas(words, service);
    add_ratio(words, shifts, Metric::requests, "traffic", traffic_told_min);
    add_ratio(words, shifts, Metric::cpu, "processor", ratio_told_min);
    if (share(shifts.after(Metric::disk)) >= disk_told_from) {
        words.push_back(fmt::format("disk {:.0f}% full", share(shifts.after(Metric::disk)) * 100));
    }
    return words;
}

double newest_change_s(const ServiceSurvey& service) {
    double age_s = number_max;
    for (const auto& [kind, change] : service.changes) {
        age_s = std::min(age_s, change.age_s);
    }
    return age_s;
}

/// Writes the lines of one survey.
class Writer {
  public:
    explicit Writer(const Survey& survey) : survey_(survey) {}

    Evidence run() {
        for (const ServiceSurvey& service : survey_.services) {
            began_s_ = std::max(began_s_, service.onset_s);
        }
        choose();
        tell_users();
        for (std::size_t place = 0; place < told_.size(); ++place) {
            tell(place);
        }
        return std::move(evidence_);
    }

  private:
    void choose();
    void tell_users();
    void tell(std::size_t place);
    void tell_shifts(std::size_t place);
    void tell_changes(std::size_t place);
    void tell_logs(std::size_t place);
    void tell_waiting(std::size_t place);
    void add(std::string line);

    [[nodiscard]] const ServiceSurvey& at(std::size_t place) const {
        return survey_.services[told_[place]];
    }
    /// "A".
    [[nodiscard]] static std::string handle(std::size_t place) {
        return {static_cast<char>('A' + static_cast<char>(place))};
    }
    /// "A database" where it is named first, then "A".
    [[nodiscard]] std::string who(std::size_t place) {
        const bool is_first = !std::exchange(is_introduced_.at(place), true);
        return handle(place) + (is_first ? " " + std::string(role_of(at(place).kind)) : "");
    }

    const Survey& survey_;
    std::vector<std::uint32_t> told_;  ///< Services, the most important first.
    std::array<bool, services_told_max> is_introduced_{};
    double began_s_{-1};  ///< Seconds ago that the first became ill; below 0: nobody is.
    Evidence evidence_;
    std::size_t bytes_{0};
    bool is_full_{false};
};

/// Those that have the most of their own, and of equals the one that changed last.
void Writer::choose() {
    for (std::uint32_t index = 0; index < survey_.services.size(); ++index) {
        const ServiceSurvey& service = survey_.services[index];
        if (service.illness >= ill_from || service.own >= ill_from ||
            newest_change_s(service) < lately_s || service.troubles.new_count() > 0 ||
            !shifts_of(service).empty()) {
            told_.push_back(index);
        }
    }
    std::ranges::sort(told_, [&](std::uint32_t one, std::uint32_t other) {
        const ServiceSurvey& left = survey_.services[one];
        const ServiceSurvey& right = survey_.services[other];
        return std::tuple(-left.own, -left.illness, newest_change_s(left), one) <
               std::tuple(-right.own, -right.illness, newest_change_s(right), other);
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
    constexpr double least = 0.005;  // Less is told as 0 %.
    if (std::max({survey_.users_failed, survey_.users_slow, survey_.users_wrong}) < least) {
        const std::string silent = survey_.is_getting_better ? "users: no loss is seen any more"
                                                             : "users: no loss is seen";
        add(survey_.users_lose < least
                ? silent
                : fmt::format("users: others' word is that they lose {:.0f} %",
                              share(survey_.users_lose) * 100));
        return;
    }
    std::string line = requests_fail_words("users", share(survey_.users_failed));
    if (survey_.users_slow >= least) {
        line += fmt::format(", {:.0f} % are slow", share(survey_.users_slow) * 100);
    }
    if (survey_.users_wrong >= least) {
        line += fmt::format(", {:.0f} % are misled", share(survey_.users_wrong) * 100);
    }
    if (survey_.users_rate_ratio >= traffic_told_min) {
        line += fmt::format(", traffic x{:.1f}", bounded(survey_.users_rate_ratio));
    }
    add(line + (survey_.is_getting_better ? ", getting better" : ""));
}

void Writer::tell(std::size_t place) {
    const Shift* errors = telling(at(place).shifts, Metric::error_ratio);
    if (errors != nullptr && errors->after - errors->before >= share_told_min) {
        constexpr double least = 0.005;
        const std::string before =
            errors->before >= least ? fmt::format(", {:.0f} % before", share(errors->before) * 100)
                                    : std::string();
        add(failing_words(who(place), share(errors->after)) + before);
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

void Writer::tell_changes(std::size_t place) {
    const ServiceSurvey& service = at(place);
    const double began_s = service.onset_s >= 0 ? service.onset_s : began_s_;
    bool has_changed = false;
    for (const auto& [name, change] : service.changes) {
        const std::optional<ChangeKind> kind = parse_enum<ChangeKind>(name);
        if (!kind || kind == ChangeKind::scale || change.age_s >= lately_s) {
            continue;
        }
        has_changed = true;
        const std::string what = change_words(*kind, who(place), "");
        if (began_s < 0) {
            add(fmt::format("{} {:.0f} s ago", what, change.age_s));
        } else if (change.age_s >= began_s) {
            add(what + " " + before_symptom_words(change.age_s - began_s));
        } else {
            add(fmt::format("{} {:.0f} s after the symptom", what, began_s - change.age_s));
        }
    }
    if (!has_changed && place == 0 && service.own >= ill_from) {
        add(no_deploy_words(who(place)));
    }
}

void Writer::tell_logs(std::size_t place) {
    const Troubles& troubles = at(place).troubles;
    std::vector<Trouble> fresh;
    for (std::size_t index = 0; index < troubles_count; ++index) {
        const auto trouble = static_cast<Trouble>(index);
        if (troubles.is_new(trouble)) {
            fresh.push_back(trouble);
        }
    }
    std::ranges::sort(fresh, std::ranges::greater{}, [&](Trouble one) {
        return std::pair(troubles.now_of(one), -static_cast<int>(one));
    });
    fresh.resize(std::min(fresh.size(), troubles_told_max));
    std::string line;
    for (const Trouble trouble : fresh) {
        std::string words(to_text(trouble));
        std::ranges::replace(words, '_', ' ');
        line += (line.empty() ? "logs of " + who(place) + ": " : ", ") + words;
    }
    if (!line.empty()) {
        add(std::move(line));
    }
}

/// For whom it waits most, of those that are told of.
void Writer::tell_waiting(std::size_t place) {
    const CallSurvey* worst = nullptr;
    for (const CallSurvey& call : survey_.calls) {
        const bool is_told = std::ranges::find(told_, call.target) != told_.end();
        if (call.caller == told_[place] && call.target != call.caller && is_told &&
            call.illness >= ill_from && (worst == nullptr || call.illness > worst->illness)) {
            worst = &call;
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

Evidence evidence_of(const Survey& survey) {
    return Writer(survey).run();
}

}  // namespace homeostat::cases
