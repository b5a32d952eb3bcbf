#pragma once

// The checks of `homeostat doctor` that ask somebody: the edge, caches, our own requests, a model
// server that is not ours. Each asks what the agent will ask, once, and changes nothing.
//
// Each ends by its deadline, so that together they take no longer than one of them.

#include "homeostat/app/config.hpp"
#include "homeostat/app/doctor_checks.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <vector>

namespace homeostat::app {

/// One for each piece that is missing; one that is well if none is.
using Findings = std::vector<Check>;

/// Asks everybody whom the configuration names, all at once: two seconds at most.
[[nodiscard]] Findings check_peers(const Config& config);

/// The runtime socket: that it answers, may change states, and knows what the declared remedies use
/// of it. REQUIRES: config.haproxy.
[[nodiscard]] Task<Findings> check_edge(boost::asio::any_io_executor executor,
                                        Config config,
                                        Instant deadline);

/// That lists of sources answer, and that the edge has what marks are put on in.
/// REQUIRES: config.block_sources, and so an edge.
[[nodiscard]] Task<Findings> check_block_sources(boost::asio::any_io_executor executor,
                                                 Config config,
                                                 Instant deadline);

/// What an Envoy lacks for marks; nothing if it lacks nothing.
/// REQUIRES: config.block_sources, config.envoy.
[[nodiscard]] Task<Findings> check_envoy_sources(boost::asio::any_io_executor executor,
                                                 Config config,
                                                 Instant deadline);

/// Envoy's admin and its files: that they are there, agree with each other, and have what the
/// declared remedies use. REQUIRES: config.envoy.
[[nodiscard]] Task<Findings> check_envoy(boost::asio::any_io_executor executor,
                                         Config config,
                                         Instant deadline);

/// The file of feature flags: that it can be read and written, and that flagd answers.
/// REQUIRES: config.flags.
[[nodiscard]] Task<Findings> check_flags(boost::asio::any_io_executor executor,
                                         Config config,
                                         Instant deadline);

/// Redis: that it answers, and takes the commands that we send. `drops`: a remedy drops its keys.
[[nodiscard]] Task<Findings> check_cache(boost::asio::any_io_executor executor,
                                         CacheConfig cache,
                                         bool drops,
                                         Instant deadline);

/// That its source says what a copy ought to be, of each entry.
[[nodiscard]] Task<Findings> check_source(boost::asio::any_io_executor executor,
                                          CacheConfig cache,
                                          Instant deadline);

/// That its readers get anything. REQUIRES: cache.readers.
[[nodiscard]] Task<Findings> check_readers(boost::asio::any_io_executor executor,
                                           CacheConfig cache,
                                           Instant deadline);

}  // namespace homeostat::app
