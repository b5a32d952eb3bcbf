// A real CrowdSec, and what becomes of its decisions at a real HAProxy.

#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"
#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "crowdsec_server.hpp"
#include "marked_haproxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

namespace crowdsec = adapters::crowdsec;

class ReleasedSwitch final : public ports::KillSwitch {
  public:
    [[nodiscard]] bool is_engaged() const override { return false; }
    Result<void> engage() override { return {}; }
    Result<void> release() override { return {}; }
};

/// The role between a CrowdSec and an HAProxy, with a ledger in memory.
class Guarded {
  public:
    MarkedHaproxy edge;
    CrowdsecServer server{edge.context};
    std::vector<Entry> entries;

    Guarded() {
        heal::ImmuneSettings settings;
        settings.policy.feeds = {{.name = "crowdsec", .confidence = 90}};
        settings.policy.allowed = {network_for_test("198.51.100.0/24")};
        // Half of the requests here are the listed visitor's.
        settings.policy.limits.trial_requests = 20;
        settings.policy.limits.on_trial_permille_max = immune::permille_max;
        settings.policy.limits.denied_permille_max = immune::permille_max;
        settings.policy.may_deny = true;
        settings.limits.is_declared = true;
        settings.limits.allowed = settings.policy.allowed;
        settings.autonomy = Autonomy::act;
        settings.life = "1";
        settings.log = [](const std::string&) {};
        settings.keep = [this](std::vector<Entry> added) { return keep(std::move(added)); };
        settings.unwitnessed = [] { return std::string(); };
        role_.emplace(edge.context.get_executor(),
                      heal::ImmunePorts{clock_, kill_switch_, marker_, {&feed_}},
                      std::move(settings));
        boost::asio::co_spawn(edge.context, role_->run(), boost::asio::detached);
    }
    ~Guarded() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        role_->stop();
        // The last turn of each of its tasks ends before what it refers to goes.
        const Instant until = net::now_for_test() + 1200ms;
        net::run_until_for_test(edge.context, [&] { return net::now_for_test() > until; });
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    [[nodiscard]] std::size_t count(Mark mark) const {
        return role_->view().sources.at(std::string(to_text(mark)));
    }
    [[nodiscard]] const heal::ImmuneRole& role() const { return *role_; }

    /// Visitors from elsewhere, until it is so. Gives how long that took.
    Duration wait_until(const std::function<bool()>& is_so) {
        const Instant began_at = net::now_for_test();
        net::run_until_for_test(edge.context, [&] {
            static_cast<void>(edge.visit("203.0.113.9"));
            return is_so();
        });
        return net::now_for_test() - began_at;
    }

  private:
    Task<bool> keep(std::vector<Entry> added) {
        entries.insert(entries.end(), added.begin(), added.end());
        co_return true;
    }

    adapters::system::SystemClock clock_{edge.context.get_executor()};
    ReleasedSwitch kill_switch_;
    haproxy::HaproxyMarker marker_{edge.context.get_executor(), edge.options()};
    crowdsec::CrowdsecFeed feed_{edge.context.get_executor(),
                                 {server.endpoint(), CrowdsecServer::key()}};
    std::optional<heal::ImmuneRole> role_;
};

Result<FeedUpdate> poll(boost::asio::io_context& context,
                        crowdsec::CrowdsecFeed& feed,
                        bool is_whole) {
    return net::run_for_test(context, feed.poll(is_whole, net::now_for_test() + 5s));
}

}  // namespace

TEST_CASE(
    "CrowdSec tells what is new, what has ended, and all of it again; a key that it does not "
    "know, and that it is gone, are told apart" *
    doctest::skip(!has_crowdsec())) {
    boost::asio::io_context context{1};
    CrowdsecServer server(context);
    server.add("--ip", "192.0.2.7", "4h");
    server.add("--range", "203.0.113.0/24", "10m");
    crowdsec::CrowdsecFeed feed(context.get_executor(), {server.endpoint(), server.key()});
    const Result<FeedUpdate> whole = poll(context, feed, true);
    REQUIRE_MESSAGE(whole, (whole ? std::string() : whole.error().text));
    REQUIRE(whole->listed.size() == 2);
    for (const Listing& listing : whole->listed) {
        const bool is_address = to_text(listing.network) == "192.0.2.7";
        CHECK((is_address || to_text(listing.network) == "203.0.113.0/24"));
        CHECK(listing.lasts.value() <= (is_address ? 4h : 10min));
        CHECK(listing.lasts.value() > (is_address ? 3h : 9min));
        CHECK_FALSE(listing.reason.empty());
    }
    server.add("--ip", "2001:db8::7", "1h");
    server.remove("--ip", "192.0.2.7");
    // It tells times in whole seconds, and what falls into the last one is told the next time.
    FeedUpdate changes;
    net::run_until_for_test(context, [&] {
        const Result<FeedUpdate> told = poll(context, feed, false);
        if (told) {
            changes.listed.insert(changes.listed.end(), told->listed.begin(), told->listed.end());
            changes.removed.insert(changes.removed.end(), told->removed.begin(),
                                   told->removed.end());
        }
        return !changes.listed.empty() && !changes.removed.empty();
    });
    CHECK(to_text(changes.listed.front().network) == "2001:db8::7");
    CHECK(to_text(changes.removed.front()) == "192.0.2.7");
    const Result<FeedUpdate> again = poll(context, feed, true);
    REQUIRE(again);
    CHECK(again->listed.size() == 2);
    crowdsec::CrowdsecFeed stranger(context.get_executor(), {server.endpoint(), "not-a-key"});
    const Result<FeedUpdate> refused = poll(context, stranger, true);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    server.kill();
    const Result<FeedUpdate> gone = poll(context, feed, false);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().fault == Fault::unreachable);
    server.start();
    CHECK(poll(context, feed, true));
}

TEST_CASE(
    "what CrowdSec decides is denied at the edge after its trial, also when it dies, and let in "
    "again once it is taken back" *
    doctest::skip(!has_crowdsec() || !has_haproxy())) {
    Guarded guarded;
    guarded.server.add("--ip", "198.51.100.7", "4h");
    guarded.server.add("--range", "10.0.0.0/8", "4h");
    guarded.server.add("--ip", "192.0.2.7", "4h");
    CHECK(guarded.edge.visit("192.0.2.7") == 200);
    const Duration took =
        guarded.wait_until([&] { return guarded.edge.visit("192.0.2.7") == 403; });
    // By the machine's leave: polls each second, looks each half of one.
    CHECK(took < 10s);
    CHECK(guarded.edge.visit("198.51.100.7") == 200);
    CHECK(guarded.count(Mark::denied) == 1);
    const heal::FeedView feed = guarded.role().view().feeds.front();
    CHECK(feed.refused.at("allowed") == 1);
    CHECK(feed.refused.at("reserved") == 1);
    guarded.server.kill();
    guarded.wait_until([&] { return !guarded.role().view().feeds.front().is_answering; });
    CHECK(guarded.edge.visit("192.0.2.7") == 403);
    guarded.server.start();
    guarded.wait_until([&] { return guarded.role().view().feeds.front().is_answering; });
    CHECK(guarded.count(Mark::denied) == 1);
    guarded.server.remove("--ip", "192.0.2.7");
    guarded.wait_until([&] { return guarded.edge.visit("192.0.2.7") == 200; });
    CHECK(guarded.count(Mark::denied) == 0);
    CHECK(std::ranges::count(guarded.entries, EntryKind::marking, &Entry::kind) == 3);
}
