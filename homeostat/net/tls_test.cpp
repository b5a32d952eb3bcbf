#include "homeostat/net/tls.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_tls_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;
using enum ScriptLine::Then;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Made once: keys take their time.
const AuthorityForTest& authority() {
    static const AuthorityForTest made;
    return made;
}
const AuthorityForTest& stranger() {
    static const AuthorityForTest made;
    return made;
}

struct World {
    boost::asio::io_context context;
    ScriptedTlsPeer peer;
    TlsSettings settings{.authorities = authority().certificate()};
    std::string host{"127.0.0.1"};

    explicit World(const WantedForTest& wanted, std::deque<ScriptLine> script = {{ok}, {ok}})
        : World(TlsScript{.identity = authority().issue(wanted)}, std::move(script)) {}
    explicit World(const TlsScript& tls, std::deque<ScriptLine> script = {{ok}, {ok}})
        : peer(context, tls, std::move(script)) {}

    HttpClient client() {
        auto tls = make_tls_context(settings);
        REQUIRE(tls);
        return {context.get_executor(), HttpsPeer{host, peer.port(), *tls}};
    }
    Result<HttpResponse> ask(HttpClient& client, HttpRequest request = {}, Duration within = 5s) {
        return run_for_test(context, client.request(std::move(request), now_for_test() + within));
    }
    Result<HttpResponse> ask() {
        HttpClient one = client();
        return ask(one);
    }
};

std::string text_of_failure(const Result<HttpResponse>& reply, Fault fault) {
    REQUIRE_FALSE(reply);
    CHECK(reply.error().fault == fault);
    return reply.error().text;
}

}  // namespace

TEST_CASE("a server that proves who it is is talked to, over a connection that is kept") {
    World world(WantedForTest{});
    HttpClient client = world.client();
    for (int round = 0; round < 2; ++round) {
        const auto reply = world.ask(client);
        REQUIRE(reply);
        CHECK(reply->body == "ok");
    }
    CHECK(world.peer.connections_count() == 1);
    CHECK(world.peer.name_asked().empty());  // An address is no name.
    REQUIRE(world.peer.requests().size() == 2);
    CHECK(world.peer.requests()[0].starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_CASE("a kept connection that the server has closed is replaced, for a write too") {
    World world(WantedForTest{});
    HttpClient client = world.client();
    REQUIRE(world.ask(client));
    world.peer.close_all();
    const auto reply = world.ask(client, {.method = "POST", .body = "{}"});
    REQUIRE(reply);
    CHECK(reply->body == "ok");
    CHECK(world.peer.connections_count() == 2);
}

TEST_CASE("a name is looked up, asked for and proved") {
    World world(WantedForTest{.names = "DNS:localhost"});
    world.host = "localhost";
    const auto reply = world.ask();
    REQUIRE(reply);
    CHECK(world.peer.name_asked() == "localhost");
    CHECK(world.peer.requests()[0].contains("Host: localhost:"));
}

TEST_CASE("a server may have to prove another name than the one it is reached by") {
    World world(WantedForTest{.names = "DNS:kubernetes.default.svc"});
    world.settings.server_name = "kubernetes.default.svc";
    REQUIRE(world.ask());
    CHECK(world.peer.name_asked() == "kubernetes.default.svc");
}

TEST_CASE("a server that does not prove who it is gets no request") {
    struct Case {
        TlsScript tls;
        std::string_view says;
    };
    const std::array cases{
        Case{{.identity = stranger().issue({})}, "certificate"},
        Case{{.identity = authority().issue({.names = "IP:127.0.0.2"})}, "IP address mismatch"},
        Case{{.identity = authority().issue({.names = "DNS:localhost"})}, "IP address mismatch"},
        Case{{.identity = authority().issue({.is_expired = true})}, "expired"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.says);
        World world(one.tls);
        const std::string text = text_of_failure(world.ask(), Fault::unreachable);
        CHECK(text.contains("does not prove who it is"));
        CHECK(text.contains(one.says));
        CHECK(world.peer.requests().empty());
    }
}

TEST_CASE("the common name of a certificate is no proof, nor is a wildcard inside a label") {
    for (const char* names : {"DNS:other", "DNS:kube.*", "DNS:k*.test", "IP:127.0.0.1"}) {
        CAPTURE(names);
        World world(WantedForTest{.subject = "kube.test", .names = names});
        world.settings.server_name = "kube.test";
        const std::string text = text_of_failure(world.ask(), Fault::unreachable);
        CHECK(text.contains("ostname mismatch"));
        CHECK(world.peer.requests().empty());
    }
}

TEST_CASE("TLS 1.2 is spoken, nothing older is") {
    TlsScript tls{.identity = authority().issue({}), .version_max = TLS1_2_VERSION};
    World new_enough(tls);
    CHECK(new_enough.ask());
    tls.version_max = TLS1_1_VERSION;
    World too_old(tls);
    CHECK(text_of_failure(too_old.ask(), Fault::unreachable).contains("no TLS with"));
}

TEST_CASE("a server that asks who we are is shown our certificate") {
    const TlsScript tls{.identity = authority().issue({}),
                        .clients_authority = authority().certificate()};
    World world(tls);
    const IssuedForTest ours = authority().issue({.subject = "agent"});
    world.settings.certificate = ours.certificate;
    world.settings.key = ours.key;
    REQUIRE(world.ask());
    CHECK(world.peer.client_name() == "agent");

    World without(tls);
    CHECK_FALSE(without.ask());
    CHECK(without.peer.requests().empty());
}

TEST_CASE(
    "a peer that speaks no TLS, or hangs up or hangs in the handshake, is never sent anything") {
    boost::asio::io_context context;
    auto tls = make_tls_context({.authorities = authority().certificate()});
    REQUIRE(tls);
    struct Case {
        ScriptLine line;
        Fault fault;
    };
    const std::array cases{Case{{"HTTP/1.1 400 Bad Request\r\n\r\n", closes}, Fault::unreachable},
                           Case{{"", closes}, Fault::unreachable}, Case{{"", hangs}, Fault::late}};
    for (const Case& one : cases) {
        ScriptedPeer peer(context, {one.line});
        const std::uint16_t port = std::get<TcpEndpoint>(peer.endpoint()).port;
        HttpClient client(context.get_executor(), HttpsPeer{"127.0.0.1", port, *tls});
        const auto reply =
            run_for_test(context, client.request({.path = "/secret"}, now_for_test() + 200ms));
        text_of_failure(reply, one.fault);
        for (const std::string& request : peer.requests()) {
            CHECK_FALSE(request.contains("/secret"));
        }
    }
}

TEST_CASE("a reply that ends without the server's own word is broken") {
    // Without a length, the end of the connection is the end of the reply: over TLS somebody on the
    // way could cut it there.
    World world(WantedForTest{}, {{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf", closes}});
    text_of_failure(world.ask(), Fault::broken);
}

TEST_CASE("what cannot be a certificate or a key is refused, and says which") {
    const IssuedForTest ours = authority().issue({});
    const IssuedForTest other = authority().issue({});
    const std::string trusted = authority().certificate();
    struct Case {
        TlsSettings settings;
        std::string_view says;
    };
    const std::array cases{
        Case{{.authorities = ""}, "authority"},
        Case{{.authorities = "rubbish"}, "authority"},
        Case{{.authorities =
                  trusted + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
             "authority"},
        Case{{.authorities = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"},
             "authority"},
        Case{{.authorities = trusted, .certificate = ours.certificate}, "belong together"},
        Case{{.authorities = trusted, .key = ours.key}, "belong together"},
        Case{{.authorities = trusted, .certificate = "rubbish", .key = ours.key}, "certificate"},
        Case{{.authorities = trusted, .certificate = ours.certificate, .key = "rubbish"}, "key"},
        Case{{.authorities = trusted, .certificate = ours.certificate, .key = other.key}, "key"},
        Case{{.authorities = std::string(tls_settings_bytes_max + 1, 'x')}, "bytes"},
    };
    for (const Case& one : cases) {
        const auto made = make_tls_context(one.settings);
        REQUIRE_FALSE(made);
        CHECK(made.error().fault == Fault::invalid);
        CHECK(made.error().text.contains(one.says));
    }
}

TEST_CASE("a client that is gone while its name is looked up sends nothing") {
    World world(WantedForTest{.names = "DNS:localhost"});
    world.host = "localhost";
    bool has_ended = false;
    {
        HttpClient client = world.client();
        boost::asio::co_spawn(world.context, client.request({}, now_for_test() + 5s),
                              [&has_ended](const std::exception_ptr&, Result<HttpResponse> reply) {
                                  has_ended = true;
                                  CHECK_FALSE(reply);
                              });
        world.context.poll_one();  // It has begun.
    }
    run_until_for_test(world.context, [&has_ended] { return has_ended; });
    CHECK(world.peer.requests().empty());
}

TEST_CASE("a client that is destroyed cuts its request") {
    World world(WantedForTest{}, {{"", hangs}});
    bool has_ended = false;
    {
        HttpClient client = world.client();
        boost::asio::co_spawn(world.context, client.request({}, now_for_test() + 1h),
                              [&has_ended](const std::exception_ptr&, Result<HttpResponse> reply) {
                                  has_ended = true;
                                  text_of_failure(reply, Fault::late);
                              });
        run_until_for_test(world.context, [&world] { return world.peer.requests().size() == 1; });
    }
    run_until_for_test(world.context, [&has_ended] { return has_ended; });
}
