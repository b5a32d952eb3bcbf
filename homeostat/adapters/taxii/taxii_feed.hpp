#pragma once

// TaxiiFeed: the indicators of one collection of a TAXII 2.1 server.
//
// It keeps the place up to which it has read, so what was not answered is asked for once more. A
// question takes as many pages as fit into its time, and the next one goes on behind them: what a
// large collection holds is listed page by page. A page that comes too late is asked for once more;
// from a server that forgets what it has sent, as medallion does, it comes with the next whole.
// Every six hours all of it is read again, because no listing lasts longer than a day, and
// indicators are valid for weeks.
//
// By HTTP, to this machine: a server elsewhere is reached by a tunnel that ends here. Not taken was
// a TLS client of our own, with its certificates to be kept, beside the proxy that is here anyway.
//
// SOURCE: TAXII 2.1 (OASIS, 2021).
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/taxii/envelope.hpp"
#include "homeostat/adapters/taxii/indicators.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/threat_feed.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace homeostat::adapters::taxii {

struct Options {
    net::Endpoint api;                ///< On this machine: what we know goes over it as it is.
    std::string collection;           ///< "/api1/collections/91a7b528-…/": its path on the server.
    std::string login{};              ///< "name:password"; empty: none. One of these two at most.
    std::string token{};              ///< A bearer token; empty: none.
    std::uint32_t confidence_min{0};  ///< Of an indicator's own confidence.
};

/// ERRORS: invalid: the server is not on this machine, or something of it cannot be sent.
[[nodiscard]] Result<void> check(const Options& options);

class TaxiiFeed final : public ports::ThreatFeed {
  public:
    static constexpr unsigned pages_max = 64;  ///< Of one question: some 16,000 indicators.
    /// Of one way through the collection: a server whose pages never end is left.
    static constexpr unsigned pages_of_way_max = 4096;
    static constexpr Duration whole_every = std::chrono::hours{6};

    /// REQUIRES: check(options) found nothing; `clock` outlives it.
    TaxiiFeed(boost::asio::any_io_executor executor, Options options, const ports::Clock& clock);

    /// ERRORS: unreachable, late, full, broken; refused: it does not let us read.
    Task<Result<FeedUpdate>> poll(bool is_whole, Instant deadline) override;

    /// Says whether the collection is there and lets us read. ERRORS: as of poll.
    Task<Result<void>> look(Instant deadline);

  private:
    Task<Result<net::HttpResponse>> get(std::string path, Instant deadline);
    Task<Result<Page>> read_page(Instant deadline);
    void begin_whole();
    Result<void> move_on(const Page& page, std::string_view added_last);
    [[nodiscard]] std::string path_of_page() const;

    Options options_;
    const ports::Clock& clock_;
    net::HttpClient client_;
    Indicators indicators_;
    std::string added_after_;   ///< As it is asked for; empty: from the beginning.
    std::string added_last_;    ///< The newest that the server told of.
    WallTime added_last_at_{};  ///< The same, read.
    std::string next_;          ///< Of the page before; empty: it was the last.
    unsigned pages_count_{0};   ///< On this way through the collection.
    Instant whole_at_{};
    bool is_on_whole_{false};  ///< Not all of it has been read yet.
};

}  // namespace homeostat::adapters::taxii
