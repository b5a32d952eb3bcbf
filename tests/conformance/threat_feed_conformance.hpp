#pragma once

// What every list of suspicious sources promises, and what becomes of it at a real HAProxy.
//
// A Server is a real peer of its own that is killed with the test. It has `add` (an address or a
// network, for so long), `remove`, `start`, `kill`, `feed` and `stranger`, which makes a feed that
// the peer does not let read.
//
// For tests only.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/ports/threat_feed.hpp"

#include "marked_haproxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

class ReleasedSwitch final : public ports::KillSwitch {
  public:
    [[nodiscard]] bool is_engaged() const override { return false; }
    Result<void> engage() override { return {}; }
    Result<void> release() override { return {}; }
};

/// The role between a list and an HAProxy, with a ledger in memory.
template <class Server>
class GuardedByList {
  public:
    MarkedHaproxy edge;
    Server server{edge.context};
    std::vector<Entry> entries;

    GuardedByList() {
        heal::ImmuneSettings settings;
        settings.policy.feeds = {{.name = "list", .confidence = 90}};
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
                      heal::ImmunePorts{clock_, kill_switch_, marker_, {feed_.get()}},
                      std::move(settings));
        boost::asio::co_spawn(edge.context, role_->run(), boost::asio::detached);
    }
    ~GuardedByList() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        role_->stop();
        // The last turn of each of its tasks ends before what it refers to goes.
        const Instant until = net::now_for_test() + std::chrono::milliseconds{1200};
        net::run_until_for_test(edge.context, [&] { return net::now_for_test() > until; });
    }
    GuardedByList(const GuardedByList&) = delete;
    GuardedByList& operator=(const GuardedByList&) = delete;

    [[nodiscard]] std::size_t count(Mark mark) const {
        return role_->view().sources.at(std::string(to_text(mark)));
    }
    [[nodiscard]] heal::FeedView feed() const { return role_->view().feeds.front(); }

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
    adapters::haproxy::HaproxyMarker marker_{edge.context.get_executor(), edge.options()};
    std::unique_ptr<ports::ThreatFeed> feed_{server.feed()};
    std::optional<heal::ImmuneRole> role_;
};

inline Result<FeedUpdate> poll(boost::asio::io_context& context,
                               ports::ThreatFeed& feed,
                               bool is_whole) {
    const Instant deadline = net::now_for_test() + std::chrono::seconds{5};
    return net::run_for_test(context, feed.poll(is_whole, deadline));
}

/// All that is listed, with its end and a reason; what has changed; and all of it again.
template <class Server>
void check_what_a_list_tells() {
    using namespace std::chrono_literals;
    boost::asio::io_context context{1};
    Server server(context);
    server.add("192.0.2.7", 4h);
    server.add("203.0.113.0/24", 10min);
    const std::unique_ptr<ports::ThreatFeed> feed = server.feed();
    const Result<FeedUpdate> whole = poll(context, *feed, true);
    REQUIRE_MESSAGE(whole, (whole ? std::string() : whole.error().text));
    REQUIRE(whole->listed.size() == 2);
    for (const Listing& listing : whole->listed) {
        const bool is_address = to_text(listing.network) == "192.0.2.7";
        CHECK((is_address || to_text(listing.network) == "203.0.113.0/24"));
        CHECK(listing.lasts.value() <= (is_address ? 4h : 10min));
        CHECK(listing.lasts.value() > (is_address ? 3h : 9min));
        CHECK_FALSE(listing.reason.empty());
    }
    server.add("2001:db8::7", 1h);
    server.remove("192.0.2.7");
    // A peer that tells times in whole seconds tells what falls into the last one the next time.
    FeedUpdate changes;
    net::run_until_for_test(context, [&] {
        const Result<FeedUpdate> told = poll(context, *feed, false);
        if (told) {
            changes.listed.insert(changes.listed.end(), told->listed.begin(), told->listed.end());
            changes.removed.insert(changes.removed.end(), told->removed.begin(),
                                   told->removed.end());
        }
        return !changes.listed.empty() && !changes.removed.empty();
    });
    CHECK(to_text(changes.listed.front().network) == "2001:db8::7");
    CHECK(to_text(changes.removed.front()) == "192.0.2.7");
    const Result<FeedUpdate> again = poll(context, *feed, true);
    REQUIRE(again);
    CHECK(again->listed.size() == 2);
}

template <class Server>
void check_what_a_list_refuses() {
    boost::asio::io_context context{1};
    Server server(context);
    const std::unique_ptr<ports::ThreatFeed> feed = server.feed();
    CHECK(poll(context, *feed, true));
    const std::unique_ptr<ports::ThreatFeed> stranger = server.stranger();
    const Result<FeedUpdate> refused = poll(context, *stranger, true);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    server.kill();
    const Result<FeedUpdate> gone = poll(context, *feed, false);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().fault == Fault::unreachable);
    server.start();
    CHECK(poll(context, *feed, true));
}

/// From the list to a real HAProxy and back, also while the list is gone.
template <class Server>
void check_a_list_at_the_edge() {
    using namespace std::chrono_literals;
    GuardedByList<Server> guarded;
    guarded.server.add("198.51.100.7", 4h);
    guarded.server.add("10.0.0.0/8", 4h);
    guarded.server.add("192.0.2.7", 4h);
    CHECK(guarded.edge.visit("192.0.2.7") == 200);
    const Duration took =
        guarded.wait_until([&] { return guarded.edge.visit("192.0.2.7") == 403; });
    // By the machine's leave: polls each second, looks each half of one.
    CHECK(took < 10s);
    CHECK(guarded.edge.visit("198.51.100.7") == 200);
    CHECK(guarded.count(Mark::denied) == 1);
    CHECK(guarded.feed().refused.at("allowed") == 1);
    CHECK(guarded.feed().refused.at("reserved") == 1);
    guarded.server.kill();
    guarded.wait_until([&] { return !guarded.feed().is_answering; });
    CHECK(guarded.edge.visit("192.0.2.7") == 403);
    guarded.server.start();
    guarded.wait_until([&] { return guarded.feed().is_answering; });
    CHECK(guarded.count(Mark::denied) == 1);
    guarded.server.remove("192.0.2.7");
    guarded.wait_until([&] { return guarded.edge.visit("192.0.2.7") == 200; });
    CHECK(guarded.count(Mark::denied) == 0);
    CHECK(std::ranges::count(guarded.entries, EntryKind::marking, &Entry::kind) == 3);
}

}  // namespace homeostat::conformance
