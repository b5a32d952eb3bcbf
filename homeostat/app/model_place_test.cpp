#include "homeostat/app/model_place.hpp"

#include "homeostat/app/config_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <variant>

namespace homeostat::app {

namespace {

/// Of the server that is ours.
std::string directory_for(ProcessRole role, std::string_view agent_socket) {
    const ConfigReport report =
        parse_config(with(fmt::format("model: {{ llama_server: {{ file: m.gguf }} }}\n"
                                      "roles: {{ agent_socket: {} }}\n",
                                      agent_socket)),
                     file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    const auto settings = llm_settings_of(*report.config, role);
    REQUIRE(settings);
    return std::get<adapters::llm::ModelServerSettings>(settings->server).directory;
}

}  // namespace

TEST_CASE("the model's server of an agent of its own lies where that may write, and alone") {
    const std::string executor = directory_for(ProcessRole::both, "/run/judge/payments.sock");
    CHECK(executor == "/srv/shop/var/payments/run/model");
    const std::string one = directory_for(ProcessRole::agent, "/run/judge/payments.sock");
    CHECK(one.starts_with("/run/judge/"));
    CHECK(one != directory_for(ProcessRole::agent, "/run/judge/cart.sock"));
}

}  // namespace homeostat::app
