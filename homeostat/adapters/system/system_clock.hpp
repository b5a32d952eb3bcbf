#pragma once

// SystemClock: the Clock port on this machine's CLOCK_BOOTTIME and an Asio timer.
//
// Lives on one strand.

#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace homeostat::adapters::system {

class SystemClock final : public ports::Clock {
  public:
    explicit SystemClock(boost::asio::any_io_executor strand);

    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    Task<void> sleep_until(Instant at) override;

  private:
    boost::asio::any_io_executor strand_;
};

}  // namespace homeostat::adapters::system
