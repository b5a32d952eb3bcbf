#pragma once

// WantedCalls: how many calls a second a caller would make of a route if its dimmer held none back,
// told by those that pass it.
//
// A promise is a rate and a dimmer is a share, so this number decides whether a promise is kept. It
// is an estimate from a count: of twenty calls that pass in a second another time fifteen or
// twenty-five do. So there are three of it, each in favour of whoever bears the error. Calls count
// once they have begun. By those that have ended, a callee that hangs would seem to be called less,
// and be given more.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/dimmer.hpp"
#include "homeostat/heal/edge_windows.hpp"

#include <cstdint>
#include <deque>

namespace homeostat::heal {

/// Calls a second that there would be if none were held back: of those that passed.
[[nodiscard]] std::uint32_t calls_before(double passed_rps, double held_permille);

class WantedCalls {
  public:
    /// From now on, and until then, so many of a thousand are held back.
    void turn(std::uint32_t permille, Instant until, Instant now);

    /// A window that ends now.
    void take(const EdgeWindow& window, Instant now);

    /// As of the last window.
    [[nodiscard]] std::uint32_t rps() const;

    /// What a promised rate is kept by: the last window or the last three together, whichever is
    /// more. Down fast, up slowly: more calls count at once, and fewer only once that is sure.
    [[nodiscard]] std::uint32_t most_rps() const;

    /// What a floor is kept by: the last three windows, whichever had the fewest, so that it holds
    /// after a burst of retries as well. One without any calls says nothing.
    [[nodiscard]] std::uint32_t least_rps() const;

    /// On the mean of the last window.
    [[nodiscard]] std::uint32_t held_permille() const;

  private:
    struct Window {
        double arrived_count{0};
        double span_s{0};
        double held_permille{0};
    };

    [[nodiscard]] static std::uint32_t rps_of(const Window& window);
    void pass_time(Instant now);

    std::deque<Window> windows_;  ///< Oldest first.
    std::uint32_t permille_{0};   ///< In force until `until_`.
    Instant until_{};
    Instant passed_to_{};
    double held_sum_{0};  ///< Since the last window: permille times seconds.
};

}  // namespace homeostat::heal
