#pragma once

// The keys of a maintenance window.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_maintenance.hpp"
#include "homeostat/app/config_values.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace homeostat::app {

/// "22:00". Quoted or not: YAML's own times are not read as such.
struct TimeOfDayValue {
    [[nodiscard]] Result<std::chrono::minutes> parse(std::string_view text) const;
    [[nodiscard]] json::value write(std::chrono::minutes value) const;
    [[nodiscard]] json::object schema() const;
};

struct MaintenanceSection {
    MaintenanceConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"days", "On which it begins; every day without this"},
            ListOf<EnumValue<Weekday>>{EnumValue<Weekday>{}, 7, true}, self.config.days);
        key(Key{"from", "When it begins, as clocks show it there", Need::required},
            TimeOfDayValue{}, self.config.from);
        key(Key{"to", "When it ends; earlier than from is on the next day"}, TimeOfDayValue{},
            self.config.to);
        key(Key{"for", "Or how long it lasts"},
            DurationValue{std::chrono::minutes{1}, maintenance_for_max}, self.config.lasts);
        key(Key{"zone", "Whose clocks: a name of the time zone database; UTC without it"},
            TextValue{.bytes_max = 64}, self.config.zone);
    }
};

}  // namespace homeostat::app
