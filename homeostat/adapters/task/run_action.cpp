#include "homeostat/adapters/task/run_action.hpp"

#include "homeostat/adapters/task/http_peer.hpp"
#include "homeostat/adapters/task/session.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

namespace homeostat::adapters::task {

namespace asio = boost::asio;

namespace {

/// What every program may know: where programs are, whose they are, how people write.
constexpr std::array always_passed_on{"PATH", "HOME", "LANG"};
constexpr Duration die_within = std::chrono::seconds{1};

struct Environment {
    std::vector<std::string> assignments;
    std::vector<std::string> secrets;
};

Result<Environment> environment_of(const Command& command, const std::string& effect) {
    Environment environment;
    for (const char* const name : always_passed_on) {
        if (const char* const value = std::getenv(name)) {
            environment.assignments.push_back(fmt::format("{}={}", name, value));
        }
    }
    for (const std::string& name : command.passed_on) {
        const char* const value = std::getenv(name.c_str());
        if (value == nullptr) {
            return fail(Fault::absent,
                        fmt::format("the variable {} is not set in the agent's environment", name));
        }
        environment.assignments.push_back(fmt::format("{}={}", name, value));
        environment.secrets.emplace_back(value);
    }
    if (!effect.empty()) {
        environment.assignments.push_back("HOMEOSTAT_EFFECT=" + effect);
    }
    return environment;
}

Ran not_begun(std::string because) {
    return {.kind = RanKind::not_begun,
            .status = 0,
            .because = std::move(because),
            .output = {},
            .took = {}};
}

/// Ended by us or by somebody else: what it has done by then is not known.
Ran ran_of(std::optional<int> exit_status, bool is_late, Duration timeout) {
    Ran ran;
    if (is_late) {
        ran.because =
            fmt::format("was not done within {:.1f} s and was ended", to_seconds(timeout));
        return ran;
    }
    if (!exit_status) {
        ran.because = "has ended, and its exit status went to somebody else";
        return ran;
    }
    ran.kind = WIFEXITED(*exit_status) ? RanKind::answered : RanKind::lost;
    ran.status = WIFEXITED(*exit_status) ? WEXITSTATUS(*exit_status) : 0;
    ran.because = os::describe_exit(*exit_status);
    return ran;
}

Task<Ran> run_command(Command command, Purpose purpose, Instant ends_at) {
    const Instant began_at = os::read_boot_clock();
    Result<Environment> environment = environment_of(command, purpose.effect);
    if (!environment) {
        co_return not_begun(environment.error().text);
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Result<Session> session =
        Session::start(executor, command, std::move(environment->assignments), purpose.held_fd);
    if (!session) {
        co_return not_begun(session.error().text);
    }
    bool has_ended = co_await session->wait(ends_at);
    const bool is_late = !has_ended;
    if (!has_ended && !purpose.effect.empty()) {
        session->signal(SIGTERM);
        has_ended = co_await session->wait(os::read_boot_clock() + term_grace);
    }
    if (!has_ended) {
        session->signal(SIGKILL);
        has_ended = co_await session->wait(os::read_boot_clock() + die_within);
    }
    Ran ran = ran_of(has_ended ? session->reap() : std::nullopt, is_late, ends_at - began_at);
    ran.output = session->output(environment->secrets);
    ran.took = os::read_boot_clock() - began_at;
    co_return ran;
}

bool is_sent(Fault fault) {
    return fault == Fault::late || fault == Fault::broken;
}

Task<Ran> call_http(HttpCall call, std::string effect, Instant ends_at) {
    const Instant began_at = os::read_boot_clock();
    Result<HttpPeer> peer = peer_of(call);
    if (!peer) {
        co_return not_begun(peer.error().text);
    }
    net::HttpRequest request = request_of(call, *peer, effect);
    asio::any_io_executor executor = co_await asio::this_coro::executor;
    net::HttpClient client = client_of(std::move(executor), *peer);
    const Result<net::HttpResponse> reply = co_await client.request(std::move(request), ends_at);
    Ran ran;
    ran.took = os::read_boot_clock() - began_at;
    if (!reply) {
        ran.kind = is_sent(reply.error().fault) ? RanKind::lost : RanKind::not_begun;
        ran.because = without(reply.error().text, peer->secrets);
        co_return ran;
    }
    Tail tail;
    tail.add(reply->body);
    ran.kind = RanKind::answered;
    ran.status = reply->status;
    ran.because = fmt::format("was answered {}", reply->status);
    ran.output = tail.text(peer->secrets);
    co_return ran;
}

Task<Ran> run_job(JobCall call, Purpose purpose, Duration timeout, Instant ends_at) {
    if (!purpose.jobs.run) {
        co_return not_begun("there is no cluster to make a Job in");
    }
    const Instant began_at = os::read_boot_clock();
    JobOrder order{
        .call = std::move(call), .effect = std::move(purpose.effect), .timeout = timeout};
    Task<Ran> running = purpose.jobs.run(std::move(order), ends_at + job_grace);
    Ran ran = co_await std::move(running);
    ran.took = os::read_boot_clock() - began_at;
    co_return ran;
}

}  // namespace

Task<Ran> run_action(Action action, Purpose purpose, Instant deadline) {
    const Instant ends_at = std::min(os::read_boot_clock() + action.timeout, deadline);
    if (auto* command = std::get_if<Command>(&action.call)) {
        Ran ran = co_await run_command(std::move(*command), std::move(purpose), ends_at);
        co_return ran;
    }
    if (auto* job = std::get_if<JobCall>(&action.call)) {
        Ran ran = co_await run_job(std::move(*job), std::move(purpose), action.timeout, ends_at);
        co_return ran;
    }
    HttpCall call = std::get<HttpCall>(std::move(action.call));
    Ran ran = co_await call_http(std::move(call), std::move(purpose.effect), ends_at);
    co_return ran;
}

}  // namespace homeostat::adapters::task
