#include "homeostat/adapters/haproxy/edge_view.hpp"

#include "homeostat/adapters/haproxy/reply_for_test.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::adapters::haproxy;

namespace {

BackendView view_of(std::string_view text) {
    Result<BackendView> view = take_backend(text, "pay");
    REQUIRE(view);
    CHECK(text.empty());
    return *std::move(view);
}

}  // namespace

TEST_CASE("at the backend an error is a 5xx or a reply cut in its body, and nothing else") {
    const EdgeCounters counters = view_of(payments_reply).counters;
    CHECK(counters.requests_total == 165);
    CHECK(counters.errors_total == 27 + 8);
    CHECK(counters.retries_total == 5 + 6);
    CHECK(counters.sessions_now == 12);
    CHECK(counters.latency_ms == doctest::Approx(2 + 3 + 25));
}

TEST_CASE("whoever waits anywhere in a backend waits for the backend") {
    CHECK(view_of(payments_reply).counters.queue_length == 10 + 1);
}

TEST_CASE("at a server requests without an answer count as requests and as errors") {
    const BackendView view = view_of(payments_reply);
    const ServerView* server = find_server(view, "p0");
    REQUIRE(server != nullptr);
    CHECK(server->counters.requests_total == 100 + 3 + 4);
    CHECK(server->counters.errors_total == 7 + 3 + 4 + 8);
    CHECK(find_server(view, "p9") == nullptr);
}

TEST_CASE("a backend of sessions counts sessions that have ended") {
    const std::string text = stat_header + "pay,p0,0,4,,10,1,2,0,0,UP,2,,,,2,0,0,0,tcp,\n" +
                             "pay,BACKEND,0,4,,10,1,2,0,0,UP,1,,,,2,0,0,0,tcp,\n\n" + state_header +
                             "4 pay 1 p0 127.0.0.1 2 0 1 9\n\n";
    const BackendView view = view_of(text);
    CHECK(view.counters.requests_total == 6);
    CHECK(view.counters.errors_total == 3);
}

TEST_CASE("a server is in rotation only if it is up, has weight and nobody ordered otherwise") {
    struct Case {
        std::string operational;
        std::string administrative;
        std::string weight;
        Rotation rotation;
    };
    using enum Rotation;
    const std::array cases{
        Case{"2", "0", "1", in},       Case{"1", "0", "1", in},
        Case{"0", "0", "1", down},     Case{"3", "0", "1", down},
        Case{"2", "0", "0", down},     Case{"2", "8", "1", draining},
        Case{"0", "8", "1", draining}, Case{"2", "16", "1", draining},
        Case{"0", "1", "1", down},     Case{"0", "9", "1", down},
        Case{"0", "2", "1", down},     Case{"0", "4", "1", down},
        Case{"0", "32", "1", down},    Case{"0", "64", "1", down},
        Case{"9", "0", "1", down},
    };
    for (const Case& given : cases) {
        CAPTURE(given.operational);
        CAPTURE(given.administrative);
        const BackendView view =
            view_of(reply_with(given.operational, given.administrative, given.weight));
        CHECK(find_server(view, "p0")->rotation == given.rotation);
    }
}

TEST_CASE("a server without a state is unknown, not down") {
    const BackendView view =
        view_of(payments_stat + state_header + "4 pay 2 p1 127.0.0.1 2 8 1 7\n\n");
    CHECK(find_server(view, "p0")->rotation == Rotation::unknown);
}
