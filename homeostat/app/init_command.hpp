#pragma once

// init: a first configuration for a service that runs, from what a cluster says of it.

#include "homeostat/app/exit_status.hpp"

#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct InitOptions {
    std::string from;  ///< "deployment/payments".
    std::string name_space;
    std::filesystem::path kubeconfig;  ///< Empty: kubectl's, or the pod's service account.
    std::string context;
    std::filesystem::path out;  ///< Empty: standard output.
};

void add_init(CLI::App& app, InitOptions& options);

/// Reads the cluster and changes nothing in it. A file that is there is not written over.
[[nodiscard]] ExitStatus init_service(const InitOptions& options);

}  // namespace homeostat::app
