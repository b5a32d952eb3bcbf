#pragma once

// `homeostat-lab pledge-sut`: the pledge protocol with a data plane that a test controls, for its
// conformance tests (tests/pledges). In nothing that is deployed.

#include <cstdint>
#include <string>

namespace homeostat::sim::sut {

struct PledgeSutArguments {
    std::string config;     ///< A file; tests/pledges/README.md says of what.
    std::uint16_t port{0};  ///< Of loopback. 0: any that is free; it is printed.
};

/// Serves until SIGINT or SIGTERM. Returns the exit status: 0, or 2 where it cannot begin.
[[nodiscard]] int serve_pledges(const PledgeSutArguments& arguments);

}  // namespace homeostat::sim::sut
