#pragma once

// SilentSources: which of what the agent goes by has been silent for so long that people are told.
//
// A cluster's server that is away, or turns us away, keeps the agent from acting: that is safe, and
// for five minutes nobody's emergency. After that whoever relies on it has to know. One message for
// all that fell silent together, and one when they answer again. Names, and the status of an answer
// where there was one (401), since what else a server says of its trouble is no sentence of ours
// (`homeostat status` shows it). Whoever is called while one is silent is told so as well: what
// they are called for may be that a part of the world did not answer.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/console/notice.hpp"
#include "homeostat/domain/ids.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

constexpr Duration silent_until_told = std::chrono::minutes{5};

/// "pods of payments does not answer (401)": which, and of why a number alone.
[[nodiscard]] std::string name_silent(const std::string& source, std::string_view trouble);

/// Adds to what a person is called for which sources are silent now, as far as there is room.
void add_silent(console::Notice& notice, const std::map<std::string, std::string>& troubles);

class SilentSources {
  public:
    explicit SilentSources(ServiceId service) : service_(std::move(service)) {}

    /// What people are to be told now; nothing: no news. `troubles`: by its name what each source
    /// says that did not answer when it was read last.
    [[nodiscard]] std::optional<console::Notice> learn(
        const std::map<std::string, std::string>& troubles, Instant now, WallTime wall_now);

  private:
    struct Silence {
        Instant since;
        bool is_told{false};
    };

    /// Whether one that people were told of has answered.
    bool forget_answering(const std::map<std::string, std::string>& troubles);
    [[nodiscard]] console::Notice notice_of(std::string text, WallTime wall_now) const;

    ServiceId service_;
    std::map<std::string, Silence> silences_;  ///< By the source's name.
};

}  // namespace homeostat::app
