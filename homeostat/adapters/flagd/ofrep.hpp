#pragma once

// What a flagd evaluates, asked by the OpenFeature Remote Evaluation Protocol, and whether that is
// by what its file says.
//
// SOURCE: OFREP's bulk evaluation, POST /ofrep/v1/evaluate/flags; flagd gives back the metadata of
// the file with it, and so the mark of our effect.
//
// Pure, but for evaluate_all.

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/adapters/flagd/flag_history.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::flagd {

struct Evaluation {
    std::string key;
    std::string variant;
};

struct Evaluations {
    std::vector<Evaluation> flags;   ///< Those without an error.
    std::vector<std::string> marks;  ///< Of effects of ours, each once.
};

/// ERRORS: broken: no answer of OFREP.
[[nodiscard]] Result<Evaluations> parse_evaluations(std::string_view body);

/// Why what is evaluated is not what the file says since our effect; empty: it is, as far as that
/// can be told without a user's context. REQUIRES: the file has our mark.
[[nodiscard]] std::string objection_to(const Evaluations& seen,
                                       const FlagFile& file,
                                       const FlagHistory& history);

/// Of no user in particular. ERRORS: of request_once; broken: another status than 200, or as
/// parse_evaluations.
[[nodiscard]] Task<Result<Evaluations>> evaluate_all(boost::asio::any_io_executor executor,
                                                     net::Endpoint endpoint,
                                                     Instant deadline);

}  // namespace homeostat::adapters::flagd
