#include "homeostat/app/maintenance.hpp"

#include "homeostat/app/config_maintenance_keys.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::app {

namespace {

using std::chrono::days;
using Date = std::chrono::local_days;

/// Earlier is no time that this program could have been started at: a machine whose clock lost its
/// battery shows 1970.
constexpr auto plausible_from = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};

/// A window that began the day before yesterday, at the other end of the world, may last still; the
/// next one is a week away at most.
constexpr days looked_back{2};
constexpr days looked_ahead{8};
/// Whose windows follow on one another for so long has them always: they come again each week.
constexpr days week{7};

/// A week of winter and one of summer, whichever half of the world has it: what two zones leave
/// open between them in one of these seasons they do not leave open in the other.
constexpr std::array weeks_tried{std::chrono::sys_days{std::chrono::year{2026} / 1 / 12},
                                 std::chrono::sys_days{std::chrono::year{2026} / 7 / 13}};

/// Only for the log: whoever asks whether it is engaged is told the truth of that moment.
constexpr Duration look_every = std::chrono::seconds{1};

bool is_on(const MaintenanceConfig& window, Date date) {
    const auto day = static_cast<Weekday>(std::chrono::weekday{date}.iso_encoding() - 1);
    return window.days.empty() || std::ranges::find(window.days, day) != window.days.end();
}

std::string to_clock(std::chrono::minutes at) {
    const json::value text = TimeOfDayValue{}.write(at);
    return std::string(text.get_string());
}

}  // namespace

std::string describe(const MaintenanceConfig& window) {
    std::string names;
    for (const Weekday day : window.days) {
        names += (names.empty() ? "" : ", ") + std::string(homeostat::to_text(day));
    }
    const std::string ends = window.to ? "–" + to_clock(*window.to)
                                       : " for " + to_text(window.lasts.value_or(Duration{}));
    return fmt::format("{} {}{}, {}", names.empty() ? "daily" : names, to_clock(window.from), ends,
                       window.zone);
}

Result<std::unique_ptr<Maintenance>> Maintenance::make(
    const std::vector<MaintenanceConfig>& windows,
    ports::Clock& clock,
    std::function<void(const std::string&)> log) {
    if (windows.empty()) {
        return nullptr;
    }
    Result<std::vector<Window>> made = windows_of(windows);
    if (!made) {
        return std::unexpected(made.error());
    }
    return std::unique_ptr<Maintenance>(new Maintenance(*std::move(made), clock, std::move(log)));
}

Result<std::vector<Maintenance::Window>> Maintenance::windows_of(
    const std::vector<MaintenanceConfig>& configs) {
    std::vector<Window> made;
    for (const MaintenanceConfig& window : configs) {
        const Result<TimeZone> zone = TimeZone::find(window.zone);
        if (!zone) {
            return fail("guard.maintenance", zone.error());
        }
        made.push_back({window, *zone});
    }
    return made;
}

bool Maintenance::is_always(const std::vector<MaintenanceConfig>& windows) {
    const Result<std::vector<Window>> made = windows_of(windows);
    return made && std::ranges::all_of(weeks_tried, [&](TimeZone::Time at) {
               const std::optional<Span> span = span_at(*made, at);
               return span && span->begins_at <= at && span->ends_at >= at + week;
           });
}

/// In the order of their beginnings. One that its zone's clocks skip altogether is not there.
std::vector<Maintenance::Span> Maintenance::spans_around(const std::vector<Window>& windows,
                                                         TimeZone::Time now) {
    std::vector<Span> spans;
    for (std::size_t index = 0; index < windows.size(); ++index) {
        const auto& [window, zone] = windows[index];
        const Date today = std::chrono::floor<days>(zone.local_of(now));
        for (Date date = today - looked_back; date <= today + looked_ahead; date += days{1}) {
            if (!is_on(window, date)) {
                continue;
            }
            const TimeZone::Time begins_at = zone.first_of(date + window.from);
            const std::chrono::minutes to = window.to.value_or(window.from);
            const Date last = to <= window.from ? date + days{1} : date;
            const TimeZone::Time ends_at =
                window.lasts ? begins_at + std::chrono::ceil<std::chrono::seconds>(*window.lasts)
                             : zone.last_of(last + to);
            if (begins_at < ends_at) {
                spans.push_back({begins_at, ends_at, index});
            }
        }
    }
    std::ranges::sort(spans, {}, &Span::begins_at);
    return spans;
}

/// What is now, as long as one follows on another; else the next.
std::optional<Maintenance::Span> Maintenance::span_at(const std::vector<Window>& windows,
                                                      TimeZone::Time now) {
    std::optional<Span> found;
    for (const Span& span : spans_around(windows, now)) {
        const bool is_over = span.ends_at <= now;
        if (is_over || (found && found->ends_at < span.begins_at)) {
            continue;
        }
        if (!found) {
            found = span;
        } else if (found->begins_at <= now) {
            found->ends_at = std::max(found->ends_at, span.ends_at);
        }
    }
    return found;
}

MaintenanceView Maintenance::view() const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    if (now < plausible_from) {
        return {.is_now = true,
                .because =
                    "the clock of this machine is wrong, so whether it is time for "
                    "maintenance cannot be told: set it"};
    }
    const std::optional<Span> found = span_at(windows_, now);
    if (!found) {
        return {};
    }
    const std::string says = describe(windows_[found->window].config);
    if (found->begins_at <= now && found->ends_at >= now + week) {
        return {.is_now = true,
                .because = "maintenance always: the windows follow on one another (" + says + ")"};
    }
    return {.is_now = found->begins_at <= now,
            .begins_at = found->begins_at,
            .ends_at = found->ends_at,
            .because = says};
}

std::string Maintenance::reason() const {
    const MaintenanceView now = view();
    if (!now.is_now) {
        return {};
    }
    return now.ends_at
               ? fmt::format("maintenance until {} ({})", to_timestamp(*now.ends_at), now.because)
               : now.because;
}

void Maintenance::look() {
    std::string why = reason();
    if (why != told_) {
        log_(why.empty() ? "maintenance is over" : "suspended: " + why);
        told_ = std::move(why);
    }
}

Task<void> Maintenance::run() {
    while (!is_stopping_) {
        look();
        co_await clock_.sleep_until(clock_.now() + look_every);
    }
}

Result<void> Maintenance::engage() {
    return fail(Fault::refused, "maintenance is what guard.maintenance says, and nothing else");
}

Result<void> Maintenance::release() {
    const std::string why = reason();
    const bool has_end = view().ends_at.has_value();
    return why.empty()
               ? Result<void>()
               : fail(Fault::refused,
                      fmt::format("{}: {} change guard.maintenance and start the agent again", why,
                                  has_end ? "it ends by itself; to end it earlier" : "to end it"));
}

}  // namespace homeostat::app
