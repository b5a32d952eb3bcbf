#include "homeostat/app/changes_door.hpp"

#include "homeostat/app/change_event.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

const std::string good = "0123456789abcdef0123456789abcdef";
const std::string other = "fedcba9876543210fedcba9876543210";
const std::string change = R"({"kind":"deploy","service":"payments","to":"v7"})";

class SetClock final : public ports::Clock {
  public:
    Instant at{1h};
    [[nodiscard]] Instant now() const override { return at; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    Task<void> sleep_until(Instant /*until*/) override { co_return; }
};

std::string free_address() {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::tcp::v4(), 0}, false);
    return "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

/// A door before something that would take all it is told, and remembers.
struct DoorWorld {
    std::string folder{std::filesystem::temp_directory_path() / "homeostat-door-XXXXXX"};
    boost::asio::io_context context;
    SetClock clock;
    std::vector<net::HttpRequest> taken;
    std::vector<std::string> log;
    ChangesDoorConfig config{.listen = free_address(), .hosts = {"homeostat.shop.svc:9465"}};
    std::unique_ptr<ChangesDoor> door;

    explicit DoorWorld(std::uint32_t per_minute = 60) {
        REQUIRE(::mkdtemp(folder.data()) != nullptr);
        config.per_minute = per_minute;
        config.token_file = folder + "/token";
        write_token(good + "\n");
    }
    DoorWorld(const DoorWorld&) = delete;
    DoorWorld& operator=(const DoorWorld&) = delete;
    ~DoorWorld() {
        try {
            if (door) {
                net::run_for_test(context, door->stop(net::now_for_test() + 1s));
            }
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
        std::filesystem::remove_all(folder);
    }
    void write_token(const std::string& text, unsigned mode = 0600) const {
        std::ofstream(config.token_file) << text;
        REQUIRE(::chmod(config.token_file.c_str(), mode) == 0);
    }
    Result<void> open() {
        door = std::make_unique<ChangesDoor>(
            context.get_executor(), clock, config,
            [this](net::HttpRequest request) { return take(std::move(request)); },
            [this](const std::string& line) { log.push_back(line); });
        return door->listen();
    }
    Task<net::HttpResponse> take(net::HttpRequest request) {
        taken.push_back(std::move(request));
        co_return net::HttpResponse{.status = 201, .body = "{}", .content_type = "text/plain"};
    }
    net::HttpResponse send(net::HttpRequest request) {
        const Result<net::HttpResponse> reply = net::run_for_test(
            context,
            net::request_once(context.get_executor(), net::TcpEndpoint{"127.0.0.1", door->port()},
                              std::move(request), net::now_for_test() + 5s,
                              {.headers_kept = {"Retry-After", "WWW-Authenticate", "Allow"}}));
        REQUIRE_MESSAGE(reply, reply.error().text);
        return *reply;
    }
    [[nodiscard]] net::HttpRequest request(const std::string& token = good) const {
        net::HttpRequest request;
        request.method = "POST";
        request.path = "/v1/changes";
        request.body = change;
        request.content_type = "application/json";
        request.headers = {{"Host", config.listen}};
        if (!token.empty()) {
            request.headers.emplace_back("Authorization", "Bearer " + token);
        }
        return request;
    }
    int status_of(net::HttpRequest request) { return send(std::move(request)).status; }
    /// With another header beside those of a good request.
    int status_with(const std::string& name, const std::string& value) {
        net::HttpRequest asked = request();
        asked.headers.emplace_back(name, value);
        return status_of(std::move(asked));
    }
};

}  // namespace

TEST_CASE("whoever has the token tells of a change, and the token goes no further") {
    DoorWorld world;
    REQUIRE(world.open());
    net::HttpRequest asked = world.request();
    asked.headers.emplace_back("ce-specversion", "1.0");
    CHECK(world.status_of(std::move(asked)) == 201);
    REQUIRE(world.taken.size() == 1);
    CHECK(world.taken.front().body == change);
    CHECK(is_change_event(world.taken.front()));
    for (const auto& [name, value] : world.taken.front().headers) {
        CHECK_FALSE(value.contains(good));
    }
    net::HttpRequest named = world.request();
    named.headers.front().second = "HOMEOSTAT.shop.svc:9465";
    CHECK(world.status_of(std::move(named)) == 201);
}

TEST_CASE("without the token nothing is taken, whatever stands in its place") {
    DoorWorld world;
    REQUIRE(world.open());
    const std::vector<std::string> said{"",
                                        "Bearer",
                                        "Bearer ",
                                        "Bearer " + other,
                                        good,
                                        "Basic " + good,
                                        "bearer " + good,
                                        "Bearer " + good + "x",
                                        "Bearer  " + good,
                                        "Bearer " + good.substr(1),
                                        "Bearer " + good + " " + good};
    for (const std::string& text : said) {
        net::HttpRequest asked = world.request("");
        if (!text.empty()) {
            asked.headers.emplace_back("Authorization", text);
        }
        const net::HttpResponse reply = world.send(std::move(asked));
        CHECK_MESSAGE(reply.status == 401, text);
        CHECK(net::header_of(reply.headers, "WWW-Authenticate") == "Bearer");
        CHECK_FALSE(reply.body.contains(good));
    }
    CHECK(world.taken.empty());
}

TEST_CASE("there is one path, one method, and a bound on what is sent") {
    DoorWorld world;
    REQUIRE(world.open());
    for (const char* path : {"/", "/v1/status", "/v1/suspend", "/v1/changes/", "/v1/changes?x=1",
                             "//v1/changes", "/metrics"}) {
        net::HttpRequest asked = world.request();
        asked.path = path;
        CHECK_MESSAGE(world.status_of(std::move(asked)) == 404, path);
    }
    for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
        net::HttpRequest asked = world.request();
        asked.method = method;
        const net::HttpResponse reply = world.send(std::move(asked));
        CHECK_MESSAGE(reply.status == 405, method);
        CHECK(net::header_of(reply.headers, "Allow") == "POST");
    }
    net::HttpRequest large = world.request();
    large.body = std::string(change_event_bytes_max + 1, ' ');
    CHECK(world.status_of(std::move(large)) == 413);
    net::HttpRequest empty = world.request();
    empty.body.clear();
    CHECK(world.status_of(std::move(empty)) == 400);
    CHECK(world.taken.empty());
}

TEST_CASE("a page of a browser tells of nothing, and another's name is not ours") {
    DoorWorld world;
    REQUIRE(world.open());
    CHECK(world.status_with("Origin", "null") == 403);
    CHECK(world.status_with("Origin", "http://" + world.config.listen) == 403);
    CHECK(world.status_with("Sec-Fetch-Site", "same-origin") == 403);
    CHECK(world.status_with("Referer", "http://evil.example/") == 403);
    for (const char* host :
         {"evil.example", "evil.example:9465", "homeostat.shop.svc", "127.0.0.1"}) {
        net::HttpRequest asked = world.request();
        asked.headers.front().second = host;
        CHECK_MESSAGE(world.status_of(std::move(asked)) == 421, host);
    }
    CHECK(world.taken.empty());
}

TEST_CASE("more changes than are allowed in a minute are put off, and come in later") {
    DoorWorld world(3);
    REQUIRE(world.open());
    for (int count = 0; count < 3; ++count) {
        CHECK(world.status_of(world.request()) == 201);
    }
    const net::HttpResponse late = world.send(world.request());
    CHECK(late.status == 429);
    CHECK(net::header_of(late.headers, "Retry-After") == "20");
    world.clock.at += 20s;
    CHECK(world.status_of(world.request()) == 201);
    CHECK(world.status_of(world.request()) == 429);
    world.clock.at += 1h;
    for (int count = 0; count < 3; ++count) {
        CHECK(world.status_of(world.request()) == 201);
    }
    CHECK(world.status_of(world.request()) == 429);
    CHECK(world.taken.size() == 7);
}

TEST_CASE("who tries many tokens is slowed down, and whoever has it is not") {
    DoorWorld world;
    REQUIRE(world.open());
    int put_off = 0;
    for (int count = 0; count < 40; ++count) {
        put_off += world.status_of(world.request(other)) == 429 ? 1 : 0;
    }
    CHECK(put_off == 10);
    CHECK(world.status_of(world.request()) == 201);
}

TEST_CASE("a new token is good within a second, and the old one no more") {
    DoorWorld world;
    REQUIRE(world.open());
    CHECK(world.status_of(world.request()) == 201);
    world.write_token(other);
    world.clock.at += 1s;
    CHECK(world.status_of(world.request()) == 401);
    CHECK(world.status_of(world.request(other)) == 201);

    world.write_token(other, 0644);
    world.clock.at += 1s;
    CHECK(world.status_of(world.request(other)) == 503);
    CHECK(world.status_of(world.request(other)) == 503);
    REQUIRE(world.log.size() == 1);
    CHECK(world.log.front().contains("others may read this secret"));
    CHECK_FALSE(world.log.front().contains(other));
    world.write_token(other);
    world.clock.at += 1s;
    CHECK(world.status_of(world.request(other)) == 201);
    CHECK(world.log.size() == 2);
}

TEST_CASE("a door without a good token does not open, and says why") {
    struct Row {
        const char* text;
        unsigned mode;
        const char* says;
    };
    for (const Row& row :
         {Row{"short\n", 0600, "openssl rand -hex 32"},
          Row{"0123456789abcdef 0123456789abcdef\n", 0600, "visible"},
          Row{"0123456789abcdef\n0123456789abcdef\n", 0600, "one line"},
          Row{"0123456789abcdef0123456789abcdef\n", 0644, "chmod 600"}, Row{"", 0600, "visible"}}) {
        DoorWorld world;
        world.write_token(row.text, row.mode);
        const Result<void> opened = world.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().text.starts_with("changes.door.token_file: "));
        CHECK_MESSAGE(opened.error().text.contains(row.says), opened.error().text);
    }
    DoorWorld world;
    world.config.token_file = world.folder + "/none";
    CHECK_FALSE(world.open());
}

}  // namespace homeostat::app
