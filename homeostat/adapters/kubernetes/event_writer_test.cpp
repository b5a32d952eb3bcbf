#include "homeostat/adapters/kubernetes/event_writer.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

const std::string forbidden =
    R"({"kind":"Status","reason":"Forbidden","message":"events is forbidden"})";

/// A server that keeps what it is given, and stops the writer once it has said its last word.
struct Cluster {
    boost::asio::io_context context;
    WaitedClock clock;
    ScriptedApi api;
    Options place;
    std::string uid{"u-1"};
    std::vector<std::string> log;
    std::vector<json::value> written;
    std::deque<Result<ApiReply>> replies;
    EventWriter writer{api,
                       clock,
                       place,
                       {.uid = [this] { return uid; },
                        .log = [this](const std::string& line) { log.push_back(line); }}};

    Cluster() {
        place.service = ServiceId("payments");
        place.name_space = "shop";
        place.deployment = "pay";
        api.on_write = [this](const ApiWrite& write) { return take(write); };
    }
    Result<ApiReply> take(const ApiWrite& write) {
        CHECK(write.method == "POST");
        CHECK(write.path == "/apis/events.k8s.io/v1/namespaces/shop/events");
        written.push_back(object_of(write.body));
        REQUIRE_FALSE(replies.empty());
        Result<ApiReply> reply = std::move(replies.front());
        replies.pop_front();
        if (replies.empty()) {
            writer.stop();
        }
        return reply;
    }
    void tell(const std::string& note) {
        writer.tell({.reason = "IncidentOpened",
                     .action = "Observe",
                     .note = note,
                     .is_warning = true,
                     .at = WallTime(1'796'000'000'250ms)});
    }
    void run() { net::run_for_test(context, writer.run()); }
    [[nodiscard]] std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        for (const json::value& event : written) {
            notes.emplace_back(event.at("note").as_string());
        }
        return notes;
    }
};

ApiReply created() {
    return {.status = 201, .body = json::object()};
}

}  // namespace

TEST_CASE("an Event is about the Deployment that is guarded, and in the server's form") {
    Cluster cluster;
    cluster.replies.emplace_back(created());
    cluster.tell("i-1: errors");
    cluster.run();
    REQUIRE(cluster.written.size() == 1);
    const json::value& event = cluster.written.front();
    CHECK(event.at("metadata").at("generateName").as_string() == "pay-");
    CHECK(event.at("regarding").at("kind").as_string() == "Deployment");
    CHECK(event.at("regarding").at("name").as_string() == "pay");
    CHECK(event.at("regarding").at("uid").as_string() == "u-1");
    CHECK(event.at("type").as_string() == "Warning");
    CHECK(event.at("reportingInstance").as_string() == "homeostat-payments");
    CHECK(event.at("eventTime").as_string() == "2026-11-30T00:53:20.250000Z");
    CHECK(cluster.log.empty());
}

TEST_CASE("what the server puts off is sent again, and what may have arrived is not") {
    Cluster cluster;
    cluster.replies.emplace_back(ApiReply{.status = 429, .retry_after = 7s});
    cluster.replies.emplace_back(fail(Fault::unreachable, "no route"));
    cluster.replies.emplace_back(created());
    cluster.replies.emplace_back(fail(Fault::late, "no answer"));
    cluster.replies.emplace_back(created());
    cluster.tell("first");
    cluster.tell("second");
    cluster.tell("third");
    cluster.run();
    CHECK(cluster.notes() ==
          std::vector<std::string>{"first", "first", "first", "second", "third"});
    CHECK(cluster.clock.slept == std::vector<Duration>{7s, 2s});
}

TEST_CASE("a server that never takes one is asked three times, and the next Event has its turn") {
    Cluster cluster;
    for (int attempt = 1; attempt <= 3; ++attempt) {
        cluster.replies.emplace_back(ApiReply{.status = 503, .retry_after = 1h});
    }
    cluster.replies.emplace_back(created());
    cluster.tell("first");
    cluster.tell("second");
    cluster.run();
    CHECK(cluster.notes().back() == "second");
    CHECK(cluster.written.size() == 4);
    CHECK(cluster.clock.slept == std::vector<Duration>{30s, 30s, 30s});
}

TEST_CASE("a right that is missing is told of once, and again after one was written") {
    Cluster cluster;
    const ApiReply refusal{.status = 403, .body = object_of(forbidden)};
    for (int count = 1; count <= 3; ++count) {
        cluster.replies.emplace_back(refusal);
        cluster.tell("x");
    }
    cluster.replies.emplace_back(created());
    cluster.tell("x");
    cluster.replies.emplace_back(refusal);
    cluster.tell("x");
    cluster.run();
    REQUIRE(cluster.log.size() == 2);
    CHECK(cluster.log.front().contains("events is forbidden"));
}

TEST_CASE("while nothing can be written the oldest go first, and memory has a bound") {
    Cluster cluster;
    for (int number = 0; number < 100; ++number) {
        cluster.tell(std::to_string(number));
    }
    CHECK(cluster.writer.waiting_count() == 64);
    for (int number = 0; number < 64; ++number) {
        cluster.replies.emplace_back(created());
    }
    cluster.run();
    CHECK(cluster.notes().front() == "36");
    CHECK(cluster.notes().back() == "99");
}

TEST_CASE("a long note is cut, since the server would refuse it") {
    Cluster cluster;
    cluster.replies.emplace_back(created());
    cluster.tell(std::string(5000, 'x'));
    cluster.run();
    CHECK(cluster.notes().front().size() == 1024);
}
