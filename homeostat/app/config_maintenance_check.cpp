#include "homeostat/app/config_maintenance_check.hpp"

#include "homeostat/app/maintenance.hpp"
#include "homeostat/app/time_zone.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

/// False: something of it was told.
bool check_window(const MaintenanceConfig& window,
                  const std::string& path,
                  ConfigReading& reading) {
    bool is_sound = true;
    const auto tell = [&](std::string_view key, std::string_view says) {
        reading.tell_at(path + std::string(key), says);
        is_sound = false;
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
    return is_sound;
}

}  // namespace

void check_maintenance(const ConfigFile& file, ConfigReading& reading) {
    if (!reading.is_sound("guard.maintenance")) {
        return;
    }
    std::vector<MaintenanceConfig> windows;
    bool are_sound = true;
    for (std::size_t index = 0; index < file.guard.maintenance.size(); ++index) {
        windows.push_back(file.guard.maintenance[index].config);
        const std::string path = fmt::format("guard.maintenance[{}]", index);
        are_sound = check_window(windows.back(), path, reading) && are_sound;
    }
    if (are_sound && Maintenance::is_always(windows)) {
        reading.tell_at("guard.maintenance",
                        "the windows follow on one another all week, so nothing would ever be done "
                        "— leave hours between them, or set autonomy to watch");
    }
}

}  // namespace homeostat::app
