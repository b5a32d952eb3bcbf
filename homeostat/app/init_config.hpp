#pragma once

// A first configuration for a Deployment that runs: what its own objects say of it, with the
// reason beside each line, and `watch` everywhere.
//
// What they do not say is left out and told in a comment, never guessed: a path that nobody
// declared may be one that costs money. Nothing in it needs a right to change anything.
//
// Pure.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>

namespace homeostat::app {

/// Where a Deployment is, and how it was reached.
struct InitPlace {
    std::string name_space;
    std::string deployment;
    std::string kubeconfig;  ///< To be written into it; empty: it will run in the cluster.
    std::string context;     ///< Of that; empty: its current one.
};

/// The text of homeostat.yaml. `services`: those of the namespace, as the server lists them.
/// ERRORS: invalid: an object that is none, with the field; refused: nothing of it can be asked
/// whether it serves, with the mend.
[[nodiscard]] Result<std::string> config_for_deployment(const json::value& deployment,
                                                        const json::array& services,
                                                        const InitPlace& place);

}  // namespace homeostat::app
