#include "homeostat/app/clusters.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/net/certificates_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

namespace kubernetes = adapters::kubernetes;

/// A cluster at an address where nobody listens.
struct ClustersWorld {
    net::TemporaryDirectory directory;
    net::AuthorityForTest authority;
    boost::asio::io_context context;
    kubernetes::SetClock clock;
    std::vector<std::string> told;
    Clusters clusters{context.get_executor(), clock,
                      [this](const std::string& text) { told.push_back(text); }};
    Config config = service();

    ClustersWorld() {
        write("ca.crt", authority.certificate());
        write("kubeconfig", R"({apiVersion: v1, kind: Config, current-context: x,
clusters: [{name: x, cluster: {server: "https://127.0.0.1:1", certificate-authority: ca.crt}}],
users: [{name: x, user: {token: abc}}],
contexts: [{name: x, context: {cluster: x, user: x, namespace: shop}}]}
)");
        clusters.expect(config);
    }
    void write(const std::string& name, const std::string& text) const {
        REQUIRE(os::write_file_atomically(directory.file(name), text));
    }
    [[nodiscard]] Config service() const {
        Config made;
        made.service = ServiceId("cart");
        made.kubernetes.emplace();
        made.kubernetes->name_space = "shop";
        made.kubernetes->deployment = "cart";
        made.kubernetes->kubeconfig = directory.file("kubeconfig");
        return made;
    }
    ClusterLink& link() { return clusters.link_of(config); }
    /// Asks it, and is ready for the rest.
    void find() {
        const auto found = link().find(config, Instant{});
        REQUIRE_FALSE(found);
        REQUIRE(link().api());
    }
    /// Lets everything go on that does not wait; a Lease that is asked for tells of it soon.
    void turn() {
        constexpr int turns_max = 1000;
        for (int turn = 0; turn < turns_max; ++turn) {
            context.poll_one();
        }
    }
    std::unique_ptr<LeaseUse> use(const std::string& lease) {
        kubernetes::Options options;
        options.name_space = "shop";
        options.lease = lease;
        return link().lease(options, "we");
    }
};

}  // namespace

TEST_CASE("a cluster where nobody listens is away, and one that was not asked is not") {
    ClustersWorld world;
    CHECK_FALSE(world.link().is_away());
    world.find();
    CHECK(world.link().is_away());
}

TEST_CASE("a kubeconfig that cannot be read says nothing about the cluster") {
    ClustersWorld world;
    world.config.kubernetes->kubeconfig = world.directory.file("none");
    CHECK_FALSE(world.link().find(world.config, Instant{}));
    CHECK_FALSE(world.link().is_away());
}

TEST_CASE("a process waits for those Leases alone that a service of it still wants") {
    ClustersWorld world;
    world.find();
    const auto cart = world.use("cart");
    auto fees = world.use("fees");
    auto fees_too = world.use("fees");
    CHECK(world.clusters.stands_by_because().contains("shop/cart"));
    CHECK(world.clusters.stands_by_because().contains("shop/fees"));
    fees.reset();
    CHECK(world.clusters.stands_by_because().contains("shop/fees"));
    fees_too.reset();
    CHECK_FALSE(world.clusters.stands_by_because().contains("shop/fees"));
    CHECK(world.clusters.stands_by_because().contains("shop/cart"));
}

TEST_CASE("a Lease that nobody wants any more is not asked for, and an ended one stays engaged") {
    ClustersWorld world;
    world.find();
    auto failed_before = world.use("cart");
    failed_before.reset();
    world.clusters.begin();
    world.turn();
    CHECK(world.told.empty());
    ClustersWorld other;
    other.find();
    auto failed_after = other.use("cart");
    kubernetes::Lease& lease = failed_after->lease();
    other.clusters.begin();
    failed_after.reset();
    other.turn();
    CHECK(other.told.empty());
    CHECK(other.clusters.stands_by_because().empty());
    CHECK(lease.is_engaged());
}

TEST_CASE("a Lease that one service gave back before the begin is there for the next one") {
    ClustersWorld world;
    world.find();
    world.use("cart").reset();
    const auto again = world.use("cart");
    CHECK(world.clusters.stands_by_because().contains("shop/cart"));
}

TEST_CASE("the list of a whole namespace has more time than that of one service") {
    ClustersWorld world;
    const Instant soon = world.clock.now() + std::chrono::seconds{3};
    CHECK(world.link().listed_by("shop", soon) == soon);
    world.clusters.expect(world.config);
    CHECK(world.link().listed_by("shop", soon) >= world.clock.now() + std::chrono::minutes{1});
    const Instant later = world.clock.now() + std::chrono::hours{1};
    CHECK(world.link().listed_by("shop", later) == later);
}

}  // namespace homeostat::app
