#include "homeostat/app/time_zone.hpp"

#include "homeostat/app/config_values.hpp"

#include <date/tz.h>

#include <exception>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

constexpr std::string_view utc = "UTC";

/// The library's calendar and the standard's count the same seconds.
date::local_seconds theirs(TimeZone::Local local) {
    return date::local_seconds{local.time_since_epoch()};
}

std::string nearest_zone(std::string_view name) {
    std::vector<std::string> names;
    for (const date::time_zone& zone : date::get_tzdb().zones) {
        names.emplace_back(zone.name());
    }
    return nearest(name, names);
}

/// REQUIRES: there is a database.
Error unknown_zone(std::string_view name) {
    const std::string meant = nearest_zone(name);
    const std::string says = meant.empty() ? std::string(" — write one as Europe/Berlin, or UTC")
                                           : " — did you mean " + meant + "?";
    return {Fault::absent, "the time zone database knows no '" + std::string(name) + "'" + says};
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
    if (name == utc) {
        return TimeZone(nullptr);
    }
    // The library throws where a name, or the whole database, is not there.
    try {
        (void)date::get_tzdb();
    } catch (const std::exception&) {
        return fail(Fault::absent,
                    "this machine has no time zone database — install tzdata, or write UTC");
    }
    try {
        const date::time_zone* zone = date::locate_zone(name);
        (void)zone->get_info(date::sys_seconds{});  // Its file is read now, and not in some night.
        return TimeZone(zone);
    } catch (const std::exception&) {
        return std::unexpected(unknown_zone(name));
    }
}

TimeZone::Local TimeZone::local_of(Time at) const {
    const auto since = at.time_since_epoch();
    return zone_ == nullptr ? Local{since} : Local{since + zone_->get_info(at).offset};
}

TimeZone::Time TimeZone::first_of(Local local) const {
    return zone_ == nullptr ? Time{local.time_since_epoch()}
                            : zone_->to_sys(theirs(local), date::choose::earliest);
}

TimeZone::Time TimeZone::last_of(Local local) const {
    return zone_ == nullptr ? Time{local.time_since_epoch()}
                            : zone_->to_sys(theirs(local), date::choose::latest);
}

}  // namespace homeostat::app
