// Two to five services that call each other in drawn ways, and whose remedies take capacity away at
// drawn times. While the network delivers in time no two neighbours do it at once; whatever it
// loses, everybody's turn comes.

#include "homeostat/base/rng.hpp"
#include "homeostat/mesh/names_for_test.hpp"
#include "homeostat/mesh/precedence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::mesh {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// As guard heeds words (guard/limits.hpp): for so long in each incident, and looks so often.
constexpr Duration heeds_for_max = seconds{30};
constexpr Duration looks_again_after = milliseconds{500};

struct Span {
    Instant since{};
    Instant until{};
    bool has_lost_patience{false};
};

struct Service {
    AgentId id;
    std::optional<Precedence> precedence;
    std::vector<std::size_t> callees;
    std::vector<std::size_t> callers;
    bool is_demon{false};  ///< Says `wait` to everybody, always, for as long as can be said.
    bool is_busy{false};   ///< With an incident: it waits, or is at work.
    Instant wants_since{};
    std::optional<Instant> heeds_until;
    std::vector<Span> spans;  ///< In which it took capacity away.
    Duration waited_max{};
};

class Herd {
  public:
    Herd(std::uint64_t seed, std::int64_t loss_percent) : rng_(seed), loss_percent_(loss_percent) {
        const auto count = static_cast<std::size_t>(rng_.between(2, 5));
        for (std::size_t at = 0; at < count; ++at) {
            Service service;
            service.id = AgentId(std::string(1, static_cast<char>('a' + at)));
            service.precedence.emplace(service.id, Limits{});
            services_.push_back(std::move(service));
        }
        for (std::size_t from = 0; from < count; ++from) {
            for (std::size_t to = 0; to < count; ++to) {
                const bool is_next = to == (from + 1) % count;  // A circle at least.
                if (from != to && (is_next || rng_.between(0, 2) == 0)) {
                    services_[from].callees.push_back(to);
                    services_[to].callers.push_back(from);
                }
            }
        }
    }

    void make_demon(std::size_t at) { services_[at].is_demon = true; }

    void run_for(Duration span) {
        const Instant end = at_ + span;
        for (std::size_t at = 0; at < services_.size(); ++at) {
            if (!services_[at].is_demon) {
                trouble_later(at);
            }
        }
        while (!queue_.empty() && queue_.begin()->first.first <= end) {
            auto item = queue_.extract(queue_.begin());
            at_ = item.key().first;
            item.mapped()();
        }
    }

    [[nodiscard]] std::vector<Service>& services() { return services_; }

    /// How often two neighbours took capacity away at once, though both had patience.
    [[nodiscard]] std::size_t both_count() const {
        std::size_t count = 0;
        for (std::size_t at = 0; at < services_.size(); ++at) {
            for (const std::size_t other : services_[at].callees) {
                count += overlaps(services_[at], services_[other]);
            }
        }
        return count;
    }

  private:
    static std::size_t overlaps(const Service& one, const Service& other) {
        std::size_t count = 0;
        for (const Span& left : one.spans) {
            count += static_cast<std::size_t>(
                std::ranges::count_if(other.spans, [&left](const Span& right) {
                    const bool is_both = left.since < right.until && right.since < left.until;
                    return is_both && !left.has_lost_patience && !right.has_lost_patience;
                }));
        }
        return count;
    }

    void after(Duration span, std::function<void()> what) {
        queue_.emplace(std::pair{at_ + span, order_++}, std::move(what));
    }

    [[nodiscard]] milliseconds draw_ms(std::int64_t low, std::int64_t high) {
        return milliseconds{rng_.between(low, high)};
    }

    /// Often of several at once: one fault shows at all of them.
    void trouble_later(std::size_t at) {
        const Duration even = seconds{rng_.between(1, 3) * 5};
        const bool is_even = rng_.between(0, 1) == 0;
        const Duration jitter = rng_.between(0, 1) == 0 ? draw_ms(0, 60) : draw_ms(0, 4'000);
        after(is_even ? even - at_.time_since_epoch() % seconds{5} + jitter : even + jitter,
              [this, at] { begin(at); });
    }

    void begin(std::size_t at) {
        Service& self = services_[at];
        self.wants_since = at_;
        self.heeds_until.reset();
        self.is_busy = true;
        want(at);
    }

    void want(std::size_t at) {
        Service& self = services_[at];
        if (self.heeds_until && at_ >= *self.heeds_until) {
            take(at, true);
            return;
        }
        std::vector<AgentId> neighbours;
        for (const std::size_t other : neighbours_of(at)) {
            neighbours.push_back(services_[other].id);
        }
        for (const Saying& saying : self.precedence->ask(neighbours, for_test::thread, at_)) {
            send(at, saying.to, saying.body);
        }
        after(Limits{}.ask_deadline, [this, at] { wake(at); });
        look(at);
    }

    [[nodiscard]] std::vector<std::size_t> neighbours_of(std::size_t at) const {
        std::vector<std::size_t> all = services_[at].callees;
        for (const std::size_t other : services_[at].callers) {
            if (std::ranges::find(all, other) == all.end()) {
                all.push_back(other);
            }
        }
        return all;
    }

    void wake(std::size_t at) {
        const bool was_asking = services_[at].precedence->is_asking();
        services_[at].precedence->pass_time(at_);
        if (was_asking) {
            look(at);
        }
    }

    /// What has come of the question.
    void look(std::size_t at) {
        Service& self = services_[at];
        if (self.precedence->is_asking()) {
            return;
        }
        Duration wait{};
        for (const NeighbourWord& word : self.precedence->words()) {
            wait = objects(word.says) ? std::max(word.lasts, looks_again_after) : wait;
        }
        if (wait == Duration{}) {
            const Duration takes_to_begin = draw_ms(0, 2'400);
            after(takes_to_begin, [this, at] { take(at, false); });
            return;
        }
        self.heeds_until = self.heeds_until.value_or(at_ + heeds_for_max);
        after(std::min(wait, *self.heeds_until - at_), [this, at] { want(at); });
    }

    void take(std::size_t at, bool has_lost_patience) {
        Service& self = services_[at];
        const Duration waited = at_ - self.wants_since;
        self.waited_max = std::max(self.waited_max, waited);
        const Duration takes = draw_ms(50, 3'000);
        self.spans.push_back({at_, at_ + takes, has_lost_patience});
        self.precedence->note(CapacityWork::taking);
        after(takes, [this, at] {
            services_[at].precedence->note(CapacityWork::proving);
            after(draw_ms(0, 2'000), [this, at] {
                services_[at].precedence->note(CapacityWork::none);
                services_[at].is_busy = false;
                trouble_later(at);
            });
        });
    }

    /// In order on each connection, as the transport does; or lost.
    void send(std::size_t from, const AgentId& to_id, const Body& body) {
        const auto to = static_cast<std::size_t>(to_id.text().front() - 'a');
        if (rng_.between(0, 99) < loss_percent_) {
            return;
        }
        Instant& last = delivered_at_[{from, to}];
        last = std::max(last, at_ + draw_ms(0, 20));
        after(last - at_, [this, from, to, body] { arrive(from, to, body); });
    }

    void arrive(std::size_t from, std::size_t to, const Body& body) {
        Service& self = services_[to];
        const AgentId sender = services_[from].id;
        const bool was_asking = self.precedence->is_asking();
        if (const auto* intend = std::get_if<Intend>(&body)) {
            const bool is_caller = std::ranges::find(self.callers, from) != self.callers.end();
            const Word word = self.is_demon
                                  ? Word{intend->ask, NeighbourSays::wait, word_ms_max}
                                  : self.precedence->answer(sender, is_caller, *intend, at_);
            send(to, sender, word);
        } else if (const auto* word = std::get_if<Word>(&body)) {
            self.precedence->hear(sender, *word, at_);
        }
        if (was_asking) {
            look(to);
        }
    }

    Rng rng_;
    std::int64_t loss_percent_;
    Instant at_ = instant_of_ns(1'000'000'000'000);
    std::uint64_t order_{0};
    std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> queue_;
    std::map<std::pair<std::size_t, std::size_t>, Instant> delivered_at_;
    std::vector<Service> services_;
};

constexpr std::uint64_t herds_count = 200;
constexpr Duration lives_for = std::chrono::minutes{3};
/// What is drawn between being let go and beginning, and the questions themselves.
constexpr Duration slack = seconds{4};

}  // namespace

TEST_CASE("while the network delivers two neighbours never take capacity away at once") {
    std::size_t taken_count = 0;
    std::size_t waited_count = 0;
    std::size_t impatient_count = 0;
    for (std::uint64_t seed = 0; seed < herds_count; ++seed) {
        CAPTURE(seed);
        Herd herd(seed, 0);
        herd.run_for(lives_for);
        REQUIRE(herd.both_count() == 0);
        for (const Service& one : herd.services()) {
            taken_count += one.spans.size();
            waited_count += one.waited_max > slack ? 1 : 0;
            impatient_count += static_cast<std::size_t>(
                std::ranges::count(one.spans, true, &Span::has_lost_patience));
            REQUIRE(one.waited_max <= heeds_for_max + slack);
        }
    }
    CHECK(taken_count > 5'000);  // A herd in which nothing happens proves nothing.
    CHECK(waited_count > 300);
    CHECK(impatient_count * 100 < taken_count);
}

TEST_CASE("whatever the network loses everybody's turn comes, within the stated delay") {
    std::size_t both_count = 0;
    for (std::uint64_t seed = 0; seed < herds_count; ++seed) {
        CAPTURE(seed);
        Herd herd(seed, 40);
        herd.run_for(lives_for);
        both_count += herd.both_count();
        for (const Service& one : herd.services()) {
            REQUIRE(one.spans.size() > 2);
            REQUIRE(one.waited_max <= heeds_for_max + slack);
        }
    }
    CHECK(both_count > 0);  // Two may, and the test above would see it.
}

TEST_CASE("a neighbour that lies costs each incident the stated delay, and no more") {
    Duration longest{};
    for (std::uint64_t seed = 0; seed < herds_count; ++seed) {
        CAPTURE(seed);
        Herd herd(seed, 0);
        herd.make_demon(0);
        herd.run_for(lives_for);
        for (const Service& one : herd.services()) {
            longest = std::max(longest, one.waited_max);
            REQUIRE(one.waited_max <= heeds_for_max + slack);
            REQUIRE((one.is_demon || one.spans.size() > 2));
        }
    }
    CHECK(longest >= heeds_for_max);
}

}  // namespace homeostat::mesh
