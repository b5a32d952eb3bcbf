#pragma once

// Admin: what we ask of Envoy's admin address. We only ever read there.
//
// Envoy's admin has requests that stop it, and none is made from a text of anybody's: a few paths,
// with names in them that are plain. What we change, we change in files (envoy_actuator.hpp).
//
// A look is two requests, so its counts and its endpoints may be a millisecond apart. It also keeps
// the mean of each cluster's answers, so one Admin is shared by who watches and who acts. That is
// also where those who act stand in turn: the file of overrides has two who write it, of circuits
// and of dimmers.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/edge_view.hpp"
#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/sources_reply.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/turns.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::envoy {

struct Look {
    /// Ours, then those of the neighbours, then those of the routes' sources, as in Options.
    std::vector<ClusterView> clusters;
    std::optional<std::string> runtime_version;  ///< Empty: there is no RTDS layer.
    std::uint64_t runtime_rejected_total{0};
};

/// Which file of overrides Envoy has loaded.
struct RuntimeVersion {
    std::optional<std::string> version;  ///< Empty: there is no RTDS layer.
    std::uint64_t rejected_total{0};
};

/// The paths that are asked for.
[[nodiscard]] std::string clusters_request(const std::vector<std::string>& names);
[[nodiscard]] std::string stats_request(const std::vector<std::string>& names);

class Admin {
  public:
    /// REQUIRES: check(options) found nothing.
    Admin(boost::asio::any_io_executor executor, Options options);
    ~Admin() = default;
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

    /// ERRORS: unreachable, late, broken, absent (no such cluster).
    [[nodiscard]] Task<Result<Look>> look(Instant deadline);

    /// Of how many of a thousand requests each runtime key changes the way.
    /// ERRORS: unreachable, late, broken.
    [[nodiscard]] Task<Result<std::vector<std::uint32_t>>> look_at_runtime(
        std::vector<std::string> keys, Instant deadline);

    /// One small request: what an effect in milliseconds can afford. ERRORS: as above.
    [[nodiscard]] Task<Result<RuntimeVersion>> look_at_runtime_version(Instant deadline);

    /// ERRORS: as above; absent: Envoy has no filter for sources that it reads from a file.
    [[nodiscard]] Task<Result<SourcesReply>> look_at_sources(Instant deadline);

    /// Whether Envoy's log stays small however many marks it takes. ERRORS: as above.
    [[nodiscard]] Task<Result<bool>> look_at_log(Instant deadline);

    /// Whoever reads and writes the file of overrides takes a turn first.
    [[nodiscard]] net::Turns& runtime_turns() { return runtime_turns_; }

    /// What Envoy would answer to GET `path`. For checks of a configuration. ERRORS: as above.
    [[nodiscard]] Task<Result<std::string>> ask(std::string path, Instant deadline) const;

  private:
    /// On a connection that is kept: an order asks several times, and counts milliseconds.
    [[nodiscard]] Task<Result<std::string>> ask_again(std::string path, Instant deadline);
    void keep_means(Look& look, Instant begun_at);

    boost::asio::any_io_executor executor_;
    Options options_;
    net::HttpClient client_;
    net::Turns runtime_turns_;
    std::vector<std::string> names_;
    std::vector<TrailingMean> means_;  ///< As `names_`.
    Instant means_begun_at_{};         ///< Of two looks under way the later one's counts hold.
};

}  // namespace homeostat::adapters::envoy
