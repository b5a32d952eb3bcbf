#include "homeostat/app/shared_doors.hpp"

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// A configuration names its port, so 0 is none; this one was free a moment ago.
std::uint16_t free_port() {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::tcp::v4(), 0}, false);
    return acceptor.local_endpoint().port();
}

/// Two services at one address, each of which says that it was asked.
struct DoorsWorld {
    boost::asio::io_context context;
    std::uint16_t port{free_port()};
    std::string address{"127.0.0.1:" + std::to_string(port)};
    std::string stands_by;
    SharedDoors doors{context.get_executor(), [this] { return stands_by; }};
    Config cart = service("cart");
    Config fees = service("fees");
    int fees_status{200};

    DoorsWorld() {
        doors.expect(cart);
        doors.expect(fees);
    }
    DoorsWorld(const DoorsWorld&) = delete;
    DoorsWorld& operator=(const DoorsWorld&) = delete;
    ~DoorsWorld() {
        try {
            net::run_for_test(context, doors.stop(net::now_for_test() + std::chrono::seconds{1}));
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
    [[nodiscard]] Config service(const char* name) const {
        Config config;
        config.service = ServiceId(name);
        config.metrics_listen = address;
        config.roles = RolesConfig{};
        config.roles->listen = address;
        return config;
    }
    net::HttpAnswer answer_of(const Config& config) {
        return [this, name = config.service.text()](net::HttpRequest request) {
            return answer(name, std::move(request));
        };
    }
    Task<net::HttpResponse> answer(std::string name, net::HttpRequest request) {
        const int status = name == "fees" ? fees_status : 200;
        const std::string page =
            "# HELP homeostat_open o\n# TYPE homeostat_open gauge\n"
            "homeostat_open 1\n";
        co_return net::HttpResponse{.status = status,
                                    .body = request.path == "/metrics" ? page : "I am " + name};
    }
    net::HttpResponse ask(std::string method, std::string path, std::string body = "") {
        net::HttpRequest request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.body = std::move(body);
        const Result<net::HttpResponse> reply = net::run_for_test(
            context,
            net::request_once(context.get_executor(), net::TcpEndpoint{"127.0.0.1", port},
                              std::move(request), net::now_for_test() + std::chrono::seconds{5}));
        REQUIRE_MESSAGE(reply, reply.error().text);
        return *reply;
    }
    void open_letters() {
        REQUIRE(doors.open_letters(*cart.roles, cart.service, answer_of(cart)));
        REQUIRE(doors.open_letters(*fees.roles, fees.service, answer_of(fees)));
    }
    void open_metrics() {
        REQUIRE(doors.open_metrics(address, cart.service, answer_of(cart)));
        REQUIRE(doors.open_metrics(address, fees.service, answer_of(fees)));
    }
};

std::string letter_to(const char* service) {
    adapters::roles::Letter letter;
    letter.service = ServiceId(service);
    letter.agent = std::string(64, 'a');
    return to_text(to_json(letter));
}

}  // namespace

TEST_CASE("an address is shared only where more than one service names it") {
    DoorsWorld world;
    CHECK(world.doors.is_shared_for_metrics(world.address));
    CHECK(world.doors.is_shared_for_letters(*world.cart.roles));
    Config other = world.service("other");
    other.metrics_listen = "127.0.0.1:1";
    other.roles->listen.clear();
    other.roles->socket = "/run/other.sock";
    world.doors.expect(other);
    CHECK_FALSE(world.doors.is_shared_for_metrics(other.metrics_listen));
    CHECK_FALSE(world.doors.is_shared_for_letters(*other.roles));
}

TEST_CASE("a door for letters has room for the agents of all, whichever service opens it") {
    DoorsWorld world;
    const std::size_t of_whole = adapters::roles::desk_limits(false).connections_max;
    const std::size_t of_some = adapters::roles::desk_limits(true).connections_max;
    REQUIRE(of_some > of_whole);
    CHECK(world.doors.letter_connections_max(*world.cart.roles) == 2 * of_whole);
    Config sidecars = world.service("sidecars");
    sidecars.roles->agents.push_back({std::string(64, 'a'), adapters::roles::ScopeKind::pod});
    world.doors.expect(sidecars);
    for (const Config* config : {&world.cart, &sidecars}) {
        CHECK(world.doors.letter_connections_max(*config->roles) == 2 * of_whole + of_some);
    }
    Config elsewhere = world.service("elsewhere");
    elsewhere.roles->listen = "127.0.0.1:1";
    world.doors.expect(elsewhere);
    CHECK(world.doors.letter_connections_max(*elsewhere.roles) == of_whole);
    CHECK(world.doors.letter_connections_max() == 3 * of_whole + of_some);
}

TEST_CASE("a letter goes to the desk of the service that it names, and to nobody else's") {
    DoorsWorld world;
    world.open_letters();
    CHECK(world.ask("POST", "/v1/letters", letter_to("cart")).body == "I am cart");
    CHECK(world.ask("POST", "/v1/letters", letter_to("fees")).body == "I am fees");
    for (const std::string& strange :
         {letter_to("others"), std::string("{}"), std::string(R"({"service":"../x"})"),
          std::string(R"({"service":")"), std::string()}) {
        CHECK(world.ask("POST", "/v1/letters", strange).status == 403);
    }
    const auto reply =
        adapters::roles::parse_reply(world.ask("POST", "/v1/letters", letter_to("others")).body);
    REQUIRE_MESSAGE(reply, reply.error().text);
    CHECK(reply->discarded == adapters::roles::Discard::misaddressed);
    CHECK(reply->life.empty());
    CHECK(reply->stamp.empty());
    world.doors.close(world.fees.service);
    CHECK(world.ask("POST", "/v1/letters", letter_to("fees")).status == 403);
    CHECK(world.ask("POST", "/v1/letters", letter_to("cart")).body == "I am cart");
}

TEST_CASE("an executor that is told where it is found and not where it listens is refused") {
    RolesConfig roles;
    roles.url = "http://10.0.0.5:7091";
    const Result<net::Endpoint> place = letters_endpoint(roles);
    REQUIRE_FALSE(place);
    CHECK(place.error().fault == Fault::invalid);
    CHECK(place.error().text.contains("add listen:"));
}

TEST_CASE("numbers of all services stand on one page, and who is not guarded is down on it") {
    DoorsWorld world;
    world.open_metrics();
    const std::string both = world.ask("GET", "/metrics").body;
    CHECK(both.contains("homeostat_open{service=\"cart\"} 1\nhomeostat_open{service=\"fees\"} 1"));
    CHECK(both.contains("homeostat_service_up{service=\"fees\"} 1"));
    world.doors.close(world.fees.service);
    const std::string one = world.ask("GET", "/metrics").body;
    CHECK(one.contains("homeostat_service_up{service=\"fees\"} 0"));
    CHECK_FALSE(one.contains("homeostat_open{service=\"fees\"}"));
    CHECK(world.ask("GET", "/v1/status").status == 404);
}

TEST_CASE("a process is ill only when none of its services is well") {
    DoorsWorld world;
    world.open_metrics();
    CHECK(world.ask("GET", "/healthz").body == "ok\n");
    world.fees_status = 503;
    CHECK(world.ask("GET", "/healthz").status == 200);
    CHECK(world.ask("GET", "/healthz").body.contains("fees: I am fees"));
    world.doors.close(world.cart.service);
    CHECK(world.ask("GET", "/healthz").status == 503);
}

TEST_CASE("a process that stands by is well and not ready") {
    DoorsWorld world;
    world.open_metrics();
    CHECK(world.ask("GET", "/readyz").status == 200);
    world.stands_by = "Lease shop/homeostat is held by the other";
    CHECK(world.ask("GET", "/readyz").status == 503);
    CHECK(world.ask("GET", "/readyz").body.contains("held by the other"));
    CHECK(world.ask("GET", "/healthz").status == 200);
}

}  // namespace homeostat::app
