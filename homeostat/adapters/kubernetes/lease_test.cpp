#include "homeostat/adapters/kubernetes/lease.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

constexpr Instant start = instant_of_ns(1'000'000'000'000);

LeaseView seen(const std::string& holder, const std::string& version) {
    return {.holder = holder, .resource_version = version};
}

/// A server with one Lease, as the real one keeps it: a patch of another version is a conflict.
class LeaseServer {
  public:
    std::string holder;
    int version{0};  ///< 0: there is none.
    int transitions{0};
    std::vector<std::string> asked;
    std::function<void()> before_each = [] {};

    [[nodiscard]] ApiReply object() const {
        if (version == 0) {
            return {.status = 404, .body = object_of(R"({"message":"not found"})")};
        }
        return {.status = 200,
                .body = object_of(fmt::format(
                    R"({{"metadata":{{"resourceVersion":"{}"}},"spec":{{"holderIdentity":"{}",)"
                    R"("leaseTransitions":{}}}}})",
                    version, holder, transitions))};
    }
    void hold(const std::string& by) {
        holder = by;
        ++version;
    }
    Result<ApiReply> get(const std::string& path) {
        asked.push_back("GET " + path);
        before_each();
        return object();
    }
    Result<ApiReply> write(const ApiWrite& write) {
        asked.push_back(write.method + " " + write.path);
        before_each();
        const json::value body = object_of(write.body);
        const bool is_new = write.method == "POST";
        const std::string expected =
            is_new ? "0" : std::string(body.at("metadata").at("resourceVersion").as_string());
        if (expected != std::to_string(version)) {
            return ApiReply{.status = 409, .body = object_of(R"({"message":"modified"})")};
        }
        const json::object& spec = body.at("spec").as_object();
        if (const json::value* count = spec.if_contains("leaseTransitions")) {
            transitions = static_cast<int>(count->as_int64());
        }
        hold(std::string(spec.at("holderIdentity").as_string()));
        return object();
    }
};

struct World {
    boost::asio::io_context context;
    WaitedClock clock;
    LeaseServer server;
    ScriptedApi api;
    Options place;
    std::vector<std::string> log;
    Lease lease{
        api, clock, with_place(place), {.identity = "ours", .log = [this](const std::string& line) {
                                            log.push_back(line);
                                        }}};

    World() {
        api.on_get = [this](const std::string& path) { return server.get(path); };
        api.on_write = [this](const ApiWrite& write) { return server.write(write); };
    }
    static const Options& with_place(Options& place) {
        place.name_space = "shop";
        place.lease = "lead";
        return place;
    }
    /// Runs until the given request, and looks at what is so then.
    void run_until(std::size_t request, const std::function<void()>& look = [] {}) {
        server.before_each = [this, request, look] {
            if (server.asked.size() == request) {
                look();
                lease.stop();
            }
        };
        net::run_for_test(context, lease.run());
    }
};

}  // namespace

TEST_CASE("who may take the Lease is who sees it free, or unchanged for as long as it lasts") {
    LeaseTerms terms("ours", {});
    CHECK(terms.next({}, start) == LeaseStep::create);
    CHECK(terms.next(seen("", "1"), start) == LeaseStep::take);
    CHECK(terms.next(seen("ours", "2"), start) == LeaseStep::renew);
    CHECK(terms.next(seen("theirs", "3"), start) == LeaseStep::wait);
    CHECK(terms.next(seen("theirs", "3"), start + 29s) == LeaseStep::wait);
    CHECK(terms.next(seen("theirs", "4"), start + 30s) == LeaseStep::wait);  // It was renewed.
    CHECK(terms.next(seen("theirs", "4"), start + 59s) == LeaseStep::wait);
    CHECK(terms.next(seen("theirs", "4"), start + 60s) == LeaseStep::take);
}

TEST_CASE("what was granted counts from when it was asked for, and less long than it lasts") {
    LeaseTerms terms("ours", {});
    CHECK_FALSE(terms.is_held(start));
    terms.grant(start);
    CHECK(terms.is_held(start + 19s));
    CHECK_FALSE(terms.is_held(start + 20s));
    terms.grant(start + 20s);
    CHECK(terms.next(seen("theirs", "9"), start + 21s) == LeaseStep::wait);
    CHECK_FALSE(terms.is_held(start + 21s));  // Whatever was granted: somebody has it.
}

TEST_CASE("what begins at a holder's last moment is sent before another may take the Lease") {
    const LeaseLimits limits;
    LeaseTerms holder("us", limits);
    LeaseTerms other("them", limits);
    holder.grant(start);
    CHECK(other.next(seen("us", "1"), start) == LeaseStep::wait);
    const Instant last = start + limits.act_for - 1ns;
    REQUIRE(holder.is_held(last));
    CHECK(other.next(seen("us", "1"), last + effect_for_max(limits)) == LeaseStep::wait);
    CHECK(other.next(seen("us", "1"), start + limits.lasts_for) == LeaseStep::take);
}

TEST_CASE("without a Lease it is made, and held from then on; before, nothing may be done") {
    World world;
    CHECK(world.lease.is_engaged());
    world.run_until(3, [&] {
        CHECK_FALSE(world.lease.is_engaged());
        CHECK(world.server.holder == "ours");
    });
    CHECK(world.server.asked[1] == "POST /apis/coordination.k8s.io/v1/namespaces/shop/leases");
    // A renewal is one request, and who ends gives it back.
    CHECK(world.server.asked[2].starts_with("PATCH "));
    CHECK(world.server.asked.size() == 4);
    CHECK(world.server.holder.empty());
    CHECK(world.lease.is_engaged());
    REQUIRE_FALSE(world.log.empty());
    CHECK(world.log.front() == "we hold the Lease: what is permitted is done");
}

TEST_CASE("a holder that goes on renewing is waited for, and told of") {
    World world;
    world.server.hold("theirs");
    world.server.before_each = [] {};
    world.api.on_get = [&](const std::string& path) {
        world.server.hold("theirs");
        return world.server.get(path);
    };
    world.run_until(20);
    CHECK(world.lease.is_engaged());
    CHECK(world.server.holder == "theirs");
    CHECK(world.log == std::vector<std::string>{"standing by: Lease shop/lead is held by theirs"});
    CHECK(world.lease.release());  // It is no switch that a person could release.
}

TEST_CASE("a holder that ended is succeeded once the Lease has run out, and counted") {
    World world;
    world.server.hold("theirs");
    const Instant begun_at = world.clock.now();
    Instant taken_at{};
    world.api.on_write = [&](const ApiWrite& write) {
        taken_at = world.clock.now();
        world.lease.stop();
        return world.server.write(write);
    };
    net::run_for_test(world.context, world.lease.run());
    CHECK(taken_at - begun_at >= 30s);
    CHECK(taken_at - begun_at <= 36s);
    CHECK(world.server.transitions == 1);
}

TEST_CASE("one renewal that fails, in whatever way, costs the holder nothing") {
    using Reply = Result<ApiReply>;
    const std::vector<Reply> failures{
        fail(Fault::unreachable, "no route"),
        ApiReply{.status = 429, .body = object_of(R"({"message":"too many requests"})")},
        ApiReply{.status = 409, .body = object_of(R"({"message":"modified"})")}};
    for (const Reply& failure : failures) {
        World world;
        int writes_count = 0;
        bool was_engaged = false;
        world.api.on_write = [&](const ApiWrite& write) {
            const bool is_given_back = writes_count >= 4;
            was_engaged =
                was_engaged || (writes_count > 0 && !is_given_back && world.lease.is_engaged());
            return ++writes_count == 2 ? failure : world.server.write(write);
        };
        // Looked, made; the lost one; looked, renewed, renewed again.
        world.run_until(5);
        CHECK(writes_count >= 4);
        CHECK_FALSE(was_engaged);
        REQUIRE(world.log.size() == 1);
        CHECK(world.log.front().contains("we hold the Lease"));
    }
}

TEST_CASE("one that was taken from us while we could not renew it is not taken back") {
    World world;
    bool was_granted = false;
    world.api.on_write = [&](const ApiWrite& write) -> Result<ApiReply> {
        if (was_granted) {
            world.server.hold("theirs");
            world.server.asked.push_back(write.method);
            world.server.before_each();
            return ApiReply{.status = 409, .body = object_of(R"({"message":"modified"})")};
        }
        was_granted = true;
        return world.server.write(write);
    };
    world.run_until(5);
    CHECK(world.server.holder == "theirs");
    CHECK(world.lease.is_engaged());
    CHECK(world.lease.reason().contains("theirs"));
}

TEST_CASE("a server that does not answer, or forbids it, ends in nothing being done") {
    World world;
    int asked = 0;
    world.api.on_get = [&](const std::string&) -> Result<ApiReply> {
        if (++asked == 3) {
            world.lease.stop();
        }
        return asked == 1 ? Result<ApiReply>(fail(Fault::unreachable, "no route"))
                          : ApiReply{.status = 403,
                                     .body = object_of(R"({"message":"leases is forbidden"})")};
    };
    net::run_for_test(world.context, world.lease.run());
    CHECK(world.lease.is_engaged());
    REQUIRE(world.log.size() == 2);
    CHECK(world.log.front().contains("no route"));
    CHECK(world.log.back().contains("forbidden"));
}

TEST_CASE("a Lease that is none is refused with its field") {
    CHECK_FALSE(parse_lease(object_of("[]")));
    const Result<LeaseView> nameless = parse_lease(object_of(R"({"spec":{}})"));
    REQUIRE_FALSE(nameless);
    CHECK(nameless.error().text.contains("resourceVersion"));
    const Result<LeaseView> odd = parse_lease(
        object_of(R"({"metadata":{"resourceVersion":"7"},"spec":{"holderIdentity":7}})"));
    REQUIRE_FALSE(odd);
    CHECK(odd.error().text.contains("holderIdentity"));
}
