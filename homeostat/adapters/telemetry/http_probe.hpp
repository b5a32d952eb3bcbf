#pragma once

// HttpProbe: our own request to one instance, or through the edge as a user makes it.
//
// Every request is made on a new connection: a kept one may lead to a process that no longer
// accepts, and a probe that succeeds on it would be a lie.
//
// Silence counts as "not answered" only if it lasted for the probe's own timeout while we were
// running. Out of descriptors, held up, or called off earlier, we are the ones who failed: an
// error.
//
// Not thread-safe; lives on one strand.

#include "homeostat/domain/signal.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <optional>
#include <string>

namespace homeostat::adapters::telemetry {

struct HttpProbeOptions {
    Observer observer{Observer::probe};  ///< probe: to one instance; journey: through the edge.
    Subject subject;
    net::Address address;
    Duration every{std::chrono::milliseconds{500}};
    Duration timeout{std::chrono::milliseconds{300}};
    std::function<bool()> is_wanted;  ///< False: nobody ought to answer, and nothing is asked.
    /// Of an instance that is now here and now there: asked before each request and used instead of
    /// `address`. Nothing: it is nowhere now, and nothing is asked.
    std::function<std::optional<net::Address>()> address_now{};
};

class HttpProbe final : public ports::Telemetry {
  public:
    /// REQUIRES: `clock` outlives it.
    HttpProbe(boost::asio::any_io_executor strand, ports::Clock& clock, HttpProbeOptions options);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return options_.every; }

    /// One ProbeReading; no answer is a reading too. ERRORS: full, invalid: we could not even ask;
    /// late: we were held up; what `deadline` cut short of the probe's own timeout.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    boost::asio::any_io_executor strand_;
    ports::Clock& clock_;
    HttpProbeOptions options_;
    std::string name_;
};

}  // namespace homeostat::adapters::telemetry
