#pragma once

// TimeZone: a name of the time zone database, and what its clocks show when.
//
// libstdc++ 12 has std::chrono's calendar, and not its time zones; the library here is the one that
// those were made of. Thread-safe; the database is read once, from this machine's files.

#include "homeostat/base/result.hpp"

#include <chrono>
#include <string_view>

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library calls it so.
}

namespace homeostat::app {

class TimeZone {
  public:
    using Local = std::chrono::local_seconds;
    using Time = std::chrono::sys_seconds;

    /// UTC is known without any file.
    /// ERRORS: absent, with the mend: nobody knows this name, or this machine has no database.
    [[nodiscard]] static Result<TimeZone> find(std::string_view name);

    /// What clocks there show at `at`.
    [[nodiscard]] Local local_of(Time at) const;

    /// When clocks there show `local` first; if they skip it, when they do.
    [[nodiscard]] Time first_of(Local local) const;
    /// When they show it last: an hour later where it comes twice.
    [[nodiscard]] Time last_of(Local local) const;

  private:
    explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}

    const date::time_zone* zone_;  ///< The library keeps it for ever; null: UTC.
};

}  // namespace homeostat::app
