#include "homeostat/app/demo/scenario_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

/// What the demo reads of one incident (`homeostat incidents --json`).
struct Seen {
    std::string incident;
    std::string service;
    std::string state;
    std::vector<std::string> remedies;
    std::int64_t noticed_ns{0};
    std::int64_t opened_ns{0};
    std::int64_t judging_ns{0};
    std::optional<std::int64_t> first_intent_ns;
    std::optional<std::int64_t> last_outcome_ns;
    std::optional<std::int64_t> closed_ns;
    std::optional<std::int64_t> model_ns;
};

std::optional<std::int64_t> number_in(const json::object& object, const char* name) {
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_int64() ? std::optional(member->get_int64())
                                                   : std::nullopt;
}

Seen seen_in(const json::object& object) {
    Seen seen;
    seen.incident = std::string(object.at("incident").as_string());
    seen.service = std::string(object.at("service").as_string());
    seen.state = std::string(object.at("state").as_string());
    for (const json::value& remedy : object.at("remedies").as_array()) {
        seen.remedies.emplace_back(remedy.as_string());
    }
    seen.noticed_ns = number_in(object, "noticed_at_ns").value_or(0);
    seen.opened_ns = number_in(object, "opened_at_ns").value_or(0);
    seen.judging_ns = number_in(object, "judging_took_ns").value_or(0);
    seen.first_intent_ns = number_in(object, "first_intent_at_ns");
    seen.last_outcome_ns = number_in(object, "last_outcome_at_ns");
    seen.closed_ns = number_in(object, "closed_at_ns");
    seen.model_ns = number_in(object, "model_took_ns");
    return seen;
}

/// What payments and fraud have agreed on since, as the agent of payments tells it.
struct Agreements {
    std::optional<std::int64_t> promised_ns;
    std::optional<std::int64_t> asked_ns;
    std::uint32_t promised_count{0};
};

Agreements agreements_since(World& world, Instant since) {
    Agreements found;
    const Result<json::value> document = world.ask_agent("payments", "incidents", {"--mesh"});
    if (!document) {
        return found;
    }
    for (const json::value& value : document->at("moments").as_array()) {
        const json::object& moment = value.as_object();
        const std::int64_t at_ns = moment.at("at_ns").to_number<std::int64_t>();
        const json::object& pledge = moment.at("pledge").as_object();
        if (at_ns < to_ns(since)) {
            continue;
        }
        if (pledge.at("event").as_string() == "asked" && !found.asked_ns) {
            found.asked_ns = at_ns;
        }
        if (pledge.at("event").as_string() == "promised") {
            found.promised_count += 1;
            found.promised_ns = found.promised_ns.value_or(at_ns);
        }
    }
    return found;
}

/// The incidents of all agents opened since `since`, oldest first. An agent that does not answer
/// has none.
std::vector<Seen> incidents_since(World& world, Instant since) {
    std::vector<Seen> all;
    for (const std::string& service : world.guarded()) {
        const Result<json::value> document = world.ask_agent(service, "incidents");
        if (!document) {
            continue;
        }
        for (const json::value& incident : document->at("incidents").as_array()) {
            Seen seen = seen_in(incident.as_object());
            if (seen.opened_ns >= to_ns(since)) {
                all.push_back(std::move(seen));
            }
        }
    }
    std::ranges::sort(all, {}, &Seen::opened_ns);
    return all;
}

/// What the agent of a service did, each kind once.
std::vector<std::string> remedies_of(const std::vector<Seen>& incidents,
                                     const std::string& service) {
    std::vector<std::string> remedies;
    for (const Seen& seen : incidents) {
        for (const std::string& remedy : seen.remedies) {
            const bool is_new = std::ranges::find(remedies, remedy) == remedies.end();
            if (seen.service == service && is_new) {
                remedies.push_back(remedy);
            }
        }
    }
    return remedies;
}

std::vector<std::string> joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

bool is_over(const std::vector<Seen>& incidents) {
    return std::ranges::all_of(incidents,
                               [](const Seen& seen) { return seen.closed_ns.has_value(); });
}

/// The agent of each guarded service has done something.
bool have_all_acted(const World& world, const std::vector<Seen>& incidents) {
    return std::ranges::all_of(world.guarded(), [&](const std::string& service) {
        return std::ranges::any_of(incidents, [&](const Seen& seen) {
            return seen.service == service && seen.last_outcome_ns.has_value();
        });
    });
}

/// Waits for the cure, or until time is up.
void watch_cure(World& world, const Scenario& scenario, Instant since) {
    const Instant until = demo_now() + scenario.watch_for;
    bool is_mended = !scenario.mend;
    while (demo_now() < until) {
        demo_sleep(250ms);
        const Impact impact = impact_of(world.answers(), since, demo_now());
        const std::vector<Seen> incidents = incidents_since(world, since);
        // A fault that HAProxy hides from users altogether has no bad answer to heal.
        const bool is_served = !impact.began_at || impact.healed_at;
        const bool is_acted_upon = have_all_acted(world, incidents);
        // What was done has to help while the fault is still there.
        if (!is_mended && is_acted_upon && impact.healed_at) {
            is_mended = scenario.mend(world).has_value();
        }
        if (is_mended && is_acted_upon && is_over(incidents) && is_served) {
            return;
        }
    }
}

bool is_escalated(const Seen& seen) {
    return seen.state == "escalated";
}

/// Waits until a person is called for all that was noticed, and a while longer: nothing may follow.
void watch_call(World& world, const Scenario& scenario, Instant since) {
    const auto is_called = [&] {
        const std::vector<Seen> incidents = incidents_since(world, since);
        return !incidents.empty() && std::ranges::all_of(incidents, is_escalated);
    };
    (void)wait_until("a person is called", scenario.watch_for, is_called);
    demo_sleep(500ms);
}

/// Waits for the relief, or until time is up; then for some seconds more, in which it must last.
void watch_relief(World& world, const Scenario& scenario, Instant since) {
    constexpr auto proof_for = 4s;
    (void)wait_until("users are served well", scenario.watch_for, [&] {
        demo_sleep(200ms);
        return impact_of(world.answers(), since, demo_now()).healed_at.has_value();
    });
    demo_sleep(proof_for);
}

void mend(World& world, const Scenario& scenario, Instant since) {
    (void)scenario.mend(world);
    if (scenario.wanted == Wanted::agreement) {
        // Five good windows, and the way back in four steps.
        (void)wait_until("every call goes to fraud again", 20s, [&] {
            demo_sleep(200ms);
            const Result<int> held = world.dimmed_permille();
            return held && *held == 0;
        });
    }
    (void)wait_until("the incidents are closed", 12s,
                     [&] { return is_over(incidents_since(world, since)); });
    demo_sleep(good_window + 200ms);
}

/// Readers have been back so long when it is looked at what they did to the source.
constexpr auto back_for = 2s;

/// Returns the instant from which on the fault is mended; nothing if it is not.
std::optional<Instant> watch(World& world, const Scenario& scenario, Instant since) {
    if (scenario.wanted == Wanted::cure) {
        watch_cure(world, scenario, since);
        demo_sleep(scenario.source_reads_max > 0 ? back_for : 0s);
        return std::nullopt;
    }
    if (scenario.wanted == Wanted::person) {
        watch_call(world, scenario, since);
        return std::nullopt;
    }
    if (scenario.wanted == Wanted::relief || scenario.wanted == Wanted::agreement) {
        watch_relief(world, scenario, since);
    } else {
        demo_sleep(scenario.watch_for);
    }
    if (!scenario.mend) {
        return std::nullopt;
    }
    const Instant mended_at = demo_now();
    mend(world, scenario, since);
    return mended_at;
}

std::optional<double> ms_between(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
    if (!from || !to) {
        return std::nullopt;
    }
    return static_cast<double>(*to - *from) / 1e6;
}

void fill_times(ScenarioFigures& figures,
                const Impact& impact,
                const std::vector<Seen>& incidents) {
    std::optional<std::int64_t> t0;
    if (impact.began_at) {
        t0 = to_ns(*impact.began_at);
    }
    if (t0 && impact.healed_at) {
        figures.heal_ms = ms_between(t0, to_ns(*impact.healed_at));
    }
    figures.requests = impact.requests_count;
    figures.failed_requests = impact.failed_count;
    if (incidents.empty()) {
        return;
    }
    const auto acted = std::ranges::find_if(
        incidents, [](const Seen& seen) { return seen.first_intent_ns.has_value(); });
    const Seen& first = acted == incidents.end() ? incidents.front() : *acted;
    if (t0 && first.noticed_ns >= *t0) {  // Else no user had seen anything of it.
        figures.detect_ms = ms_between(t0, first.noticed_ns);
    }
    figures.decide_ms = static_cast<double>(first.judging_ns) / 1e6;
    figures.act_ms = ms_between(first.first_intent_ns, first.last_outcome_ns);
    if (first.model_ns) {
        figures.model_ms = static_cast<double>(*first.model_ns) / 1e6;
    }
}

/// From the first bad answer to the question, and from there to the mode in force.
void fill_times(ScenarioFigures& figures, const Impact& impact, const Agreements& agreements) {
    if (impact.began_at && agreements.asked_ns && *agreements.asked_ns >= to_ns(*impact.began_at)) {
        figures.detect_ms = ms_between(to_ns(*impact.began_at), agreements.asked_ns);
    }
    figures.act_ms = ms_between(agreements.asked_ns, agreements.promised_ns);
}

bool contains_any(const std::vector<std::string>& list, const std::vector<std::string>& of) {
    return std::ranges::any_of(
        of, [&](const std::string& word) { return std::ranges::find(list, word) != list.end(); });
}

/// What is not as it should be where only a person is to be called; empty: all is.
std::string objection_to_call(const Impact& impact, const std::vector<Seen>& incidents) {
    constexpr std::uint64_t requests_per_failure_min = 100;
    if (incidents.empty()) {
        return "nothing was noticed";
    }
    if (!std::ranges::all_of(incidents, is_escalated)) {
        return "no person was called";
    }
    return impact.failed_count * requests_per_failure_min > impact.requests_count
               ? "users were not served throughout"
               : std::string();
}

/// What is not as it should be where users are to be served well again; empty: all is.
std::string objection_to_cure(const Scenario& scenario,
                              const Impact& impact,
                              const std::vector<Seen>& incidents) {
    const bool is_expected = remedies_of(incidents, "payments") == scenario.expected &&
                             remedies_of(incidents, "fraud") == scenario.expected_of_fraud;
    if (!is_expected) {
        return "not the expected remedies";
    }
    if (impact.began_at && !impact.healed_at) {
        return "users were not served well again";
    }
    // What the other agent has to mend is rightly left alone.
    const auto is_healed = [&](const Seen& seen) {
        const bool is_anothers = !scenario.expected_of_fraud.empty() && seen.remedies.empty();
        return seen.state == "healed" || (is_anothers && seen.closed_ns);
    };
    return std::ranges::all_of(incidents, is_healed) ? std::string()
                                                     : "an incident was not proven healed";
}

/// What is not as it should be where neighbours are to agree; empty: all is.
std::string objection_to_agreement(const Impact& impact, const Agreements& agreements) {
    if (!agreements.promised_ns) {
        return "nothing was promised";
    }
    return impact.began_at && !impact.healed_at ? "users were not served well again"
                                                : std::string();
}

/// Before the fault, while readers were sent to the source, and since. Nothing if they never were,
/// or if that is not looked at.
std::optional<SourceReads> source_reads_of(const World& world,
                                           const Scenario& scenario,
                                           Instant since,
                                           const std::vector<Seen>& incidents) {
    const auto rerouted = std::ranges::find_if(incidents, [](const Seen& seen) {
        return std::ranges::find(seen.remedies, "reroute") != seen.remedies.end() &&
               seen.first_intent_ns && seen.last_outcome_ns;
    });
    if (scenario.source_reads_max == 0 || rerouted == incidents.end()) {
        return std::nullopt;
    }
    const Instant began_at = instant_of_ns(*rerouted->first_intent_ns);
    const Instant ended_at = instant_of_ns(*rerouted->last_outcome_ns);
    const std::vector<Instant> reads = world.source_reads();
    return SourceReads{.before = peak_per_second(reads, since - settle_for, since),
                       .rerouted = peak_per_second(reads, began_at, ended_at),
                       .after = peak_per_second(reads, ended_at, demo_now())};
}

/// What is not as it should be at the source; empty: all is.
std::string objection_to_reads(const Scenario& scenario, const std::optional<SourceReads>& reads) {
    if (scenario.source_reads_max == 0) {
        return {};
    }
    if (!reads) {
        return "there was no reroute";
    }
    const std::uint64_t most = std::max({reads->before, reads->rerouted, reads->after});
    return most > scenario.source_reads_max
               ? fmt::format("the source was asked {} times in a second, more than {}", most,
                             scenario.source_reads_max)
               : std::string();
}

/// Says in words what is not as it should be; empty: all is.
std::string objection(const Scenario& scenario,
                      const ScenarioRun& run,
                      const Impact& impact,
                      const std::vector<Seen>& incidents,
                      const Agreements& agreements) {
    const ScenarioFigures& figures = run.figures;
    if (figures.requests == 0) {
        return "no user was there";
    }
    if (contains_any(figures.remedies, scenario.forbidden)) {
        return "a forbidden remedy was used";
    }
    const bool is_hands_off =
        scenario.wanted == Wanted::nothing || scenario.wanted == Wanted::person;
    if (is_hands_off && (!figures.remedies.empty() || run.has_replaced)) {
        return "something was done";
    }
    std::string wrong;
    if (scenario.wanted == Wanted::agreement) {
        wrong = objection_to_agreement(impact, agreements);
    } else if (scenario.wanted == Wanted::person) {
        wrong = objection_to_call(impact, incidents);
    } else if (scenario.wanted == Wanted::cure || scenario.wanted == Wanted::relief) {
        wrong = objection_to_cure(scenario, impact, incidents);
    }
    if (wrong.empty()) {
        wrong = objection_to_reads(scenario, run.source_reads);
    }
    return wrong.empty() && !run.is_ledger_intact ? "the ledger is not intact" : wrong;
}

/// What is left of a relief once its reason is gone; empty: nothing, and nobody noticed its end.
std::string trouble_after_mend(World& world, const Scenario& scenario, Instant mended_at) {
    if (scenario.wanted != Wanted::relief && scenario.wanted != Wanted::agreement) {
        return {};
    }
    const Result<bool> is_open = world.is_circuit_open();
    if (!is_open || *is_open) {
        return is_open ? "the circuit stayed open" : is_open.error().text;
    }
    const Result<int> held = world.dimmed_permille();
    if (!held || *held != 0) {
        return held ? "calls to fraud were still held back" : held.error().text;
    }
    const Impact impact = impact_of(world.answers(), mended_at, demo_now());
    const bool is_well = impact.failed_count * 100 <= impact.requests_count;
    return is_well ? "" : "users noticed that the circuit was closed";
}

/// The first incident that is decided otherwise when it is replayed; empty: none is.
std::string trouble_in_replay(const World& world, const std::vector<Seen>& incidents) {
    const auto differs = std::ranges::find_if(incidents, [&](const Seen& seen) {
        return !world.replays_the_same(seen.service, seen.incident);
    });
    return differs == incidents.end()
               ? std::string()
               : fmt::format(
                     "the ledger decides {} of {} otherwise; run it with --keep DIR and "
                     "ask `homeostat replay {}` there",
                     differs->incident, differs->service, differs->incident);
}

}  // namespace

Result<ScenarioRun> run_scenario(const Scenario& scenario, WorldOptions options) {
    Rng rng = Rng(options.seed).fork(scenario.name);
    if (scenario.shape) {
        scenario.shape(options, rng);
    }
    World world(std::move(options));
    if (Result<void> started = world.start(); !started) {
        return std::unexpected(started.error());
    }
    demo_sleep(settle_for);
    const Instant since = demo_now();
    if (Result<void> begun = scenario.begin(world, rng); !begun) {
        return std::unexpected(begun.error());
    }
    const std::vector<int> pids = world.instance_pids();
    const Result<World::Checks> before = world.checks_of_fraud();
    const std::optional<Instant> mended_at = watch(world, scenario, since);
    const Result<World::Checks> after = world.checks_of_fraud();
    const Agreements agreements = agreements_since(world, since);
    const Impact impact = impact_of(world.answers(), since, demo_now());
    const std::vector<Seen> incidents = incidents_since(world, since);
    ScenarioRun run;
    run.has_replaced = world.instance_pids() != pids;
    run.figures.name = scenario.name;
    run.figures.expected = scenario.wanted == Wanted::agreement
                               ? std::vector<std::string>{"reduce_mode"}
                               : joined(scenario.expected, scenario.expected_of_fraud);
    run.figures.remedies =
        joined(remedies_of(incidents, "payments"), remedies_of(incidents, "fraud"));
    fill_times(run.figures, impact, incidents);
    run.wrong_count = impact.wrong_count;
    run.wrong_for = impact.wrong_for;
    run.source_reads = source_reads_of(world, scenario, since, incidents);
    if (before && after) {
        run.checks_asked_count = after->asked_count - before->asked_count;
        run.checks_given_count = after->given_count - before->given_count;
    }
    if (agreements.promised_ns) {
        run.figures.remedies.insert(run.figures.remedies.begin(), "reduce_mode");
        fill_times(run.figures, impact, agreements);
    }
    const std::string left_over = mended_at ? trouble_after_mend(world, scenario, *mended_at) : "";
    world.stop();
    run.is_ledger_intact = true;
    for (const std::string& service : world.guarded()) {
        const Result<json::value> ledger = world.ask_agent(service, "verify-ledger");
        run.is_ledger_intact = run.is_ledger_intact && ledger && ledger->at("intact").as_bool();
        run.records_count += ledger ? ledger->at("records").to_number<std::uint64_t>() : 0;
    }
    run.story = objection(scenario, run, impact, incidents, agreements);
    for (const std::string& trouble : {left_over, trouble_in_replay(world, incidents)}) {
        run.story = run.story.empty() ? trouble : run.story;
    }
    run.is_as_expected = run.story.empty();
    run.figures.healed = run.is_as_expected;
    return run;
}

}  // namespace homeostat::app::demo
