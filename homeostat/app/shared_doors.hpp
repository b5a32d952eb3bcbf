#pragma once

// SharedDoors: addresses that several services of a process name, and at which it answers for all.
//
// Letters of agents are told apart by the service that they name, which their signature covers: the
// desk of that service looks at the rest. Numbers of all stand on one page, by service. An address
// that one service names alone is that service's own and nothing of it is here.
//
// Not thread-safe; lives on the strand of its executor, and longer than the services.

#include "homeostat/app/config.hpp"
#include "homeostat/app/metrics_door.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_server.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

class SharedDoors {
  public:
    /// `stands_by`: why this process does not act; empty: it does.
    SharedDoors(boost::asio::any_io_executor executor, std::function<std::string()> stands_by)
        : executor_(std::move(executor)), stands_by_(std::move(stands_by)) {}

    /// One more service, before any of them opens a door.
    void expect(const Config& config);
    [[nodiscard]] bool is_shared_for_letters(const RolesConfig& roles) const;
    [[nodiscard]] bool is_shared_for_metrics(const std::string& address) const;

    /// How many may be open at once where it takes letters: as many as its services would have had
    /// each for itself, whichever of them opens the door.
    [[nodiscard]] std::size_t letter_connections_max(const RolesConfig& roles) const;
    /// At all addresses together: so many descriptors are open besides those of services.
    [[nodiscard]] std::size_t letter_connections_max() const;

    /// From now on `answer` is asked for the service at that address. ERRORS: of the address.
    [[nodiscard]] Result<void> open_letters(const RolesConfig& roles,
                                            const ServiceId& service,
                                            net::HttpAnswer answer);
    [[nodiscard]] Result<void> open_metrics(const std::string& address,
                                            const ServiceId& service,
                                            net::HttpAnswer answer);
    /// Nobody answers for it any more: on pages of numbers it is down.
    void close(const ServiceId& service);

    /// What a kubelet asks before it sends anybody here: 200 while this process acts.
    [[nodiscard]] net::HttpResponse readiness() const;

    Task<void> stop(Instant deadline);

  private:
    using Answers = std::map<std::string, net::HttpAnswer, std::less<>>;  ///< By service.

    struct LettersExpected {
        std::size_t services_count{0};
        std::size_t connections_max{0};  ///< Of all of them.
    };
    struct Letters {
        Answers answers;
        std::unique_ptr<net::HttpServer> server;
    };
    struct Metrics {
        std::set<std::string> expected;
        Answers answers;
        std::unique_ptr<MetricsDoor> door;
    };

    [[nodiscard]] static Task<net::HttpResponse> answer_letter(const Letters& letters,
                                                               net::HttpRequest request);
    [[nodiscard]] Task<net::HttpResponse> answer_reader(const Metrics& metrics,
                                                        net::HttpRequest request);

    boost::asio::any_io_executor executor_;
    std::function<std::string()> stands_by_;
    std::map<std::string, LettersExpected> letters_expected_;  ///< By address.
    std::map<std::string, Letters> letters_;                   ///< By address; only what is shared.
    std::map<std::string, Metrics> metrics_;                   ///< Likewise.
};

/// The service that a letter says it is about; empty: that is no letter of ours. Nothing says that
/// it is so.
[[nodiscard]] std::string_view service_named(std::string_view letter);

/// Where letters are taken. ERRORS: of the address, with its key; of the socket's directory, which
/// is made.
[[nodiscard]] Result<net::Endpoint> letters_endpoint(const RolesConfig& roles);

}  // namespace homeostat::app
