#include "run_cell.hpp"

#include "homeostat/heal/replay.hpp"

#include "life.hpp"
#include "person.hpp"
#include "stage.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace homeostat::matrix {

namespace {

using namespace std::chrono_literals;

/// By then the first version has proven itself, and ten seconds of ordinary requests are known.
constexpr Duration ordinary_for = 13s;
/// After the fault: an incident that was put off is judged anew after a minute.
constexpr Duration settles_within = 4min;
constexpr Duration well_for = 3s;

/// Where an incident may be while nothing more is to be expected of us.
bool is_at_rest(const heal::IncidentView& incident) {
    return incident.node == "stand_by";
}

class Course {
  public:
    explicit Course(const Cell& cell) : stage_(cell) {}

    CellResult run() {
        {
            Life life(stage_);
            Person person(stage_, life);
            begin(life, person);
            live_through(life);
            judge_end(life);
        }
        succeed();
        check_replays();
        stage_.witness.see_end();
        result_.effects_count = stage_.witness.effects_count();
        result_.broken = stage_.witness.broken();
        result_.trace = std::move(stage_.trace);
        return std::move(result_);
    }

  private:
    void begin(Life& life, Person& person) {
        if (const Result<void> started = life.start(); !started) {
            stage_.witness.accuse("P14: it does not start: " + started.error().text);
        }
        boost::asio::co_spawn(life.context(), person.look(), boost::asio::detached);
        boost::asio::co_spawn(life.context(), pass_time(), boost::asio::detached);
    }

    Task<void> pass_time() {
        while (true) {
            stage_.pass();
            co_await stage_.clock.sleep_until(stage_.clock.now() + 20ms);
        }
    }

    void live_for(Duration span) {
        (void)stage_.clock.run_until([] { return false; }, span);
    }

    void live_through(Life& life) {
        live_for(ordinary_for);
        if (stage_.spoiler.cell.phase == Phase::idle) {
            stage_.enter(Phase::idle);
            // And its after-effects: a watch that had failed comes back within 30 s.
            live_for(stage_.fault_for() + 30s);
            if (stage_.witness.effects_count() > 0 || !stage_.witness.incidents().empty()) {
                stage_.witness.accuse("P21: something is done, and nothing was wrong");
            }
        }
        stage_.say("somebody deploys v2");
        stage_.cluster.deploy("v2");
        stage_.enter(Phase::detect);
        Instant settled_since = stage_.clock.now();
        const Instant until =
            stage_.clock.now() + ordinary_for + stage_.fault_for() + settles_within;
        while (stage_.clock.now() < until && stage_.clock.now() - settled_since < well_for) {
            live_for(200ms);
            settled_since = is_settled(life) ? settled_since : stage_.clock.now();
        }
    }

    /// Whatever is to come of it has come.
    [[nodiscard]] bool is_settled(Life& life) {
        const bool is_over = stage_.spoiler.has_begun && !stage_.spoiler.is_on;
        const bool is_known = !stage_.witness.incidents().empty();
        return is_over && is_known && life.executor().incidents().empty() &&
               !stage_.cluster.is_failing();
    }

    /// That a person was asked does not tell them that it has come to nothing.
    [[nodiscard]] bool is_told(const heal::IncidentView& incident) const {
        const std::string call = stage_.witness.call_of(incident.incident);
        return is_at_rest(incident) && !call.empty() &&
               std::ranges::find(stage_.notices, call) != stage_.notices.end();
    }

    void judge_end(Life& life) {
        if (!stage_.spoiler.has_begun) {
            stage_.witness.accuse("the incident never came to that phase");
        }
        const std::vector<heal::IncidentView> open = life.executor().incidents();
        const bool is_well = !stage_.cluster.is_failing();
        const bool is_all_told =
            !open.empty() && std::ranges::all_of(open, [this](const heal::IncidentView& one) {
                return is_told(one);
            });
        result_.ending = open.empty() && is_well ? "healed" : is_all_told ? "told" : "in hand";
        if (result_.ending == "in hand") {
            for (const heal::IncidentView& incident : open) {
                stage_.say("open: " + incident.incident.text() + " at " + incident.node);
            }
            stage_.witness.accuse("P19: users are not well, and nobody was told");
        }
        stage_.say("the end: " + result_.ending);
    }

    /// Whoever comes after us reads the ledger, and repeats nothing.
    void succeed() {
        const std::size_t effects_before = stage_.witness.effects_count();
        stage_.disk.end_processes();
        Life life(stage_);
        if (const Result<void> started = life.start(); !started) {
            stage_.witness.accuse("P14: a successor does not start: " + started.error().text);
            return;
        }
        live_for(5s);
        if (stage_.witness.effects_count() != effects_before) {
            stage_.witness.accuse("P2: a successor does something at once");
        }
    }

    /// Every decision, made again from the ledger alone, is the same.
    void check_replays() {
        for (const std::string& incident : stage_.witness.incidents()) {
            const Result<heal::IncidentReplay> replay =
                heal::replay(stage_.witness.groups(), IncidentId(incident));
            if (!replay) {
                stage_.witness.accuse("P26: " + replay.error().text);
                continue;
            }
            for (const heal::Redecision& one : replay->decisions) {
                if (one.replay != heal::Replay::same) {
                    stage_.witness.accuse(fmt::format("P26: {} was {}, and replays as {}",
                                                      one.decision, one.recorded, one.replayed));
                }
            }
        }
    }

    Stage stage_;
    CellResult result_;
};

}  // namespace

CellResult run_cell(const Cell& cell) {
    Course course(cell);
    return course.run();
}

}  // namespace homeostat::matrix
