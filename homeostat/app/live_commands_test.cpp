#include "homeostat/app/agent_arguments.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/net/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

namespace homeostat::app {

namespace {

namespace fs = std::filesystem;

/// A configuration in a directory of its own; its agent has never run.
struct Place {
    Place() {
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        std::ofstream{options.config = path + "/a.yaml"}
            << "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
               "signals: [ { logs: { from: stdout } } ]\n"
               "control: { socket: var/agent.sock, switch: var/suspended }\n";
    }
    ~Place() { fs::remove_all(path); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] fs::path socket() const { return fs::path(path) / "var/agent.sock"; }

    std::string path{fs::temp_directory_path() / "homeostat-XXXXXX"};
    CommonOptions options;
};

/// An agent that has one answer to everything.
class Agent {
  public:
    Agent(const fs::path& socket, net::HttpResponse answer) : answer_(std::move(answer)) {
        fs::create_directories(socket.parent_path());
        REQUIRE(server_.listen(net::UnixEndpoint{socket.string()}));
        thread_ = std::jthread([this] { context_.run(); });
    }
    ~Agent() { context_.stop(); }
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

  private:
    Task<net::HttpResponse> answer() { co_return answer_; }

    net::HttpResponse answer_;
    boost::asio::io_context context_;
    net::HttpServer server_{context_.get_executor(),
                            [this](const net::HttpRequest&) { return answer(); }};
    std::jthread thread_;
};

net::HttpResponse answer_of(int status, std::string body) {
    return {.status = status, .body = std::move(body), .content_type = "application/json"};
}

}  // namespace

TEST_CASE("nobody answers is another status than an agent that refuses, or that says rubbish") {
    const Place place;
    CHECK(show_status(place.options) == ExitStatus::unreachable);
    {
        const Agent agent(place.socket(), answer_of(500, R"({"error":"no"})"));
        CHECK(show_status(place.options) == ExitStatus::unexpected);
    }
    {
        const Agent agent(place.socket(), answer_of(200, "rubbish"));
        CHECK(show_status(place.options) == ExitStatus::unexpected);
    }
    const Agent agent(place.socket(), answer_of(200, "{}"));
    CHECK(show_status(place.options) == ExitStatus::ok);
}

TEST_CASE("of several services one that answers says that the process of them lives") {
    const Place silent;
    const Place speaking;
    const auto asked = [](auto... configs) {
        return show_status_of({.configs = {configs...}, .is_json = true});
    };
    const fs::path& one = silent.options.config;
    const fs::path& other = speaking.options.config;
    CHECK(asked(one, other) == ExitStatus::unreachable);
    const Agent agent(speaking.socket(), answer_of(200, "{}"));
    CHECK(asked(one, other) == ExitStatus::ok);
    CHECK(asked(other, one) == ExitStatus::ok);
    CHECK(asked(one) == ExitStatus::unreachable);
}

TEST_CASE("a service is suspended and resumed before its agent has ever run") {
    const Place place;
    const fs::path file = fs::path(place.path) / "var/suspended";
    CHECK(resume({place.options, ""}) == ExitStatus::ok);
    CHECK(suspend({place.options, "not yet"}) == ExitStatus::ok);
    CHECK(fs::exists(file));
    CHECK(resume({place.options, ""}) == ExitStatus::ok);
    CHECK_FALSE(fs::exists(file));
}

TEST_CASE("whoever may not use the socket is told so, and not to start an agent") {
    const Place place;
    fs::create_directory(place.socket().parent_path());
    fs::permissions(place.socket().parent_path(), fs::perms::none);
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        const bool is_nobody = ::geteuid() != 0 || ::setuid(nobody) == 0;
        const Result<json::value> answer = ask_agent(place.socket(), "GET", "/v1/status", "");
        const bool is_told = is_nobody && !answer &&
                             answer.error().text.contains("only the agent's user may") &&
                             !answer.error().text.contains("start it");
        ::_exit(is_told ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    fs::permissions(place.socket().parent_path(), fs::perms::owner_all);
}

}  // namespace homeostat::app
