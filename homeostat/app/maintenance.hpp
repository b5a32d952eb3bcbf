#pragma once

// Maintenance: the kill switch that the calendar holds. Inside a window no effect begins, nor is
// anything given back, just as if a person had said `suspend`; what begins and ends it is wall time
// alone, so a clock that shows no plausible time counts as engaged.
//
// Read anew with each question: there is no timer that a suspended machine could miss.

#include "homeostat/app/config_maintenance.hpp"
#include "homeostat/app/time_zone.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// What `status` shows of it.
struct MaintenanceView {
    bool is_now{false};
    std::optional<WallTime> begins_at{};  ///< Of the one that is now, else of the next.
    std::optional<WallTime> ends_at{};    ///< Once none is any more; absent: none ever is.
    std::string because{};                ///< "sat 22:00 for 4h, Europe/Berlin", or what is wrong.

    static void fields(auto& self, auto&& field) {
        field("is_now", self.is_now);
        field("begins_at", self.begins_at);
        field("ends_at", self.ends_at);
        field("because", self.because);
    }
};

class Maintenance final : public ports::KillSwitch {
  public:
    /// Null where there is no window. REQUIRES: `clock` outlives it.
    /// ERRORS: those of TimeZone::find.
    [[nodiscard]] static Result<std::unique_ptr<Maintenance>> make(
        const std::vector<MaintenanceConfig>& windows,
        ports::Clock& clock,
        std::function<void(const std::string&)> log);

    /// Looks each second until `stop`.
    Task<void> run();
    /// Tells the log of one that has begun or ended since the last look.
    void look();
    void stop() { is_stopping_ = true; }

    [[nodiscard]] bool is_engaged() const override { return view().is_now; }

    /// The windows of a week follow on one another without a gap, in winter as in summer: nothing
    /// would ever begin. REQUIRES: each says when it ends.
    [[nodiscard]] static bool is_always(const std::vector<MaintenanceConfig>& windows);

    /// Why it is engaged and until when, for people; empty: it is not.
    [[nodiscard]] std::string reason() const;

    [[nodiscard]] MaintenanceView view() const;

    /// ERRORS: refused: nobody holds it but the configuration.
    Result<void> engage() override;
    /// ERRORS: refused while a window lasts: nobody is to believe that all is released.
    Result<void> release() override;

  private:
    /// One window on one of its days.
    struct Span {
        TimeZone::Time begins_at;
        TimeZone::Time ends_at;
        std::size_t window{0};
    };
    struct Window {
        MaintenanceConfig config;
        TimeZone zone;
    };

    Maintenance(std::vector<Window> windows,
                ports::Clock& clock,
                std::function<void(const std::string&)> log)
        : windows_(std::move(windows)), clock_(clock), log_(std::move(log)) {}

    static Result<std::vector<Window>> windows_of(const std::vector<MaintenanceConfig>& configs);
    static std::vector<Span> spans_around(const std::vector<Window>& windows, TimeZone::Time now);
    static std::optional<Span> span_at(const std::vector<Window>& windows, TimeZone::Time now);

    std::vector<Window> windows_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::string told_;
    bool is_stopping_{false};
};

/// "mon, tue 22:00–02:00, Europe/Berlin".
[[nodiscard]] std::string describe(const MaintenanceConfig& window);

}  // namespace homeostat::app
