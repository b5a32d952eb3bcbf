#pragma once

// `homeostat-lab a2a-sut`: the agent's outer door with the compatibility kit's skill behind it
// instead of pledges. In nothing that is deployed.

#include <cstdint>
#include <string>

namespace homeostat::sim::sut {

struct A2aSutArguments {
    std::uint16_t port{0};  ///< 0: any that is free; it is printed.
    std::string listen{"127.0.0.1"};
};

/// Serves until SIGINT or SIGTERM. Returns the exit status: 0, or 2 where it cannot listen.
[[nodiscard]] int serve_a2a(const A2aSutArguments& arguments);

}  // namespace homeostat::sim::sut
