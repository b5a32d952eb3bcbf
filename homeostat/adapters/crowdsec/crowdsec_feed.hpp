#pragma once

// CrowdsecFeed: the decisions of a CrowdSec on this machine, by its local API.
//
// The API remembers per key what it has told already, so after an answer that was lost the whole
// is asked for again. One kept connection; a question costs CrowdSec some 20 ms.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/ports/threat_feed.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace homeostat::adapters::crowdsec {

struct Options {
    net::Endpoint api;  ///< On this machine: the key goes over it as it is.
    std::string key;    ///< Of a bouncer.
};

/// ERRORS: invalid: the API is not on this machine, or the key is none.
[[nodiscard]] Result<void> check(const Options& options);

class CrowdsecFeed final : public ports::ThreatFeed {
  public:
    /// REQUIRES: check(options) found nothing.
    CrowdsecFeed(boost::asio::any_io_executor executor, Options options);

    /// ERRORS: unreachable, late, full, broken; refused: the key is not known there.
    Task<Result<FeedUpdate>> poll(bool is_whole, Instant deadline) override;

  private:
    Options options_;
    net::HttpClient client_;
};

}  // namespace homeostat::adapters::crowdsec
