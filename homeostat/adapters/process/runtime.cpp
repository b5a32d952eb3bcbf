#include "homeostat/adapters/process/runtime.hpp"

#include "homeostat/adapters/process/command.hpp"
#include "homeostat/adapters/process/stop.hpp"
#include "homeostat/adapters/process/stragglers.hpp"
#include "homeostat/adapters/process/wait.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/os/lock_file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <utility>
#include <variant>

namespace homeostat::adapters::process {

namespace {

// Between two requests to an instance that is starting; its end is noticed at once all the same.
constexpr Duration ask_again_after = std::chrono::milliseconds{50};

Outcome refused(std::string because) {
    return Outcome{OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return Outcome{OutcomeKind::unknown, std::move(because)};
}

std::string describe_process(const InstanceState& state) {
    return state.is_alive() ? "pid " + std::to_string(state.record->pid) : "no process";
}

bool is_as_expected(const ProcessIdentity& expected, const InstanceState& state) {
    if (expected.pid == 0) {
        return !state.is_alive();
    }
    return state.is_alive() && state.record->identity() == expected;
}

/// Faults of a start after which no program has begun.
bool has_begun_nothing(Fault fault) {
    return fault == Fault::busy || fault == Fault::absent || fault == Fault::full ||
           fault == Fault::invalid;
}

Result<void> check(const Options& options) {
    if (options.instances.empty() || options.instances.size() > instances_max) {
        return fail(Fault::invalid, "a service has 1 to 64 instances");
    }
    if (!options.run_directory.starts_with('/')) {
        return fail(Fault::invalid, "the run directory has to be an absolute path");
    }
    if (!is_plain_name(options.service.text())) {
        return fail(Fault::invalid, "'" + options.service.text() + "' is not a plain name");
    }
    if (!options.roots.config.empty() && options.roots.config == options.roots.deploy) {
        return fail(Fault::invalid, "program and configuration cannot have the same root");
    }
    const std::string version_dir = options.roots.deploy.empty() ? "" : "/";
    const std::string config_dir = options.roots.config.empty() ? "" : "/";
    for (const DeclaredInstance& instance : options.instances) {
        if (!is_plain_name(instance.id.text())) {
            return fail(Fault::invalid, "'" + instance.id.text() + "' is not a plain name");
        }
        const auto same = std::ranges::count(options.instances, instance.id, &DeclaredInstance::id);
        if (same != 1) {
            return fail(Fault::invalid, "the instance " + instance.id.text() + " is there twice");
        }
        const CommandValues values{instance.id.text(), instance.port, version_dir, config_dir};
        if (Result<std::vector<std::string>> command = expand_command(options.command, values);
            !command) {
            return std::unexpected(std::move(command.error()));
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Runtime>> Runtime::make(Options options, ports::Clock& clock) {
    if (const Result<void> checked = check(options); !checked) {
        return std::unexpected(checked.error());
    }
    if (const Result<void> made = os::make_directories(options.run_directory); !made) {
        return std::unexpected(made.error());
    }
    Result<std::string> boot_id = os::read_boot_id();
    if (!boot_id) {
        return std::unexpected(std::move(boot_id.error()));
    }
    return std::unique_ptr<Runtime>(new Runtime(std::move(options), std::move(*boot_id), clock));
}

Runtime::Runtime(Options options, std::string boot_id, ports::Clock& clock)
    : options_(std::move(options)),
      run_(options_.run_directory),
      versions_{
          Versions(options_.roots.deploy, run_.swap_mark_of(options_.service, Artifact::deploy)),
          Versions(options_.roots.config, run_.swap_mark_of(options_.service, Artifact::config)),
          Versions({}, {})},
      boot_id_(std::move(boot_id)),
      clock_(clock) {}

// --- Arriving ------------------------------------------------------------------------------------

Task<Result<Arrival>> Runtime::adopt_or_start(Instant deadline) {
    Arrival arrival;
    std::vector<Launch> launches;
    const Result<PerArtifact<VersionFacts>> versions = read_versions();
    if (!versions) {
        co_return std::unexpected(versions.error());
    }
    const PerArtifact<VersionId> current{versions->deploy.current, versions->config.current};
    for (const DeclaredInstance& declared : options_.instances) {
        const Result<InstanceState> state = look(declared.id);
        if (!state) {
            co_return std::unexpected(state.error());
        }
        if (state->record) {
            auto& list = state->is_alive() ? arrival.adopted : arrival.left_down;
            list.push_back(declared.id);
            continue;
        }
        if (declared.is_spare) {
            continue;
        }
        Result<Launch> started = co_await start_first(declared.id, current, deadline);
        if (!started) {
            co_return fail("first start of " + declared.id.text(), started.error());
        }
        launches.push_back(std::move(*started));
        arrival.started.push_back(declared.id);
    }
    Result<std::vector<InstanceId>> silent = co_await settle(arrival.started, deadline);
    if (!silent) {
        co_return std::unexpected(std::move(silent.error()));
    }
    arrival.not_answering = std::move(*silent);
    arrival.ended = co_await ends_of(std::move(launches), deadline);
    co_return arrival;
}

/// Those of the starts that came to nothing.
Task<std::vector<EndedStart>> Runtime::ends_of(std::vector<Launch> launches, Instant deadline) {
    std::vector<EndedStart> ended;
    for (Launch& launch : launches) {
        const Result<InstanceState> state = look(launch.instance);
        if (state && state->record && !state->is_alive()) {
            const InstanceId instance = launch.instance;
            Outcome end = co_await explain_end(std::move(launch), *state->record, deadline);
            ended.push_back({instance, std::move(end.because)});
        }
    }
    co_return ended;
}

/// Waits until each of those that were started answers or has ended, or the deadline; then names
/// whoever runs and does not answer.
Task<Result<std::vector<InstanceId>>> Runtime::settle(std::vector<InstanceId> started,
                                                      Instant deadline) {
    std::vector<InstanceId> silent;
    bool is_settled = false;
    while (!is_settled && clock_.now() < deadline) {
        Result<FactsPart> part = co_await read(deadline);
        if (!part) {
            co_return std::unexpected(std::move(part.error()));
        }
        silent.clear();
        for (const RuntimeInstance& instance : std::get<RuntimeFacts>(*part).instances) {
            if (instance.is_alive && !instance.is_answering) {
                silent.push_back(instance.instance);
            }
        }
        is_settled = std::ranges::find_first_of(silent, started) == silent.end();
        if (!is_settled) {
            const Instant again_at = std::min(clock_.now() + ask_again_after, deadline);
            co_await clock_.sleep_until(again_at);
        }
    }
    co_return silent;
}

Task<Result<Launch>> Runtime::start_first(InstanceId instance,
                                          PerArtifact<VersionId> versions,
                                          Instant deadline) {
    Result<Launch> launch = prepare_launch(options_, instance, versions, EffectId{});
    if (!launch) {
        co_return std::unexpected(std::move(launch.error()));
    }
    const Result<InstanceState> state = look(instance);
    if (!state) {
        co_return std::unexpected(state.error());
    }
    bind_to_record(*launch, *state);
    const Result<void> started =
        co_await carry_out(*launch, deadline, clock_, options_.on_phase_for_test);
    if (!started) {
        // Another guard's start may have been under way: what counts is that the instance runs.
        const Result<InstanceState> now = look(instance);
        if (!now || !now->is_alive()) {
            co_return std::unexpected(started.error());
        }
    }
    co_return launch;
}

// --- Reading -------------------------------------------------------------------------------------

Result<InstanceState> Runtime::look(const InstanceId& instance) const {
    return look_at(run_, instance, boot_id_);
}

Result<RuntimeInstance> Runtime::describe(const DeclaredInstance& declared) const {
    const Result<InstanceState> state = look(declared.id);
    if (!state) {
        return std::unexpected(state.error());
    }
    RuntimeInstance facts;
    facts.instance = declared.id;
    facts.is_spare = declared.is_spare;
    facts.is_wanted = is_wanted(declared.is_spare, *state);
    if (state->record) {
        facts.is_alive = state->is_alive();
        facts.identity = state->record->identity();
        facts.version = state->record->version;
        facts.config = state->record->config;
        facts.started_at = state->record->started_at_ns;
        facts.effect = state->record->effect;
    }
    return facts;
}

Task<bool> Runtime::is_answering(InstanceId instance, Instant started_at, Instant deadline) {
    if (!options_.answers) {
        co_return clock_.now() - started_at >= options_.settle_for;
    }
    const Instant answer_by = std::min(clock_.now() + options_.answer_within, deadline);
    const bool has_answered = co_await options_.answers(instance, answer_by);
    co_return has_answered;
}

/// Asks the instances from `index` on all at once: one that hangs must not age the others' answers.
Task<void> Runtime::ask_from(std::size_t index,
                             std::vector<RuntimeInstance>& instances,
                             Instant deadline) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    if (index == instances.size()) {
        co_return;
    }
    Task<void> others = ask_from(index + 1, instances, deadline);
    if (!instances[index].is_alive) {
        co_await std::move(others);
        co_return;
    }
    const InstanceId instance = instances[index].instance;
    Task<bool> answer = is_answering(instance, instances[index].started_at, deadline);
    const bool has_answered = co_await (std::move(answer) && std::move(others));
    instances[index].is_answering = has_answered;
}

Result<PerArtifact<VersionFacts>> Runtime::read_versions() const {
    PerArtifact<VersionFacts> facts;
    for (const Artifact artifact : artifacts_started) {
        if (options_.roots[artifact].empty()) {
            continue;
        }
        const Result<CurrentVersion> current = versions_[artifact].current();
        Result<std::vector<VersionId>> present = versions_[artifact].present();
        if (!current || !present) {
            return std::unexpected(current ? present.error() : current.error());
        }
        facts[artifact] = {current->version, std::move(*present), {}};
    }
    return facts;
}

Task<Result<FactsPart>> Runtime::read(Instant deadline) {
    RuntimeFacts facts;
    Result<PerArtifact<VersionFacts>> versions = read_versions();
    if (!versions) {
        co_return std::unexpected(std::move(versions.error()));
    }
    facts.versions = std::move(*versions);
    for (const DeclaredInstance& declared : options_.instances) {
        Result<RuntimeInstance> instance = describe(declared);
        if (!instance) {
            co_return std::unexpected(std::move(instance.error()));
        }
        facts.instances.push_back(std::move(*instance));
    }
    co_await ask_from(0, facts.instances, deadline);
    facts.read_at = clock_.now();
    co_return FactsPart{std::move(facts)};
}

// --- Acting --------------------------------------------------------------------------------------

bool Runtime::performs(const Step& step) const {
    const auto* swapped = std::get_if<SwapVersion>(&step);
    return swapped != nullptr
               ? is_started_with(swapped->artifact)
               : std::holds_alternative<Replace>(step) || std::holds_alternative<Stop>(step);
}

Task<Outcome> Runtime::perform(Request request, Instant deadline) {
    const EffectId& effect = request.effect();
    if (!is_plain_name(effect.text())) {
        co_return refused("the effect's id '" + effect.text() + "' is not a plain name");
    }
    if (clock_.now() >= deadline) {
        co_return refused("the deadline had passed before anything was done");
    }
    if (const auto* replacement = std::get_if<Replace>(&request.step())) {
        Outcome outcome = co_await replace(*replacement, effect, deadline);
        co_return outcome;
    }
    if (const auto* stopped = std::get_if<Stop>(&request.step())) {
        Outcome outcome = co_await stop(*stopped, deadline);
        co_return outcome;
    }
    if (const auto* swapped = std::get_if<SwapVersion>(&request.step())) {
        co_return swap(*swapped, effect);
    }
    co_return refused("the process runtime does not perform this step");
}

Outcome Runtime::swap(const SwapVersion& step, const EffectId& effect) const {
    if (options_.roots[step.artifact].empty() || step.service != options_.service) {
        return refused("the versions of " + step.service.text() + " are not ours to swap");
    }
    return versions_[step.artifact].swap(step, effect, options_.on_phase_for_test);
}

Result<Launch> Runtime::prepare(const Replace& step,
                                const EffectId& effect,
                                const InstanceState& state) const {
    if (!is_as_expected(step.expected, state)) {
        const std::string expected =
            step.expected.pid == 0 ? "none" : "pid " + std::to_string(step.expected.pid);
        return fail(Fault::refused, step.instance.text() + " has " + describe_process(state) +
                                        ", expected was " + expected);
    }
    if (state.record && state.record->effect == effect) {
        return fail(Fault::refused, "the effect " + effect.text() + " has been performed already");
    }
    return prepare_launch(options_, step.instance, {step.version, step.config}, effect);
}

Task<Outcome> Runtime::replace(Replace step, EffectId effect, Instant deadline) {
    Result<InstanceState> state = look(step.instance);
    if (!state) {
        co_return refused(state.error().text);
    }
    Result<Launch> launch = prepare(step, effect, *state);
    if (!launch) {
        co_return refused(launch.error().text);
    }
    reach(Phase::checked);
    const bool was_alive = state->is_alive();
    const bool has_ended = co_await end_process(step.instance, *state, deadline);
    if (!has_ended) {
        co_return unknown(describe_process(*state) + " was told to end and still runs");
    }
    Outcome outcome = co_await start_in_place(std::move(*launch), was_alive, deadline);
    co_return outcome;
}

/// Ends what runs there, its shim and what it left behind. False: the process still runs.
Task<bool> Runtime::end_process(InstanceId instance, const InstanceState& state, Instant deadline) {
    if (state.is_alive()) {
        static_cast<void>(state.process->send(SIGTERM));
        reach(Phase::signalled);
        const bool has_ended =
            co_await see_off(*state.process, options_.stop_grace, deadline, clock_);
        if (!has_ended) {
            co_return false;
        }
    }
    if (state.record) {
        co_await see_off_shim(*state.record, deadline, clock_);
        co_await end_stragglers(*state.record, run_.lock_of(instance), deadline, clock_);
    }
    reach(Phase::ended);
    co_return true;
}

Task<Outcome> Runtime::stop(Stop step, Instant deadline) {
    const auto declared =
        std::ranges::find(options_.instances, step.instance, &DeclaredInstance::id);
    if (declared == options_.instances.end() || !declared->is_spare) {
        co_return refused(step.instance.text() + " is no spare");
    }
    const Result<InstanceState> state = look(step.instance);
    if (!state) {
        co_return refused(state.error().text);
    }
    if (!is_as_expected(step.expected, *state)) {
        co_return refused(step.instance.text() + " has " + describe_process(*state));
    }
    reach(Phase::checked);
    const bool has_ended = co_await end_process(step.instance, *state, deadline);
    if (!has_ended) {
        co_return unknown(describe_process(*state) + " was told to end and still runs");
    }
    // Without a record it was never started: that is what makes it a spare again.
    const Result<InstanceState> after = look(step.instance);
    if (!after || after->is_alive()) {
        co_return unknown(after ? "somebody else has started " + step.instance.text()
                                : after.error().text);
    }
    // Under the lock that whoever starts it holds: a record must not go from under a process.
    const Result<os::LockFile> lock = os::LockFile::take(run_.lock_of(step.instance));
    if (!lock) {
        co_return unknown(lock.error().text);
    }
    if (Result<void> removed = os::remove_file(run_.record_of(step.instance)); !removed) {
        co_return unknown(removed.error().text);
    }
    co_return Outcome{OutcomeKind::done, step.instance.text() + " has ended and is a spare again"};
}

Task<Outcome> Runtime::start_in_place(Launch launch, bool was_alive, Instant deadline) {
    // The shim has written the old process's end in the meantime: another file, the same process.
    const Result<InstanceState> state = look(launch.instance);
    if (!state || state->is_alive()) {
        const std::string because =
            state ? "somebody else has started " + launch.instance.text() : state.error().text;
        co_return was_alive ? unknown(because) : refused(because);
    }
    bind_to_record(launch, *state);
    const Result<void> started =
        co_await carry_out(launch, deadline, clock_, options_.on_phase_for_test);
    if (!started && has_begun_nothing(started.error().fault)) {
        co_return was_alive ? unknown("the old process has ended, and " + started.error().text)
                            : refused(started.error().text);
    }
    if (started) {
        reach(Phase::started);
    }
    Outcome outcome = co_await confirm(std::move(launch), deadline);
    if (!started && outcome.kind != OutcomeKind::done) {
        outcome.because = started.error().text + "; " + outcome.because;
    }
    co_return outcome;
}

/// Waits until the new process has answered, has ended, or the deadline.
Task<Outcome> Runtime::confirm(Launch launch, Instant deadline) {
    for (;;) {  // Ends by the deadline.
        const Result<InstanceState> state = look(launch.instance);
        if (!state || !state->record || state->record->effect != launch.effect) {
            co_return unknown(state ? "there is no record of the new process" : state.error().text);
        }
        if (!state->is_alive()) {
            Outcome outcome = co_await explain_end(std::move(launch), *state->record, deadline);
            co_return outcome;
        }
        const bool has_answered =
            co_await is_answering(launch.instance, state->record->started_at_ns, deadline);
        if (has_answered && !state->process->has_ended()) {
            co_return Outcome{OutcomeKind::done, launch.instance.text() + " runs as pid " +
                                                     std::to_string(state->record->pid)};
        }
        if (clock_.now() >= deadline) {
            co_return unknown("pid " + std::to_string(state->record->pid) +
                              " runs, and has not answered before the deadline");
        }
        const Instant again_at = std::min(clock_.now() + ask_again_after, deadline);
        static_cast<void>(co_await wait_readable(state->process->fd(), again_at, clock_));
    }
}

/// The shim knows the exit status, a moment after the end.
Task<Outcome> Runtime::explain_end(Launch launch, InstanceRecord record, Instant deadline) {
    if (!record.exit_status) {
        co_await wait_for_status(record, deadline, clock_);
    }
    const Result<InstanceState> state = look(launch.instance);
    const bool is_known = state && state->record && state->record->exit_status &&
                          state->record->identity() == record.identity();
    const std::string end = is_known ? os::describe_exit(*state->record->exit_status) : "has ended";
    const std::string words = last_words(options_, launch);
    co_return unknown("the new process " + end +
                      (words.empty() ? " without a word" : ": " + words));
}

void Runtime::reach(Phase phase) const {
    if (options_.on_phase_for_test) {
        options_.on_phase_for_test(phase);
    }
}

}  // namespace homeostat::adapters::process
