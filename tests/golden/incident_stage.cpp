#include "incident_stage.hpp"

#include "homeostat/app/review_report.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

namespace homeostat::golden {

namespace {

std::unexpected<Error> wrong(const std::string& what) {
    return fail(Fault::invalid, what);
}

/// "250ms", "3s".
Result<Duration> parse_span(const std::string& word) {
    std::int64_t count = 0;
    const char* end = word.data() + word.size();
    const auto [unit, error] = std::from_chars(word.data(), end, count);
    if (error == std::errc{} && std::string_view(unit, end) == "ms") {
        return std::chrono::milliseconds{count};
    }
    if (error == std::errc{} && std::string_view(unit, end) == "s") {
        return std::chrono::seconds{count};
    }
    return wrong("'" + word + "' is not a span like 250ms or 3s");
}

/// Nothing of it is done twice, and it can be taken back.
DeclaredTask task_of_stage(const std::string& name) {
    return {.task = TaskId(name),
            .declaration = "0123456789abcdef",
            .is_reversible = true,
            .is_repeatable = false,
            .is_destructive = false,
            .keeps_capacity = true};
}

/// "rollback v2 v1", "rollback config c2 c1", "rollback flag f2 f1", "restart payments-1",
/// "rolling_restart", "observe".
// NOLINTNEXTLINE(readability-function-cognitive-complexity): a table of words.
Result<Remedy> parse_remedy(std::span<const std::string> words) {
    const std::string name = words.empty() ? "" : words[0];
    if (name == "rollback" && words.size() == 3) {
        return Rollback{ServiceId("payments"), VersionId(words[1]), VersionId(words[2])};
    }
    if (name == "rollback" && words.size() == 4 && words[1] == "config") {
        return Rollback{ServiceId("payments"), VersionId(words[2]), VersionId(words[3]),
                        Artifact::config};
    }
    if (name == "rollback" && words.size() == 4 && words[1] == "flag") {
        return Rollback{ServiceId("payments"), VersionId(words[2]), VersionId(words[3]),
                        Artifact::flag};
    }
    if (name == "restart" && words.size() == 2) {
        return Restart{InstanceId(words[1])};
    }
    if (name == "eject" && words.size() == 2) {
        return Eject{InstanceId(words[1])};
    }
    if (name == "open_circuit" && words.size() == 2) {
        return OpenCircuit{ServiceId(words[1])};
    }
    if (name == "reroute" && words.size() == 2) {
        return Reroute{CacheId(words[1])};
    }
    if (name == "invalidate_cache" && words.size() == 2) {
        return InvalidateCache{CacheId(words[1])};
    }
    if (name == "scale" && words.size() == 3) {
        Scale scale{ServiceId("payments"), static_cast<std::uint32_t>(std::stoul(words[1])),
                    static_cast<std::uint32_t>(std::stoul(words[2]))};
        return scale;
    }
    if (name == "resize" && words.size() == 4) {
        return Resize{InstanceId(words[1]), std::stoull(words[2]) << 20U,
                      std::stoull(words[3]) << 20U};
    }
    if (name == "run_task" && words.size() == 2) {
        return RunTask{task_of_stage(words[1])};
    }
    if (name == "rolling_restart" && words.size() == 1) {
        return RollingRestart{ServiceId("payments")};
    }
    if (name == "observe" && words.size() == 1) {
        return Observe{};
    }
    return wrong("'" + name + "' with these words is no remedy");
}

}  // namespace

IncidentStage::IncidentStage() {
    executor_.on_commit = [this](const heal::HealingThread& thread,
                                 const std::vector<Entry>& records) {
        print_commit(thread, records);
    };
    executor_.on_command = [this](const std::string& line) { print_command(line); };
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): a table of words.
Result<std::vector<std::string>> IncidentStage::run(const Words& words) {
    output_.clear();
    const std::string& name = words.at(0);
    const bool is_alone = words.size() == 1;
    Result<void> done;
    if (name == "fault") {
        done = fault(words);
    } else if (name == "symptom") {
        done = symptom(words);
    } else if (name == "propose") {
        done = propose(words);
    } else if (name == "tick") {
        done = tick(words);
    } else if (name == "die") {
        done = die(words);
    } else if (name == "autonomy") {
        done = set_autonomy(words);
    } else if (name == "bar") {
        done = set_bar(words);
    } else if (name == "starts_take" && words.size() == 2) {
        const Result<Duration> span = parse_span(words[1]);
        world_.start_for = span.value_or(Duration{});
        done = span ? Result<void>{} : std::unexpected(span.error());
    } else if (name == "spares" && words.size() == 2) {
        world_ = heal::SimulatedWorld(3, static_cast<std::uint32_t>(std::stoul(words[1])));
    } else if (name == "verify" && words.size() == 2) {
        executor_.proofs_next.push_back(words[1] == "helped" ? ProofKind::helped
                                                             : ProofKind::not_helped);
    } else if (name == "unreadable" && words.size() == 2) {
        (words[1] == "edge" ? world_.is_edge_readable : world_.is_runtime_readable) = false;
    } else if (name == "readable" && is_alone) {
        world_.is_edge_readable = world_.is_runtime_readable = true;
    } else if ((name == "suspend" || name == "resume") && is_alone) {
        world_.is_suspended = name == "suspend";
    } else if (name == "cleared" && is_alone) {
        executor_.tell(heal::Cleared{});
    } else if (name == "settle" && is_alone) {
        executor_.settle();
    } else if (name == "restart" && is_alone) {
        executor_.restart();
    } else if (name == "explain" && is_alone) {
        print_story();
    } else if (name == "review" && is_alone) {
        print_review();
    } else if (name == "demote" && is_alone) {
        executor_.around.guard.demotes = true;
    } else if (name == "facts" && is_alone) {
        print_facts();
    } else {
        done = wrong("no such command; incident_stage.hpp lists them");
    }
    if (!done) {
        return std::unexpected(done.error());
    }
    for (const std::string& promise : executor_.broken) {
        output_.push_back("BROKEN PROMISE: " + promise);
    }
    return output_;
}

std::vector<std::string> IncidentStage::replay_troubles() const {
    const Result<heal::IncidentReplay> replay = heal::replay(executor_.ledger, IncidentId("i-1"));
    if (!replay) {
        return {replay.error().text};
    }
    std::vector<std::string> troubles;
    for (const heal::Redecision& decision : replay->decisions) {
        if (decision.replay != heal::Replay::same) {
            troubles.push_back(fmt::format("{} {}: recorded {}; replayed {}", decision.decision,
                                           to_text(decision.replay), decision.recorded,
                                           decision.replayed));
        }
    }
    if (replay->decisions.empty()) {
        troubles.emplace_back("nothing was decided");
    }
    return troubles;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): a table of words.
Result<void> IncidentStage::fault(const Words& words) {
    const std::string what = words.size() > 1 ? words[1] : "";
    if (what.starts_with("bad") && words.size() == 3) {
        make_bad(what, VersionId(words[2]));
    } else if (what == "dependency") {
        world_.is_dependency_failing = true;
    } else if (what == "stale" && words.size() == 3) {
        const Result<Duration> span = parse_span(words[2]);
        world_.copies_right_from_at = world_.now + span.value_or(Duration{});
        return span ? Result<void>{} : std::unexpected(span.error());
    } else if (what == "stall" && words.size() == 3) {
        world_.instance(InstanceId(words[2])).is_stalled = true;
    } else if (what == "surge" && words.size() == 3) {
        world_.serving_needed = static_cast<std::uint32_t>(std::stoul(words[2]));
    } else if (what == "slow" && words.size() >= 3) {
        world_.instance(InstanceId(words[2])).is_slow = true;
        world_.is_slow_for_ever = words.size() > 3 && words[3] == "forever";
    } else if (what == "end" && words.size() == 3) {
        world_.end_process(InstanceId(words[2]));
    } else if (what == "task" && words.size() == 3) {
        world_.tasks = {{task_of_stage(words[2]), false, {}, true}};
        executor_.around.guard.tasks[TaskId(words[2])] = Autonomy::act;
    } else if (what == "hungry" && words.size() == 6) {
        RuntimeInstance& runtime = world_.instance(InstanceId(words[2])).runtime;
        runtime.identity.pod = "3f6c0a1e-uid";
        runtime.memory = MemoryFacts{.limit_bytes = std::stoull(words[3]) << 20U,
                                     .limit_bytes_max = std::stoull(words[4]) << 20U,
                                     .is_in_force = true,
                                     .was_killed = true};
        world_.memory_needed_bytes = std::stoull(words[5]) << 20U;
        executor_.around.guard.autonomy[RemedyKind::resize] = Autonomy::act;
    } else if (what == "none") {
        world_.versions_bad.clear();
        world_.configs_bad.clear();
        world_.flags_bad.clear();
        world_.is_dependency_failing = false;
        world_.serving_needed = 0;
    } else {
        return wrong("no such fault");
    }
    return {};
}

void IncidentStage::make_bad(const std::string& what, const VersionId& version) {
    if (what == "bad_config") {
        world_.give_configs();
        world_.configs_bad.insert(version);
    } else if (what == "bad_flag") {
        world_.give_flags();
        world_.flags_bad.insert(version);
    } else {
        world_.versions_bad.insert(version);
    }
}

Result<void> IncidentStage::symptom(const Words& words) {
    constexpr std::size_t remedy_at = 4;
    if (words.size() <= remedy_at) {
        return wrong("want: symptom KIND SUBJECT VALUE REMEDY…");
    }
    const std::optional<SymptomKind> kind = parse_enum<SymptomKind>(words[1]);
    const Result<Remedy> remedy = parse_remedy(std::span(words).subspan(remedy_at));
    if (!kind || !remedy) {
        return kind ? std::unexpected(remedy.error()) : wrong("no such symptom");
    }
    if (words[2] == "payments") {
        symptom_ = heal::errors_for_test(world_.now);
    } else if (*kind == SymptomKind::check_failing) {
        symptom_ = heal::stale_for_test(world_.now);
        symptom_.subject = {SubjectKind::task, words[2]};
        symptom_.observer = Observer::check;
    } else if (*kind == SymptomKind::stale_cache) {
        symptom_ = heal::stale_for_test(world_.now);
    } else {
        symptom_ = heal::about_instance_for_test(*kind, words[2], world_.now);
    }
    symptom_.kind = *kind;
    symptom_.value = std::stod(words[3]);
    node_ = "open";
    executor_.open(heal::proposal_for_test(symptom_, *remedy, executor_.decide));
    return {};
}

Result<void> IncidentStage::propose(const Words& words) {
    const Result<Remedy> remedy = parse_remedy(std::span(words).subspan(1));
    if (!remedy) {
        return std::unexpected(remedy.error());
    }
    executor_.tell(heal::Proposed{heal::proposal_for_test(symptom_, *remedy, executor_.decide)});
    return {};
}

Result<void> IncidentStage::tick(const Words& words) {
    const Result<Duration> span = parse_span(words.size() == 2 ? words[1] : "");
    if (!span) {
        return std::unexpected(span.error());
    }
    const Instant until = world_.now + *span;
    while (executor_.wakes_by(until)) {
        executor_.wake();
    }
    world_.pass(until - world_.now);
    return {};
}

Result<void> IncidentStage::die(const Words& words) {
    if (words.size() != 3) {
        return wrong("want: die before|inside|after EFFECT");
    }
    const heal::DeathIn where = words[1] == "before"   ? heal::DeathIn::before
                                : words[1] == "inside" ? heal::DeathIn::inside
                                                       : heal::DeathIn::after;
    executor_.deaths_next[EffectId(words[2])] = where;
    return {};
}

Result<void> IncidentStage::set_autonomy(const Words& words) {
    const auto kind = words.size() == 3 ? parse_enum<RemedyKind>(words[1]) : std::nullopt;
    const auto level = words.size() == 3 ? parse_enum<Autonomy>(words[2]) : std::nullopt;
    if (!kind || !level) {
        return wrong("want: autonomy REMEDY LEVEL");
    }
    executor_.around.guard.autonomy[*kind] = *level;
    return {};
}

Result<void> IncidentStage::set_bar(const Words& words) {
    const auto kind = words.size() == 3 ? parse_enum<RemedyKind>(words[1]) : std::nullopt;
    if (!kind) {
        return wrong("want: bar REMEDY CONFIDENCE");
    }
    executor_.decide = heal::bar_for_test(*kind, std::stod(words[2]));
    return {};
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): line by line what there is.
void IncidentStage::print_facts() {
    const Facts facts = world_.facts();
    output_.push_back("current is " + facts.versions.deploy.current.text());
    if (!facts.versions.config.current.empty()) {
        output_.push_back("current configuration is " + facts.versions.config.current.text());
    }
    if (!facts.versions.flag.current.empty()) {
        output_.push_back("current flags are " + facts.versions.flag.current.text());
    }
    for (const InstanceFacts& one : facts.spares) {
        output_.push_back(one.runtime.instance.text() + ": spare");
    }
    for (const InstanceFacts& one : facts.instances) {
        const RuntimeInstance& runtime = one.runtime;
        const std::string state = !runtime.is_alive       ? "dead"
                                  : !runtime.is_answering ? "silent"
                                                          : "answering";
        const std::string config = runtime.config.empty() ? "" : " with " + runtime.config.text();
        const std::string by =
            runtime.effect.empty() ? "" : ", started by " + runtime.effect.text();
        output_.push_back(fmt::format("{}: {}{}, {}, {}{}", runtime.instance.text(),
                                      runtime.version.text(), config, state, to_text(one.rotation),
                                      by));
        if (runtime.memory) {
            output_.back() += ", " + memory_text(runtime.memory->limit_bytes);
        }
    }
    if (world_.is_circuit_open()) {
        output_.push_back("the circuit of fraud is open");
    }
    if (world_.is_rerouted()) {
        output_.push_back("the readers of quotes go to its source");
    }
    for (const TaskFacts& task : facts.tasks) {
        output_.push_back(fmt::format("the check of {} {}, {} runs", task.of.task.text(),
                                      task.is_well ? "is well" : "fails", world_.runs.size()));
    }
    for (const auto& [effect, count] : world_.changes_count) {
        if (count != 1) {
            output_.push_back(effect.text() + " happened " + std::to_string(count) + " times");
        }
    }
}

void IncidentStage::print_story() {
    const Result<std::string> story = app::explain(executor_.ledger, IncidentId("i-1"));
    print_lines(story ? *story : story.error().text);
}

void IncidentStage::print_review() {
    review::Past past;
    for (EntryGroup group : executor_.ledger) {
        // The stage has no wall clock: its boot began with 1970.
        group.wall_at = WallTime{
            std::chrono::duration_cast<std::chrono::milliseconds>(group.at.time_since_epoch())};
        review::note(past, group);
    }
    app::Config config;
    config.service = ServiceId("payments");
    config.file = "payments.yaml";
    config.guard = executor_.around.guard;
    print_lines(app::to_lines(app::autonomy_report(config, past)));
    const app::OutageReport report{.outages = review::outages_of(past, std::nullopt, std::nullopt),
                                   .first_at = past.first_at};
    print_lines(app::to_lines(report));
}

void IncidentStage::print_lines(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) {  // An empty line would end the block.
            output_.push_back(line);
        }
    }
}

void IncidentStage::print_commit(const heal::HealingThread& thread,
                                 const std::vector<Entry>& records) {
    const std::string node = heal::node_of(thread);
    const bool has_moved = node != node_;
    if (has_moved || !records.empty()) {
        std::string line = has_moved ? node_ + " -> " + node : node_;
        for (std::size_t index = 0; index < records.size(); ++index) {
            line += (index == 0 ? ": " : "; ") + heal::line_for_test(records[index]);
        }
        output_.push_back(std::move(line));
    }
    node_ = node;
}

void IncidentStage::print_command(const std::string& line) {
    if (line != "read_facts") {  // It follows on almost every superstep and changes nothing.
        output_.push_back("    " + line);
    }
}

}  // namespace homeostat::golden
