// The client and the watch, held against a real API server: the one that HOMEOSTAT_KUBECONFIG names
// (`make k8s-lab`), in a namespace that goes with the test. What a server does wrong is in the unit
// tests; here is what it does right, which nobody can write down for it.

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

/// A namespace of a real server, of a test's own.
class Server {
  public:
    explicit Server(ClusterAccess its_access) : access(std::move(its_access)) {
        const ApiReply made = write(
            {.method = "POST",
             .path = "/api/v1/namespaces",
             .content_type = "application/json",
             .body =
                 R"({"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"watch-"}})"});
        REQUIRE_MESSAGE(made.status == 201, describe(made));
        name_space = made.body.at("metadata").at("name").as_string();
        maps = "/api/v1/namespaces/" + name_space + "/configmaps";
    }
    ~Server() {
        try {
            write({.method = "DELETE", .path = "/api/v1/namespaces/" + name_space});
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::unique_ptr<HttpApiClient> client_of(const ClusterAccess& whom) {
        Result<std::unique_ptr<HttpApiClient>> made =
            HttpApiClient::make(context.get_executor(), whom);
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
        return *std::move(made);
    }
    [[nodiscard]] Instant soon() const { return clock.now() + 8s; }

    Result<ApiReply> get_with(ApiClient& whose, std::string path) {
        return net::run_for_test(context, whose.get(std::move(path), soon()));
    }
    ApiReply get(std::string path) { return *get_with(*client, std::move(path)); }
    ApiReply write(ApiWrite what) {
        Result<ApiReply> reply = net::run_for_test(context, client->write(std::move(what), soon()));
        REQUIRE_MESSAGE(reply.has_value(), (reply ? "" : reply.error().text));
        return *std::move(reply);
    }
    ApiReply add_map(const std::string& name, bool is_dry_run = false) {
        return write({.method = "POST",
                      .path = maps,
                      .content_type = "application/json",
                      .body = fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":)"
                                          R"({{"name":"{}","labels":{{"of":"test"}}}}}})",
                                          name),
                      .is_dry_run = is_dry_run});
    }
    ApiReply patch_map(const std::string& name, const std::string& patch) {
        return write({.method = "PATCH",
                      .path = maps + "/" + name,
                      .content_type = "application/json-patch+json",
                      .body = patch});
    }

    ClusterAccess access;
    boost::asio::io_context context;
    adapters::system::SystemClock clock{context.get_executor()};
    std::unique_ptr<HttpApiClient> client{client_of(access)};
    std::string name_space;
    std::string maps;  ///< The path of its ConfigMaps.
};

void on_real_server(void (*check)(Server&)) {
    const char* path = std::getenv("HOMEOSTAT_KUBECONFIG");
    if (path == nullptr || *path == '\0') {
        std::cout
            << "SKIPPED: HOMEOSTAT_KUBECONFIG names no server; `make k8s-lab` brings one up\n";
        return;
    }
    const Result<ClusterAccess> access = read_kubeconfig(path);
    REQUIRE_MESSAGE(access.has_value(), (access ? "" : access.error().text));
    Server server(*access);
    check(server);
}

std::string names_of(const ObjectsSeen& seen) {
    std::string names;
    for (const auto& [name, object] : seen.objects) {
        names += name + " ";
    }
    return names;
}

/// A watch that runs beside a test and has ended when this ends.
class Watching {
  public:
    Watching(Server& server, WatchOptions options)
        : server_(server),
          watch_(*server.client,
                 *server.client,
                 server.clock,
                 server.context.get_executor(),
                 std::move(options),
                 Rng(1)) {
        boost::asio::co_spawn(server.context, watch_.run(),
                              [this](const std::exception_ptr&) { has_ended_ = true; });
    }
    ~Watching() {
        watch_.stop();
        try {
            net::run_until_for_test(server_.context, [this] { return has_ended_; });
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

    [[nodiscard]] ObjectWatch& watch() { return watch_; }
    /// Runs until these names are seen, in alphabetical order.
    void wait_for(const std::string& names) {
        net::run_until_for_test(server_.context, [&] {
            return watch_.seen().resource_version > 0 && names_of(watch_.seen()) == names;
        });
        CHECK_FALSE(watch_.trouble());
    }

  private:
    Server& server_;
    ObjectWatch watch_;
    bool has_ended_{false};
};

}  // namespace

TEST_CASE("a watch sees what is added, changed and deleted, after a list in pages") {
    on_real_server([](Server& server) {
        for (const char* name : {"a", "b", "c", "d", "e"}) {
            REQUIRE(server.add_map(name).status == 201);
        }
        Watching watching(server,
                          {.path = server.maps + "?labelSelector=of%3Dtest", .page_objects = 2});
        watching.wait_for("a b c d e ");
        REQUIRE(server.add_map("f").status == 201);
        watching.wait_for("a b c d e f ");
        const std::string changed = R"([{"op":"add","path":"/data","value":{"is":"changed"}}])";
        REQUIRE(server.patch_map("a", changed).is_ok());
        const auto seen_of = [&](const char* name) {
            return watching.watch().seen().objects.at(name).parsed().as_object();
        };
        net::run_until_for_test(server.context, [&] { return seen_of("a").contains("data"); });
        // Who wrote what is dropped, but for who wrote the contents
        // (adapters/kubernetes/configs.hpp).
        const json::array writers = seen_of("a").at("metadata").at("managedFields").as_array();
        REQUIRE(writers.size() == 1);
        CHECK(writers.at(0).at("fieldsV1").as_object().contains("f:data"));
        CHECK_FALSE(seen_of("d").at("metadata").as_object().contains("managedFields"));
        REQUIRE(server.write({.method = "DELETE", .path = server.maps + "/b"}).is_ok());
        watching.wait_for("a c d e f ");
        // What no longer fits the selector is gone, too.
        const std::string other = R"([{"op":"replace","path":"/metadata/labels/of","value":"x"}])";
        REQUIRE(server.patch_map("c", other).is_ok());
        watching.wait_for("a d e f ");
    });
}

TEST_CASE("a watch of what may not be read has a trouble, and sees nothing") {
    on_real_server([](Server& server) {
        ClusterAccess nobody = server.access;
        nobody.tls.certificate.clear();
        nobody.tls.key.clear();
        const std::unique_ptr<HttpApiClient> client = server.client_of(nobody);
        const Result<ApiReply> refused = server.get_with(*client, server.maps);
        REQUIRE(refused);
        CHECK((refused->status == 403 || refused->status == 401));
        nobody.token = "none.that.is.known";
        const std::unique_ptr<HttpApiClient> stranger = server.client_of(nobody);
        const Result<ApiReply> unknown = server.get_with(*stranger, server.maps);
        REQUIRE(unknown);
        CHECK(describe(*unknown).starts_with("401 Unauthorized"));

        ObjectWatch watch(*stranger, *stranger, server.clock, server.context.get_executor(),
                          {.path = server.maps}, Rng(1));
        bool has_ended = false;
        boost::asio::co_spawn(server.context, watch.run(),
                              [&](const std::exception_ptr&) { has_ended = true; });
        net::run_until_for_test(server.context, [&] { return watch.trouble().has_value(); });
        CHECK(watch.trouble()->fault == Fault::refused);
        CHECK(watch.seen().resource_version == 0);
        watch.stop();
        net::run_until_for_test(server.context, [&] { return has_ended; });
    });
}

TEST_CASE("a server under another name, or of another authority, is told nothing") {
    on_real_server([](Server& server) {
        ClusterAccess other = server.access;
        other.tls.server_name = "another.example";
        const Result<ApiReply> reply = server.get_with(*server.client_of(other), "/version");
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::unreachable);
    });
}

TEST_CASE("a rehearsal changes nothing, and a write is recorded as ours") {
    on_real_server([](Server& server) {
        CHECK(server.add_map("a", true).status == 201);
        CHECK(server.get(server.maps + "/a").status == 404);
        const ApiReply made = server.add_map("a");
        REQUIRE(made.status == 201);
        CHECK(made.body.at("metadata").at("managedFields").at(0).at("manager") == "homeostat");
        const ApiReply again = server.add_map("a");
        CHECK(again.status == 409);
        CHECK(describe(again).starts_with("409 AlreadyExists: "));
        const ApiReply guarded =
            server.patch_map("a", R"([{"op":"test","path":"/metadata/uid","value":"another"}])");
        CHECK(guarded.status == 422);
    });
}
