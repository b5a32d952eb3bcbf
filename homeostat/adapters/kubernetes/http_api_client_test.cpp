#include "homeostat/adapters/kubernetes/http_api_client.hpp"

#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_tls_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;
using enum net::ScriptLine::Then;

namespace {

std::string answer(int status,
                   const std::string& body,
                   const std::string& more = "Content-Type: application/json\r\n") {
    return fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{}", status, more, body.size(),
                       body);
}

const std::string pod = answer(200, R"({"kind":"Pod"})");

const net::AuthorityForTest& authority() {
    static const net::AuthorityForTest made;
    return made;
}

struct World {
    boost::asio::io_context context;
    net::ScriptedTlsPeer server;
    ClusterAccess access;
    HttpApiOptions options{};
    std::unique_ptr<HttpApiClient> made{};

    explicit World(std::deque<net::ScriptLine> script)
        : server(context, {.identity = authority().issue({})}, std::move(script)) {
        access.host = "127.0.0.1";
        access.port = server.port();
        access.tls.authorities = authority().certificate();
        access.token = "abc";
    }

    HttpApiClient& client() {
        if (!made) {
            auto client = HttpApiClient::make(context.get_executor(), access, options);
            REQUIRE(client);
            made = *std::move(client);
        }
        return *made;
    }
    Result<ApiReply> get(std::string path = "/api") {
        return net::run_for_test(context, client().get(std::move(path), net::now_for_test() + 5s));
    }
    Result<ApiReply> write(ApiWrite write) {
        return net::run_for_test(context,
                                 client().write(std::move(write), net::now_for_test() + 5s));
    }
    [[nodiscard]] std::string request(std::size_t index) const {
        REQUIRE(index < server.requests().size());
        return server.requests()[index];
    }
};

class TokenFile {
  public:
    explicit TokenFile(const std::string& token) { renew(token); }

    [[nodiscard]] std::string path() const { return directory_.file("token"); }
    void renew(const std::string& token) const {
        REQUIRE(os::write_file_atomically(path(), token));
    }
    /// The file looks as before: the moment in which a token is renewed under our hands.
    void renew_unnoticed(const std::string& token) const {
        const auto written_at = std::filesystem::last_write_time(path());
        std::ofstream(path()) << token;
        std::filesystem::last_write_time(path(), written_at);
    }

  private:
    net::TemporaryDirectory directory_;
};

Fault fault_of(const Result<ApiReply>& reply) {
    REQUIRE_FALSE(reply);
    return reply.error().fault;
}

}  // namespace

TEST_CASE("a question says who asks, and is answered whatever the status") {
    World world({{pod}, {answer(404, R"({"reason":"NotFound","message":"none"})")}});
    world.access.path_prefix = "/k8s/c-1";
    const auto good = world.get("/api/v1/pods?limit=1");
    REQUIRE(good);
    CHECK(good->is_ok());
    CHECK(good->body.at("kind") == "Pod");
    const std::string request = world.request(0);
    CHECK(request.starts_with("GET /k8s/c-1/api/v1/pods?limit=1 HTTP/1.1\r\n"));
    for (const char* header : {"\r\nAuthorization: Bearer abc\r\n", "\r\nUser-Agent: homeostat\r\n",
                               "\r\nAccept: application/json\r\n"}) {
        CHECK(request.contains(header));
    }
    const auto absent = world.get();
    REQUIRE(absent);
    CHECK_FALSE(absent->is_ok());
    CHECK(describe(*absent) == "404 NotFound: none");
    CHECK(world.server.connections_count() == 1);
}

TEST_CASE("a write says whose fields it writes, and whether it is a rehearsal") {
    struct Case {
        ApiWrite write;
        std::string_view line;
    };
    const std::array cases{
        Case{{.method = "PATCH", .path = "/a"}, "PATCH /a?fieldManager=homeostat HTTP/1.1\r\n"},
        Case{{.method = "PATCH", .path = "/a?x=1", .is_dry_run = true},
             "PATCH /a?x=1&fieldManager=homeostat&dryRun=All HTTP/1.1\r\n"},
        Case{{.method = "PATCH", .path = "/a", .manager = "homeostat i-7.e2 from 3"},
             "PATCH /a?fieldManager=homeostat%20i-7.e2%20from%203 HTTP/1.1\r\n"},
        Case{{.method = "DELETE", .path = "/a", .is_dry_run = true},
             "DELETE /a?dryRun=All HTTP/1.1\r\n"},
    };
    for (const Case& one : cases) {
        World world({{pod}});
        ApiWrite write = one.write;
        write.content_type = "application/json-patch+json";
        write.body = "[]";
        REQUIRE(world.write(write));
        CHECK(world.request(0).starts_with(one.line));
        CHECK(world.request(0).contains("\r\nContent-Type: application/json-patch+json\r\n"));
        CHECK(world.request(0).ends_with("\r\n\r\n[]"));
    }
}

TEST_CASE("how long a server wants to be left alone is read, within bounds") {
    struct Case {
        std::string_view value;
        Duration wanted;
    };
    for (const Case& one : {Case{"7", 7s}, Case{"0", 0s}, Case{"99999999", 1h}, Case{"-5", 0s},
                            Case{"soon", 0s}, Case{"Wed, 21 Oct 2026 07:28:00 GMT", 0s}}) {
        CAPTURE(one.value);
        World world({{answer(
            429, "{}",
            fmt::format("Content-Type: application/json\r\nRetry-After: {}\r\n", one.value))}});
        const auto reply = world.get();
        REQUIRE(reply);
        CHECK(reply->retry_after == one.wanted);
    }
}

TEST_CASE("an answer of success that is no JSON is broken, one of failure is for people") {
    World world({{answer(200, "<html>welcome</html>", "Content-Type: text/html\r\n")},
                 {answer(200, R"({"a":1,"a":2})")},
                 {answer(502, "bad gateway", "Content-Type: text/plain\r\n")},
                 {answer(200, "")}});
    CHECK(fault_of(world.get()) == Fault::broken);
    CHECK(fault_of(world.get()) == Fault::broken);
    const auto proxy = world.get();
    REQUIRE(proxy);
    CHECK(describe(*proxy) == "502: bad gateway");
    const auto empty = world.get();
    REQUIRE(empty);
    CHECK(empty->body.is_null());
}

TEST_CASE("an answer over its size is broken") {
    World world({{answer(200, R"({"kind":")" + std::string(5000, 'x') + R"("})")}});
    world.options.reply_bytes_max = 4096;
    CHECK(fault_of(world.get()) == Fault::broken);
}

TEST_CASE("a question whose connection was closed is sent again, a write is not") {
    // The server reads and hangs up: whether it has carried the write out nobody knows.
    World asking({{pod}, {"", closes}, {pod}});
    REQUIRE(asking.get());
    CHECK(asking.get());
    CHECK(asking.server.requests().size() == 3);

    World writing({{pod}, {"", closes}, {pod}});
    REQUIRE(writing.get());
    CHECK(fault_of(writing.write({.method = "POST", .path = "/a", .body = "{}"})) == Fault::broken);
    CHECK(writing.server.requests().size() == 2);
}

TEST_CASE("a server that is not there, or not the one, is unreachable: nothing was sent") {
    World world({{pod}});
    world.access.tls.server_name = "another";
    CHECK(fault_of(world.write({.method = "POST", .path = "/a", .body = "{}"})) ==
          Fault::unreachable);
    CHECK(world.server.requests().empty());
}

TEST_CASE("a token that was renewed is used at once") {
    const TokenFile file("old");
    World world({{pod}, {pod}});
    world.access.token_file = file.path();
    REQUIRE(world.get());
    file.renew("new");
    REQUIRE(world.get());
    CHECK(world.request(0).contains("Bearer old\r\n"));
    CHECK(world.request(1).contains("Bearer new\r\n"));
}

TEST_CASE("a certificate that was renewed is shown by a connection of its own, from then on") {
    World world({{pod}, {pod}, {pod}});
    const net::TemporaryDirectory directory;
    const auto renew = [&] {
        const net::IssuedForTest issued = authority().issue({.subject = "agent"});
        REQUIRE(os::write_file_atomically(directory.file("tls.crt"), issued.certificate));
        REQUIRE(os::write_file_atomically(directory.file("tls.key"), issued.key));
        return issued;
    };
    const net::IssuedForTest first = renew();
    world.access.tls.certificate = first.certificate;
    world.access.tls.key = first.key;
    world.access.tls_files = {"", directory.file("tls.crt"), directory.file("tls.key")};
    CHECK(world.get());
    CHECK(world.get());
    CHECK(world.server.connections_count() == 1);
    renew();
    CHECK(world.get());
    CHECK(world.server.connections_count() == 2);
}

TEST_CASE("a 401 is tried again once, and only with another token") {
    const TokenFile file("old");
    const std::string unknown = answer(401, R"({"reason":"Unauthorized"})");
    World world({{unknown}, {unknown}, {pod}, {unknown}, {unknown}});
    world.access.token_file = file.path();
    const auto same = world.get();
    REQUIRE(same);
    CHECK(same->status == 401);
    CHECK(world.server.requests().size() == 1);
    file.renew_unnoticed("new");
    const auto renewed = world.write({.method = "POST", .path = "/a", .body = "{}"});
    REQUIRE(renewed);
    CHECK(renewed->is_ok());
    CHECK(world.server.requests().size() == 3);
    CHECK(world.request(1).contains("Bearer old\r\n"));
    CHECK(world.request(2).contains("Bearer new\r\n"));
    CHECK(world.request(2).ends_with("\r\n\r\n{}"));
    file.renew_unnoticed("wrong");
    CHECK(world.get()->status == 401);
    CHECK(world.server.requests().size() == 5);
}

TEST_CASE("without a token that can be read nothing is asked") {
    World world({{pod}});
    world.access.token_file = "/nonexistent/token";
    CHECK(fault_of(world.get()) == Fault::refused);
    CHECK(world.server.connections_count() == 0);
}

TEST_CASE("questions go on side by side, and beyond the most of them wait their turn") {
    World world({});
    world.options.connections_max = 2;
    HttpApiClient& client = world.client();
    int answered_count = 0;
    for (int question = 0; question < 4; ++question) {
        boost::asio::co_spawn(world.context, client.get("/api", net::now_for_test() + 5s),
                              [&](const std::exception_ptr&, Result<ApiReply> reply) {
                                  CHECK(reply);
                                  ++answered_count;
                              });
    }
    for (int question = 0; question < 4; ++question) {
        world.server.add({pod});
    }
    net::run_until_for_test(world.context, [&] { return answered_count == 4; });
    CHECK(world.server.connections_count() == 2);
}

TEST_CASE("whoever gets no connection before the deadline is told that it is our own shortage") {
    World world({});
    world.options.connections_max = 1;
    HttpApiClient& client = world.client();
    bool has_ended = false;
    boost::asio::co_spawn(world.context, client.get("/slow", net::now_for_test() + 300ms),
                          [&](const std::exception_ptr&, const Result<ApiReply>& reply) {
                              has_ended = true;
                              CHECK(fault_of(reply) == Fault::late);
                          });
    ApiWrite write{.method = "POST", .path = "/a", .body = "{}"};
    const auto reply = net::run_for_test(
        world.context, client.write(std::move(write), net::now_for_test() + 50ms));
    CHECK(fault_of(reply) == Fault::full);
    net::run_until_for_test(world.context, [&] { return has_ended; });
}

TEST_CASE("a watch has a stream of its own, whose lines come as the server writes them") {
    const std::string line = R"({"type":"BOOKMARK"})"
                             "\n";
    World world(
        {{fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                      line.size(), line)}});
    auto opened = net::run_for_test(
        world.context, world.client().watch("/pods?watch=1", net::now_for_test() + 5s));
    REQUIRE(opened);
    REQUIRE(opened->lines);
    CHECK(world.request(0).starts_with("GET /pods?watch=1 HTTP/1.1\r\n"));
    CHECK(world.request(0).contains("\r\nAuthorization: Bearer abc\r\n"));
    const auto first =
        net::run_for_test(world.context, opened->lines->next(net::now_for_test() + 5s));
    REQUIRE(first);
    CHECK(*first == R"({"type":"BOOKMARK"})");
    const auto end =
        net::run_for_test(world.context, opened->lines->next(net::now_for_test() + 5s));
    REQUIRE(end);
    CHECK_FALSE(*end);
}

TEST_CASE("a watch that is refused has the server's words, and no lines") {
    World world({{answer(410, R"({"reason":"Expired","message":"too old"})")}});
    const auto opened = net::run_for_test(
        world.context, world.client().watch("/pods?watch=1", net::now_for_test() + 5s));
    REQUIRE(opened);
    CHECK(opened->lines == nullptr);
    CHECK(describe(opened->reply) == "410 Expired: too old");
}

TEST_CASE("a watch with an old token is opened again once, with the new one") {
    const TokenFile file("old");
    const std::string unknown = answer(401, "{}");
    World world({{pod}, {unknown}, {answer(403, "{}")}, {unknown}});
    world.access.token_file = file.path();
    REQUIRE(world.get());
    file.renew_unnoticed("new");
    for (const int status : {403, 401}) {
        const auto opened = net::run_for_test(
            world.context, world.client().watch("/pods?watch=1", net::now_for_test() + 5s));
        REQUIRE(opened);
        CHECK(opened->reply.status == status);
    }
    CHECK(world.server.requests().size() == 4);
    CHECK(world.request(2).contains("Bearer new\r\n"));
}

TEST_CASE("an identity that is none is refused before anything is asked") {
    boost::asio::io_context context;
    ClusterAccess access;
    access.told_by = "context lab of x";
    access.tls.authorities = "rubbish";
    const auto made = HttpApiClient::make(context.get_executor(), access);
    REQUIRE_FALSE(made);
    CHECK(made.error().fault == Fault::invalid);
    CHECK(made.error().text.starts_with("context lab of x: "));
}
