// A fault that comes back after every remedy that was proven to help, 39 times in a row: how often
// it is remedied, that a person hears of it, and that whoever takes over does not count anew.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t returns_count = 39;
constexpr int looks_max = 120;  ///< Longer than any remedy that is in hand.
const std::string ill_one = "payments-1";

struct Course {
    std::string what;
    SymptomKind kind{SymptomKind::instance_down};
    Duration stays_for{};   ///< Where nothing is done; then it passes by itself.
    bool is_killed{false};  ///< kill -9 comes before it, each time, and once it is there.
    /// What was proven to help so often asks a person, and nobody answers. 0 = it goes on alone.
    std::uint32_t successes_max{0};
};

class Loop {
  public:
    explicit Loop(Course course) : course_(std::move(course)) {
        machine.settings.guard.demotes = true;
        machine.settings.guard.successes_max = course_.successes_max;
        begin();
    }

    /// It is there again a second after it was over. What an agent says of it, each second.
    void come_back() {
        live_anew();
        process_->clock.run_for(1s);
        fall_ill();
        const Symptom symptom = about_instance_for_test(course_.kind, ill_one, machine.world.now);
        const Instant passes_at = machine.world.now + course_.stays_for;
        for (int looks = 0; looks == 0 || (is_open() && machine.world.now < passes_at); ++looks) {
            if (looks == 2) {
                live_anew();  // In the middle of whatever is done.
            }
            (void)process_->submit(proposal_for_test(symptom, restart_for_test(ill_one)));
            process_->clock.run_for(1s);
        }
        be_well();
        for (int looks = 0; looks < looks_max && is_open(); ++looks) {
            process_->await(process_->executor->clear(symptom));
            process_->clock.run_for(1s);
        }
        ended_count += is_open() ? 0 : 1;
        if (machine.notices.empty()) {
            remedies_before_notice = remedied_at().size();
        }
    }

    /// When it was started anew, in order.
    [[nodiscard]] std::vector<Instant> remedied_at() const {
        std::vector<Instant> found;
        for (const EntryGroup& group : machine.disk.groups) {
            for (const Entry& entry : group.entries) {
                if (line_for_test(entry).contains(" replace " + ill_one + " ")) {
                    found.push_back(group.at);
                }
            }
        }
        return found;
    }

    void promote(RemedyKind kind) {
        ensure(process_->await(process_->executor->promote({kind, "alice", "go on"})).has_value(),
               "what is demoted is promoted");
    }

    SimulatedMachine machine;
    std::size_t ended_count{0};
    std::size_t remedies_before_notice{0};

  private:
    [[nodiscard]] bool is_open() const { return !process_->executor->incidents().empty(); }

    void live_anew() {
        if (course_.is_killed) {
            process_.reset();
            begin();
        }
    }

    void begin() {
        process_ = std::make_unique<SimulatedProcess>(machine);
        ensure(process_->start().has_value(), "a process in a test starts");
    }

    void fall_ill() {
        if (course_.kind == SymptomKind::instance_down) {
            machine.world.end_process(InstanceId(ill_one));
        } else {
            machine.world.instance(InstanceId(ill_one)).is_stalled = true;
        }
    }

    void be_well() {
        SimulatedInstance& one = machine.world.instance(InstanceId(ill_one));
        one.runtime.is_alive = true;
        one.is_stalled = false;
    }

    Course course_;
    std::unique_ptr<SimulatedProcess> process_;
};

/// The most within a window.
std::size_t most_within(const std::vector<Instant>& all, Duration window) {
    std::size_t most = 0;
    for (const Instant from : all) {
        const auto is_in = [&](Instant at) { return at >= from && at < from + window; };
        most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(all, is_in)));
    }
    return most;
}

std::vector<Course> courses() {
    std::vector<Course> all;
    for (const auto kind : {SymptomKind::instance_down, SymptomKind::instance_not_answering}) {
        for (const Duration stays_for : {Duration{20s}, Duration{12min}}) {
            for (const bool is_killed : {false, true}) {
                const std::string what(to_text(kind));
                all.push_back({what, kind, stays_for, is_killed, 0});
                all.push_back({what, kind, stays_for, is_killed, 3});
            }
        }
    }
    return all;
}

/// What is judged, and not only started where it has ended.
bool is_bounded_over_incidents(const Course& course) {
    return course.kind != SymptomKind::instance_down && course.successes_max > 0;
}

std::size_t count_of(const std::vector<std::string>& texts, const std::string& words) {
    return static_cast<std::size_t>(std::ranges::count_if(
        texts, [&](const std::string& text) { return text.contains(words); }));
}

/// A dead process is started at once, so often; what is judged cools down.
std::size_t remedies_max(const Course& course, const guard::Limits& limits) {
    return course.kind == SymptomKind::instance_down
               ? limits.attempts_max
               : static_cast<std::size_t>(limits.effects_window / limits.cool_down) + 1;
}

}  // namespace

TEST_CASE("what comes back after every remedy is remedied so often as the limits say, and told") {
    for (const Course& course : courses()) {
        CAPTURE(course.what);
        CAPTURE(to_seconds(course.stays_for));
        CAPTURE(course.is_killed);
        Loop loop(course);
        for (std::size_t count = 0; count < returns_count; ++count) {
            loop.come_back();
        }
        const guard::Limits& limits = loop.machine.settings.guard;
        const std::vector<Instant> remedied_at = loop.remedied_at();
        CHECK(loop.ended_count == returns_count);
        CHECK(loop.machine.has_line("closed healed"));
        CHECK_FALSE(remedied_at.empty());
        CHECK(most_within(remedied_at, limits.effects_window) <= remedies_max(course, limits));
        CHECK_FALSE(loop.machine.notices.empty());
        CHECK(loop.remedies_before_notice <= limits.attempts_max);
        CHECK(is_one_effect_per_intent(loop.machine));
        if (is_bounded_over_incidents(course)) {
            CHECK(remedied_at.size() == course.successes_max);
            CHECK(count_of(loop.machine.notices, "it was proven to help 3 times") == 1);
        }
    }
}

TEST_CASE("a person who promotes what came back lets it go on for as many times, and no more") {
    for (const bool is_killed : {false, true}) {
        CAPTURE(is_killed);
        Loop loop({"", SymptomKind::instance_not_answering, 12min, is_killed, 3});
        for (std::size_t round = 1; round <= 3; ++round) {
            for (std::size_t count = 0; count < 8; ++count) {
                loop.come_back();
            }
            CHECK(loop.remedied_at().size() == 3 * round);
            loop.promote(RemedyKind::restart);
        }
        CHECK(count_of(loop.machine.notices, "it was proven to help 3 times") == 3);
    }
}

}  // namespace homeostat::heal
