#include "homeostat/app/config_maintenance_check.hpp"

#include "homeostat/app/time_zone.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

void check_window(const MaintenanceConfig& window,
                  const std::string& path,
                  ConfigReading& reading) {
    const auto tell = [&](std::string_view key, std::string_view says) {
        reading.tell_at(path + std::string(key), says);
    };
    if (window.to.has_value() == window.lasts.has_value()) {
        tell("", window.to ? "to and for both say when it ends — keep one of them"
                           : "it does not say when it ends — add to: \"04:00\", or for: 4h");
    }
    if (window.to == window.from) {
        tell(".to", "it ends when it begins — write for: 24h if it is to last a day");
    }
    if (std::set<Weekday>(window.days.begin(), window.days.end()).size() != window.days.size()) {
        tell(".days", "a day stands twice — keep one of them");
    }
    if (const Result<TimeZone> zone = TimeZone::find(window.zone); !zone) {
        tell(".zone", zone.error().text);
    }
}

}  // namespace

void check_maintenance(const ConfigFile& file, ConfigReading& reading) {
    if (!reading.is_sound("guard.maintenance")) {
        return;
    }
    for (std::size_t index = 0; index < file.guard.maintenance.size(); ++index) {
        check_window(file.guard.maintenance[index].config,
                     fmt::format("guard.maintenance[{}]", index), reading);
    }
}

}  // namespace homeostat::app
