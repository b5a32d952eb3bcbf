// What an agent beside one process has seen of it, before it says that a symptom has gone.

#include "homeostat/app/process_group.hpp"

#include "homeostat/adapters/process/instance_record.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

namespace process = adapters::process;
namespace roles = adapters::roles;

const std::string boot_for_test = "boot-1";

/// Payments as two processes, the second one a spare; on the first one's port somebody answers.
struct World {
    boost::asio::io_context context{1};
    adapters::system::SystemClock clock{context.get_executor()};
    net::TemporaryDirectory directory{};
    int status{200};
    net::HttpServer server{context.get_executor(),
                           [this](net::HttpRequest request) { return answer(std::move(request)); }};
    Config config{};
    std::unique_ptr<ProcessGroup> group{};
    std::vector<ports::Telemetry*> sources{};

    explicit World(roles::Scope scope) {
        REQUIRE(server.listen(net::TcpEndpoint{"127.0.0.1", 0}));
        const ConfigReport report = parse_config(
            "service: payments\nruntime: { process: { command: [./payments, '{port}'], "
            "ports: [8001, 8002], spares: 1 } }\n"
            "signals: [ { http: { path: /healthz, timeout: 500ms } } ]\n"
            "roles: { url: 'http://10.0.0.5:7091' }\n",
            file_for_test);
        REQUIRE_MESSAGE(report.config, describe(report));
        config = *report.config;
        config.process.ports.front() = server.port();
        config.run_directory = directory.file("");
        config.roles->scope = std::move(scope);
        group = ProcessGroup::watched(config, boot_for_test, context.get_executor(), clock,
                                      [](const std::string&) {});
        group->add_watchers(sources, {});
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): a test that throws here has failed.
    ~World() { net::run_for_test(context, server.stop(net::now_for_test())); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Task<net::HttpResponse> answer(net::HttpRequest) {
        co_return net::HttpResponse{.status = status, .body = "{}"};
    }
    void read_all() {
        for (ports::Telemetry* source : sources) {
            (void)net::run_for_test(context, source->read(clock.now() + std::chrono::seconds{2}));
        }
    }
    /// This very process stands for the instance, or one with our pid that ended before we began.
    void record(const std::string& instance, bool is_alive) const {
        const Result<os::ProcessStat> ours = os::read_process_stat(::getpid());
        REQUIRE(ours);
        process::InstanceRecord record;
        record.name = InstanceId(instance);
        record.boot_id = boot_for_test;
        record.pid = ::getpid();
        record.start_ticks = is_alive ? ours->start_ticks : ours->start_ticks - 1;
        record.shim_pid = record.pid + 1;
        record.shim_start_ticks = record.start_ticks;
        std::ofstream(directory.file(instance + ".json")) << to_text(to_json(record));
    }
    [[nodiscard]] bool has_seen_well(SymptomKind kind, const std::string& instance) const {
        return group->has_seen_well({.kind = kind, .subject = {SubjectKind::instance, instance}});
    }
};

constexpr SymptomKind down = SymptomKind::instance_down;
constexpr SymptomKind silent = SymptomKind::instance_not_answering;

roles::Scope beside(std::string instance) {
    return {roles::ScopeKind::instance, std::move(instance)};
}

}  // namespace

TEST_CASE("beside a process nobody says that it answers again before it was probed well") {
    World world(beside("payments-0"));
    world.record("payments-0", true);
    CHECK_FALSE(world.has_seen_well(silent, "payments-0"));
    for (const int status : {200, 500, 201}) {
        world.status = status;
        world.read_all();
        CHECK(world.has_seen_well(silent, "payments-0") == (status != 500));
    }
    // Of its sibling it has seen nothing.
    CHECK_FALSE(world.has_seen_well(silent, "payments-1"));
    CHECK_FALSE(world.has_seen_well(down, "payments-1"));
}

TEST_CASE("beside a process nobody says that it runs again before it does, answered or not") {
    World world(beside("payments-0"));
    CHECK_FALSE(world.has_seen_well(down, "payments-0"));
    world.read_all();
    CHECK_FALSE(world.has_seen_well(down, "payments-0"));
    world.record("payments-0", true);
    CHECK(world.has_seen_well(down, "payments-0"));
    world.record("payments-0", false);
    CHECK_FALSE(world.has_seen_well(down, "payments-0"));
}

TEST_CASE("a spare that nobody has started is not ill; once it was, it is seen as any other") {
    World world(beside("payments-1"));
    for (const SymptomKind kind : {down, silent}) {
        CHECK(world.has_seen_well(kind, "payments-1"));
    }
    world.record("payments-1", false);
    for (const SymptomKind kind : {down, silent}) {
        CHECK_FALSE(world.has_seen_well(kind, "payments-1"));
    }
}

TEST_CASE("whoever sees the whole says that a symptom has gone when it sees none") {
    const World world(roles::Scope{});
    for (const SymptomKind kind : {down, silent}) {
        CHECK(world.has_seen_well(kind, "payments-0"));
    }
}

}  // namespace homeostat::app
