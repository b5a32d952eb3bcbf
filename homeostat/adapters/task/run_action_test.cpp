// Real programs and scripted peers: what an action gets, how it ends, and what is left of it.

#include "homeostat/adapters/task/run_action.hpp"

#include "homeostat/adapters/task/task_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/net/scripted_tls_peer_for_test.hpp"
#include "homeostat/os/clock.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>

namespace homeostat::adapters::task {

namespace {

using namespace std::chrono_literals;

Action shell(const std::string& script, const DirectoryForTest& directory) {
    return shell_for_test(script, directory.path());
}

/// Whether the process still runs; one that waits to be reaped does not.
bool is_running(int pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t end = line.rfind(')');
    return end != std::string::npos && line.substr(end + 2, 1) != "Z";
}

/// It may take the kernel a moment.
bool ends(int pid) {
    const Instant until = os::read_boot_clock() + 10s;
    while (is_running(pid) && os::read_boot_clock() < until) {
    }
    return !is_running(pid);
}

struct Answered {
    Ran ran;
    std::vector<std::string> requests;
};

Answered call(std::deque<net::ScriptLine> script, HttpCall call) {
    boost::asio::io_context context;
    net::ScriptedPeer peer(context, std::move(script));
    call.url = "http://" + net::to_text(peer.endpoint()) + "/x?y";
    const Action action{.call = call, .timeout = 500ms};
    Ran ran = net::run_for_test(context,
                                run_action(action, Purpose{.effect = "s/i-1.e1"}, Instant::max()));
    return {std::move(ran), peer.requests()};
}

HttpCall post() {
    HttpCall call;
    call.method = "POST";
    call.body = "{}";
    call.content_type = "application/json";
    return call;
}

std::deque<net::ScriptLine> once(std::string say) {
    return {{std::move(say), net::ScriptLine::Then::closes}};
}

}  // namespace

TEST_CASE("a command gets what it was given and nothing else of ours") {
    const DirectoryForTest directory;
    ::setenv("HOMEOSTAT_TEST_SECRET", "s3cret-word", 1);
    ::setenv("HOMEOSTAT_TEST_KEY", "key-word", 1);
    Action action = shell("env | cut -d= -f1 | sort | tr '\\n' ' '; cat; pwd", directory);
    std::get<Command>(action.call).passed_on = {"HOMEOSTAT_TEST_KEY"};
    const Ran ran = ran_for_test(action);
    CHECK(ran.kind == RanKind::answered);
    CHECK(ran.status == 0);
    CHECK(ran.output.contains("HOMEOSTAT_EFFECT"));
    CHECK(ran.output.contains("HOMEOSTAT_TEST_KEY"));
    CHECK_FALSE(ran.output.contains("HOMEOSTAT_TEST_SECRET"));
    CHECK(ran.output.contains(directory.path().string()));  // And cat came to the end of nothing.
}

TEST_CASE("what a command says is kept from both of its outputs, without what it was handed") {
    const DirectoryForTest directory;
    ::setenv("HOMEOSTAT_TEST_KEY", "key-word", 1);
    Action action =
        shell("echo $HOMEOSTAT_EFFECT; echo to $HOMEOSTAT_TEST_KEY >&2; exit 3", directory);
    std::get<Command>(action.call).passed_on = {"HOMEOSTAT_TEST_KEY"};
    const Ran ran = ran_for_test(action);
    CHECK(ran.status == 3);
    CHECK(ran.because == "exited with status 3");
    CHECK(ran.output == "s/i-1.e1\nto ***\n");
}

TEST_CASE("a command that cannot be started has changed nothing") {
    const DirectoryForTest directory;
    Action missing = shell("", directory);
    std::get<Command>(missing.call).argv = {"./no-such-program"};
    CHECK(ran_for_test(missing).kind == RanKind::not_begun);
    CHECK(ran_for_test(missing).because.contains("no-such-program"));
    Action unset = shell("touch ran", directory);
    std::get<Command>(unset.call).passed_on = {"HOMEOSTAT_TEST_NOT_SET"};
    CHECK(ran_for_test(unset).kind == RanKind::not_begun);
    CHECK(ran_for_test(unset).because.contains("HOMEOSTAT_TEST_NOT_SET"));
    CHECK_FALSE(directory.has("ran"));
}

TEST_CASE("words of a command reach it as they are: there is no shell between") {
    const DirectoryForTest directory;
    Action action = shell("", directory);
    std::get<Command>(action.call).argv = {"/bin/echo", "$(touch ran)", "a  b", "*", "; touch ran"};
    CHECK(ran_for_test(action).output == "$(touch ran) a  b * ; touch ran\n");
    CHECK_FALSE(directory.has("ran"));
    // Nor is a text without an interpreter's name given to one.
    std::ofstream(directory.path() / "text") << "touch ran\n";
    std::filesystem::permissions(directory.path() / "text", std::filesystem::perms::owner_all);
    std::get<Command>(action.call).argv = {"./text"};
    CHECK(ran_for_test(action).kind == RanKind::not_begun);
    CHECK_FALSE(directory.has("ran"));
}

TEST_CASE("a command that does not end is told to, then killed with all that it has started") {
    const DirectoryForTest directory;
    Action action = shell(
        "trap 'touch told' TERM; sleep 1000 & echo $! > child; "
        "while :; do sleep 0.05; done",
        directory);
    action.timeout = 200ms;
    const Ran ran = ran_for_test(action);
    CHECK(ran.kind == RanKind::lost);
    CHECK(ran.because.contains("was not done within 0.2 s"));
    CHECK(directory.has("told"));
    CHECK(ran.took < action.timeout + end_within);
    const int child = std::stoi(directory.text_of("child"));
    CHECK(ends(child));
}

TEST_CASE("what a command leaves behind ends with it, and does not hold its answer up") {
    const DirectoryForTest directory;
    const Ran ran = ran_for_test(shell("sleep 1000 & echo $!; exit 0", directory));
    CHECK(ran.kind == RanKind::answered);
    CHECK(ran.status == 0);
    const int child = std::stoi(ran.output);
    CHECK(ends(child));
}

TEST_CASE("who dies of a signal has not said what it did") {
    const DirectoryForTest directory;
    const Ran ran = ran_for_test(shell("kill -KILL $$", directory));
    CHECK(ran.kind == RanKind::lost);
    CHECK(ran.because == "was killed by signal 9");
}

TEST_CASE("no exit status is no success") {
    const DirectoryForTest directory;
    ::signal(SIGCHLD, SIG_IGN);  // The kernel throws the statuses of our children away.
    const Ran ran = ran_for_test(shell("sleep 0.2; exit 0", directory));
    ::signal(SIGCHLD, SIG_DFL);
    CHECK(ran.kind == RanKind::lost);
    CHECK(ran.because.contains("exit status"));
}

TEST_CASE("an interrupted action takes its command with it") {
    const DirectoryForTest directory;
    {
        boost::asio::io_context context;
        boost::asio::co_spawn(context,
                              run_action(shell("echo $$ > pid; sleep 1000", directory),
                                         Purpose{.effect = "s/i-1.e1"}, Instant::max()),
                              [](const std::exception_ptr&, const Ran&) {});
        net::run_until_for_test(context, [&] { return directory.text_of("pid").ends_with('\n'); });
    }
    const int pid = std::stoi(directory.text_of("pid"));
    CHECK(ends(pid));
}

TEST_CASE("a call carries its effect, its body and its headers, and is answered by its status") {
    const DirectoryForTest directory;
    std::ofstream(directory.path() / "headers") << "Authorization: Bearer t0ken-word\n";
    std::filesystem::permissions(
        directory.path() / "headers",
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    HttpCall with_token = post();
    with_token.headers_file = (directory.path() / "headers").string();
    const Answered done = call(once("HTTP/1.1 201 Created\r\nContent-Length: 16\r\n"
                                    "Connection: close\r\n\r\nhi t0ken-word hi"),
                               with_token);
    REQUIRE(done.requests.size() == 1);
    CHECK(done.requests[0].starts_with("POST /x?y HTTP/1.1\r\n"));
    CHECK(done.requests[0].contains("Idempotency-Key: s/i-1.e1\r\n"));
    CHECK(done.requests[0].contains("Homeostat-Effect: s/i-1.e1\r\n"));
    CHECK(done.requests[0].contains("Authorization: Bearer t0ken-word\r\n"));
    CHECK(done.ran.kind == RanKind::answered);
    CHECK(done.ran.status == 201);
    CHECK(done.ran.output == "hi *** hi");
}

TEST_CASE("a redirect is not followed, and a line that is cut says nothing") {
    const Answered moved = call(once("HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\n"
                                     "Content-Length: 0\r\nConnection: close\r\n\r\n"),
                                post());
    CHECK(moved.requests.size() == 1);
    CHECK(moved.ran.status == 307);
    CHECK(call(once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"), post()).ran.kind ==
          RanKind::lost);
    CHECK(call({{"", net::ScriptLine::Then::hangs}}, post()).ran.kind == RanKind::lost);
}

TEST_CASE("a call over TLS goes to whom the named authorities vouch for, and to nobody else") {
    const DirectoryForTest directory;
    const net::AuthorityForTest trusted;
    const net::AuthorityForTest other;
    std::ofstream(directory.path() / "ca.pem") << trusted.certificate();
    for (const bool is_trusted : {true, false}) {
        boost::asio::io_context context;
        net::ScriptedTlsPeer peer(context, {.identity = (is_trusted ? trusted : other).issue({})},
                                  once("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
        HttpCall call = post();
        call.url = "https://127.0.0.1:" + std::to_string(peer.port()) + "/x";
        call.authorities = (directory.path() / "ca.pem").string();
        const Ran ran =
            net::run_for_test(context, run_action({.call = call, .timeout = 5s},
                                                  Purpose{.effect = "s/i-1.e1"}, Instant::max()));
        CAPTURE(is_trusted);
        CHECK(ran.kind == (is_trusted ? RanKind::answered : RanKind::not_begun));
        CHECK(peer.requests().size() == (is_trusted ? 1 : 0));
    }
}

TEST_CASE("a peer that is not there was asked nothing") {
    std::string url;
    {
        boost::asio::io_context context;
        const net::ScriptedPeer gone(context, {});
        url = "http://" + net::to_text(gone.endpoint()) + "/";
    }
    HttpCall call = post();
    call.url = url;
    CHECK(ran_for_test({.call = call, .timeout = 2s}).kind == RanKind::not_begun);
    call.headers_file = "/no/such/file";
    CHECK(ran_for_test({.call = call, .timeout = 2s}).kind == RanKind::not_begun);
}

}  // namespace homeostat::adapters::task
