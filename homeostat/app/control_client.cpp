#include "homeostat/app/control_client.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::chrono::seconds answer_within{5};

/// What is wrong, and the mend.
std::string trouble_of(const std::filesystem::path& socket, Fault fault) {
    const bool is_foreign = ::access(socket.c_str(), W_OK) != 0 && errno == EACCES;
    if (is_foreign) {
        return "only the agent's user may use " + socket.string() +
               " (run this command as that user)";
    }
    if (fault == Fault::late) {
        return "the agent has not answered on " + socket.string() + " for " +
               std::to_string(answer_within.count()) +
               " s (it is busy, or stopped: look at its process)";
    }
    return fault == Fault::unreachable ? "no agent answers on " + socket.string() +
                                             " (start it with `homeostat agent --config FILE`)"
                                       : "the agent on " + socket.string();
}

Result<json::value> read_answer(const net::HttpResponse& response) {
    Result<json::value> document = parse_json(response.body);
    if (!document) {
        return fail("the agent's answer", document.error());
    }
    if (response.status >= 300) {
        const json::value* error =
            document->is_object() ? document->get_object().if_contains("error") : nullptr;
        const std::string text = error != nullptr && error->is_string()
                                     ? std::string(error->get_string())
                                     : "status " + std::to_string(response.status);
        const Fault fault = response.status == 504 ? Fault::late : Fault::refused;
        return fail(fault, (fault == Fault::late ? "the agent: " : "the agent refused: ") + text);
    }
    return document;
}

}  // namespace

Result<json::value> ask_agent(const std::filesystem::path& socket,
                              const std::string& method,
                              const std::string& path,
                              const std::string& body) {
    const Result<net::Endpoint> endpoint = net::unix_endpoint(socket.string());
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    boost::asio::io_context context{1};
    net::HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.content_type = body.empty() ? "" : "application/json";
    auto answer = boost::asio::co_spawn(
        context,
        net::request_once(context.get_executor(), *endpoint, std::move(request),
                          os::read_boot_clock() + answer_within),
        boost::asio::use_future);
    context.run();
    const Result<net::HttpResponse> response = answer.get();
    if (!response) {
        return fail(trouble_of(socket, response.error().fault), response.error());
    }
    return read_answer(*response);
}

}  // namespace homeostat::app
