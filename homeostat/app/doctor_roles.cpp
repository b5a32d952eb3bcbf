#include "homeostat/app/doctor_roles.hpp"

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/app/letter_door.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

constexpr Duration answer_within = std::chrono::seconds{2};
constexpr std::size_t key_bytes_max = 256;

Result<net::HttpResponse> ask(net::Endpoint endpoint, std::string path) {
    boost::asio::io_context context{1};
    net::HttpRequest request;
    request.path = std::move(path);
    auto answer = boost::asio::co_spawn(
        context,
        net::request_once(context.get_executor(), std::move(endpoint), std::move(request),
                          os::read_boot_clock() + answer_within),
        boost::asio::use_future);
    context.run();
    return answer.get();
}

/// By the half that everybody may read: the other one is the agent's alone.
Check check_agent_key(const RolesConfig& roles) {
    const std::string file = roles.key_file.string() + ".pub";
    Result<std::string> text = os::read_file(file, key_bytes_max);
    if (!text) {
        return note("agent's key", "not readable here: " + text.error().text,
                    "`homeostat agent --role agent --show-key`, as the agent's user, prints it and "
                    "makes one if there is none");
    }
    text->erase(text->find_last_not_of('\n') + 1);
    const bool is_listed =
        std::ranges::find(roles.agents, *text, &RoleAgent::key) != roles.agents.end();
    return is_listed
               ? well("agent's key", "the executor hears it")
               : ill("agent's key", "it is not in roles.agents, so that nothing it says is heard",
                     fmt::format("add {} to roles.agents, and start the executor again", *text));
}

Check check_executor(const Config& config) {
    const Result<net::Endpoint> endpoint = executor_endpoint_of(config);
    if (!endpoint) {
        return note("executor", "where agents find it is not said here: " + endpoint.error().text);
    }
    // It says no more to whoever has not signed; that it says so is enough.
    const auto answer = ask(*endpoint, std::string(adapters::roles::letters_path));
    return answer ? well("executor", "it listens at " + net::to_text(*endpoint))
                  : note("executor", "none listens: " + answer.error().text,
                         "`homeostat agent --role executor`");
}

Check check_agent(const RolesConfig& roles) {
    const Result<net::Endpoint> endpoint = net::unix_endpoint(roles.agent_socket.string());
    const auto answer = endpoint ? ask(*endpoint, "/v1/status")
                                 : Result<net::HttpResponse>(std::unexpected(endpoint.error()));
    if (!answer) {
        return note("agent", "none answers here: " + answer.error().text,
                    "`homeostat agent --role agent`, as a user that may not act");
    }
    const Result<json::value> status = parse_json(answer->body);
    const json::value* executor =
        status && status->is_object() ? status->get_object().if_contains("executor") : nullptr;
    const json::value* answers = executor != nullptr && executor->is_object()
                                     ? executor->get_object().if_contains("is_answering")
                                     : nullptr;
    if (answers != nullptr && answers->is_bool() && answers->get_bool()) {
        return well("agent", "it watches, and the executor answers it");
    }
    const json::value* trouble = executor != nullptr && executor->is_object()
                                     ? executor->get_object().if_contains("trouble")
                                     : nullptr;
    return ill(
        "agent",
        "it watches, and the executor does not answer it: " +
            (trouble != nullptr && trouble->is_string() ? std::string(trouble->get_string())
                                                        : std::string("it does not say why")),
        "see `executor` and `agent's key` here, and docs/roles.md");
}

}  // namespace

std::vector<Check> check_two_roles(const Config& config) {
    if (!config.roles) {
        return {};
    }
    return {check_agent_key(*config.roles), check_executor(config), check_agent(*config.roles)};
}

}  // namespace homeostat::app
