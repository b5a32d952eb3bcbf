#include "homeostat/app/rbac_command.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::app {

namespace {

/// What the command makes of a file with this text.
ExitStatus status_of(const std::string& text, bool is_policy = false) {
    const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                       ("homeostat-rbac-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream(file) << text;
    const ExitStatus status = print_rbac({.config = file, .is_policy = is_policy});
    std::filesystem::remove(file);
    return status;
}

}  // namespace

TEST_CASE(
    "rights are printed for a Deployment, and refused for what needs none or cannot be read") {
    CHECK(status_of("service: a\nruntime: { kubernetes: { namespace: shop, deployment: a } }\n"
                    "signals: [ { http: { path: / } } ]\n") == ExitStatus::ok);
    CHECK(status_of("service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
                    "signals: [ { http: { path: / } } ]\n") == ExitStatus::usage);
    CHECK(status_of("service: a\nruntime: { kubernetes: { namespace: shop, deployment: a } }\n"
                    "signals: [ { http: { path: / } } ]\n",
                    true) == ExitStatus::ok);
    CHECK(status_of("service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
                    "signals: [ { http: { path: / } } ]\n",
                    true) == ExitStatus::usage);
    CHECK(status_of("service: a\n") == ExitStatus::usage);
    CHECK(print_rbac({.config = "/nonexistent/homeostat.yaml"}) == ExitStatus::usage);
}

}  // namespace homeostat::app
