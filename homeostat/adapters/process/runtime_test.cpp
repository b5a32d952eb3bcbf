#include "homeostat/adapters/process/runtime.hpp"

#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/proc.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::process {

namespace {

using Pids = std::vector<std::int32_t>;

void run_script(World& world, const std::string& script) {
    world.options.command = {"/bin/sh", "-c", script};
}

Arrival arrive(World& world) {
    const Result<Arrival> arrival = run(world.runtime()->adopt_or_start(world.soon()));
    REQUIRE_MESSAGE(arrival.has_value(), (arrival ? "" : arrival.error().text));
    return *arrival;
}

/// How often who was asked.
struct Asked {
    int late{0};
    int never{0};
};

/// pay-1 answers once, to the third question; any other one hangs.
Task<bool> answers_late_or_never(InstanceId instance, Asked& asked) {
    const bool is_late = instance.text() == "pay-1";
    ++(is_late ? asked.late : asked.never);
    co_return is_late&& asked.late == 3;
}

/// Writes a record as a shim would, about a process that is not ours.
void forge_record(const World& world,
                  std::int32_t pid,
                  std::uint64_t start_ticks,
                  const std::string& boot_id) {
    std::filesystem::create_directories(world.options.run_directory);
    world.write("run/pay-0.json",
                R"({"name":"pay-0","effect":"","version":"","boot_id":")" + boot_id +
                    R"(","pid":)" + std::to_string(pid) + R"(,"start_ticks":)" +
                    std::to_string(start_ticks) +
                    R"(,"shim_pid":999999999,"shim_start_ticks":1,"started_at_ns":1})");
}

}  // namespace

// --- Arriving ------------------------------------------------------------------------------------

TEST_CASE("the first guard starts every instance, a second one adopts them untouched") {
    World world;
    world.options.instances.push_back({InstanceId{"pay-1"}, 4712});
    const Arrival first = arrive(world);
    CHECK(first.started.size() == 2);
    CHECK(first.not_answering.empty());
    const Pids before = world.instances_alive();
    CHECK(before.size() == 2);
    const Arrival second = arrive(world);
    CHECK(second.adopted.size() == 2);
    CHECK(second.started.empty());
    CHECK(world.instances_alive() == before);
}

TEST_CASE("an instance that has ended is left down by a guard that comes") {
    World world;
    arrive(world);
    ::kill(world.record().pid, SIGKILL);
    CHECK(eventually([&] { return world.shims_alive().empty(); }));
    const Arrival arrival = arrive(world);
    CHECK(arrival.left_down.size() == 1);
    CHECK(world.instances_alive().empty());
    CHECK(world.record().exit_status == SIGKILL);
}

TEST_CASE("after a reboot every instance is started again") {
    World world;
    // The pid and the ticks are right by chance; the boot is not.
    const os::ProcessStat self = os::read_process_stat(::getpid()).value();
    forge_record(world, self.pid, self.start_ticks, "another-boot");
    CHECK(!world.facts().is_alive);
    CHECK(arrive(world).started.size() == 1);
    CHECK(world.instances_alive().size() == 1);
}

TEST_CASE("an instance that does not answer is named and runs on") {
    World world;
    world.options.answers = [](InstanceId, Instant) -> Task<bool> { co_return false; };
    const auto runtime = world.runtime();
    const Instant deadline = world.clock.now() + std::chrono::milliseconds{300};
    const Result<Arrival> arrival = run(runtime->adopt_or_start(deadline));
    REQUIRE(arrival.has_value());
    CHECK(arrival->not_answering.size() == 1);
    CHECK(world.facts().is_alive);
    CHECK(!world.facts().is_answering);
}

TEST_CASE("an adopted instance that hangs is named at once, and only a new one is waited for") {
    World world;
    arrive(world);
    world.options.instances.push_back({InstanceId{"pay-1"}, 4712});
    Asked asked;
    world.options.answers = [&asked](InstanceId instance, Instant) {
        return answers_late_or_never(std::move(instance), asked);
    };
    const Arrival with_a_new_one = arrive(world);
    CHECK(with_a_new_one.started == std::vector{InstanceId{"pay-1"}});
    CHECK(with_a_new_one.not_answering == std::vector{world.instance()});
    CHECK(asked.late == 3);
    asked.never = 0;
    const Arrival without = arrive(world);
    CHECK(without.adopted.size() == 2);
    CHECK(without.not_answering.size() == 2);
    CHECK(asked.never == 1);
}

TEST_CASE("a first start that cannot work says which instance and why") {
    World world;
    world.options.command = {"/no/such/program"};
    const Result<Arrival> arrival = run(world.runtime()->adopt_or_start(world.soon()));
    REQUIRE(!arrival);
    CHECK(arrival.error().fault == Fault::absent);
    CHECK(arrival.error().text.contains("pay-0"));
    CHECK(arrival.error().text.contains("/no/such/program"));
}

TEST_CASE("an instance that ends right after its first start is named with its last words") {
    World world;
    run_script(world, "echo 'cannot listen on port 80' >&2; exit 3");
    const Arrival arrival = arrive(world);
    REQUIRE(arrival.ended.size() == 1);
    CHECK(arrival.ended.front().instance == world.instance());
    CHECK(arrival.ended.front().because.contains("exited with status 3"));
    CHECK(arrival.ended.front().because.contains("cannot listen on port 80"));
    CHECK(world.instances_alive().empty());
}

TEST_CASE("options that cannot be are refused before anything is made") {
    const World world;
    RealClock clock;
    const auto fault_with = [&](auto change) {
        Options options = world.options;
        change(options);
        const auto made = Runtime::make(options, clock);
        return made ? std::string{} : made.error().text;
    };
    CHECK(fault_with([](Options&) {}).empty());
    CHECK(!fault_with([](Options& options) { options.instances.clear(); }).empty());
    CHECK(!fault_with([](Options& o) { o.instances.push_back(o.instances[0]); }).empty());
    CHECK(!fault_with([](Options& o) { o.instances[0].id = InstanceId{"../x"}; }).empty());
    CHECK(!fault_with([](Options& options) { options.run_directory = "run"; }).empty());
    CHECK(!fault_with([](Options& options) { options.command = {"{prot}"}; }).empty());
}

// --- Identity ------------------------------------------------------------------------------------

TEST_CASE("a process that was given the same pid is neither adopted nor signalled") {
    World world;
    const os::ProcessStat self = os::read_process_stat(::getpid()).value();
    forge_record(world, self.pid, self.start_ticks + 1, os::read_boot_id().value());
    CHECK(!world.facts().is_alive);
    const Outcome outcome = world.replace("i-1.e1", {self.pid, self.start_ticks + 1});
    CHECK(outcome.kind == OutcomeKind::refused);  // And we are still here to see it.
    CHECK(world.instances_alive().empty());
}

TEST_CASE("a zombie is not alive, and its place can be taken") {
    World world;
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(0);
    }
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
    const os::ProcessStat zombie = os::read_process_stat(child).value();
    CHECK(zombie.is_dead());
    forge_record(world, child, zombie.start_ticks, os::read_boot_id().value());
    CHECK(!world.facts().is_alive);
    CHECK(world.replace("i-1.e1", {child, zombie.start_ticks}).kind == OutcomeKind::refused);
    CHECK(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    CHECK(world.instances_alive().size() == 1);
    ::waitpid(child, nullptr, 0);
}

TEST_CASE("a record that cannot be read stops every step and says what to do") {
    World world;
    arrive(world);
    const Pids before = world.instances_alive();
    const std::string good = os::read_file(world.path() + "/run/pay-0.json", 4096).value();
    world.write("run/pay-0.json", "{}");
    const auto part = run(world.runtime()->read(world.soon()));
    REQUIRE(!part);
    CHECK(part.error().fault == Fault::corrupt);
    CHECK(part.error().text.contains("run/pay-0.json"));
    CHECK(world.replace("i-1.e1", {}).kind == OutcomeKind::refused);
    CHECK(world.instances_alive() == before);
    world.write("run/pay-0.json", good);
    CHECK(world.facts().is_alive);
}

// --- Replacing -----------------------------------------------------------------------------------

TEST_CASE("a replaced instance is another process with the effect's id") {
    World world;
    arrive(world);
    const RuntimeInstance before = world.facts();
    const Instant asked_at = world.clock.now();
    const Outcome outcome = world.replace("i-1.e1", before.identity);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    const RuntimeInstance after = world.facts();
    CHECK(after.is_alive);
    CHECK(after.is_answering);
    CHECK(after.effect.text() == "i-1.e1");
    CHECK(after.identity != before.identity);
    CHECK(after.started_at > asked_at);
    CHECK(world.instances_alive() == Pids{after.identity.pid});
}

TEST_CASE("a replace that expects another process touches nothing") {
    World world;
    arrive(world);
    const ProcessIdentity identity = world.facts().identity;
    for (const ProcessIdentity& wrong :
         {ProcessIdentity{}, ProcessIdentity{identity.pid, identity.start_ticks + 1},
          ProcessIdentity{identity.pid + 1, identity.start_ticks}}) {
        CHECK(world.replace("i-1.e1", wrong).kind == OutcomeKind::refused);
    }
    CHECK(world.instances_alive() == Pids{identity.pid});
}

TEST_CASE("a program that is missing costs nothing: the old process is not touched") {
    World world;
    arrive(world);
    const ProcessIdentity identity = world.facts().identity;
    world.options.command = {"/no/such/program"};
    const Outcome outcome = world.replace("i-1.e1", identity);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("/no/such/program"));
    world.options.command = {"/bin/sleep", "1000"};
    world.options.shim = world.path() + "/no-shim";
    CHECK(world.replace("i-1.e1", identity).kind == OutcomeKind::refused);
    CHECK(world.instances_alive() == Pids{identity.pid});
}

TEST_CASE("a program that looks fine and cannot be executed has begun nothing") {
    World world;
    world.write("bad", "#!/no/such/interpreter\n");
    world.options.command = {world.path() + "/bad"};
    const Outcome outcome = world.replace("i-1.e1", {});
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("bad"));
}

TEST_CASE("a start that the shim does not understand has begun nothing") {
    World world;
    world.options.log_files = 1000;
    const Outcome outcome = world.replace("i-1.e1", {});
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("--log-files"));
}

#if !__has_feature(thread_sanitizer)  // Its runtime writes to a file before the shim's main begins.
TEST_CASE("without room for its record no instance begins") {
    World world;
    std::filesystem::create_directories(world.options.run_directory);
    const pid_t agent = ::fork();
    if (agent == 0) {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &none);
        const Outcome outcome = world.replace("i-1.e1", {});
        const bool is_clear =
            outcome.kind == OutcomeKind::refused && outcome.because.contains("File too large");
        ::_exit(is_clear ? 0 : 1);
    }
    int status = 1;
    ::waitpid(agent, &status, 0);
    CHECK(status == 0);
    CHECK(world.instances_alive().empty());
}
#endif

TEST_CASE("a shim that dies before it has told leaves it to the record") {
    World world;
    // It looks like a shim to the adapter and ends like one that was killed.
    world.write("shim", "#!/bin/sh\nkill -9 $$\n");
    const std::string shim = std::exchange(world.options.shim, world.path() + "/shim");
    const Outcome nothing = world.replace("i-1.e1", {});
    CHECK(nothing.kind == OutcomeKind::unknown);
    CHECK(nothing.because.contains("no record"));
    world.write("shim", "#!/bin/sh\n" + shim + " \"$@\"; kill -9 $$\n");
    const Outcome begun = world.replace("i-1.e2", {});
    CHECK_MESSAGE(begun.kind == OutcomeKind::done, begun.because);
    CHECK(world.instances_alive().size() == 1);
}

TEST_CASE("an instance that ends at once is unknown, with its status and its last words") {
    World world;
    run_script(world, "echo old words; echo 'no port \33[1m'; echo 'I give up' >&2; exit 3");
    const Outcome outcome = world.replace("i-1.e1", {});
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK_MESSAGE(outcome.because.contains("exited with status 3"), outcome.because);
    CHECK(outcome.because.contains("no port ?[1m | I give up"));
    CHECK(!world.facts().is_alive);
    CHECK(world.facts().effect.text() == "i-1.e1");
    run_script(world, "exit 4");
    const Outcome silent = world.replace("i-1.e2", {});
    CHECK_MESSAGE(silent.because.contains("exited with status 4"), silent.because);
    CHECK(!silent.because.contains("I give up"));
}

TEST_CASE("how an instance ended is told, though its shim is slow to write it down") {
    World world;
    run_script(world,
               "shim=$PPID; (sleep 1.5; kill -CONT $shim) & kill -STOP $shim; echo bad; exit 3");
    const Outcome outcome = world.replace("i-1.e1", {});
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK_MESSAGE(outcome.because.contains("exited with status 3"), outcome.because);
    CHECK(outcome.because.contains("bad"));
}

TEST_CASE("an instance that runs and does not answer is unknown at the deadline") {
    World world;
    world.options.answers = [](InstanceId, Instant) -> Task<bool> { co_return false; };
    const auto runtime = world.runtime();
    Request request{guard::Gate::permit(EffectId{"i-1.e1"}, Replace{world.instance(), {}, {}})};
    const Instant deadline = world.clock.now() + std::chrono::milliseconds{300};
    const Outcome outcome = run(runtime->perform(std::move(request), deadline));
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.contains("has not answered"));
    CHECK(world.facts().is_alive);
}

TEST_CASE("a process that ignores SIGTERM is killed after the grace") {
    World world;
    world.options.stop_grace = std::chrono::milliseconds{200};
    run_script(world, "trap '' TERM; touch " + world.path() + "/up; while :; do sleep 0.05; done");
    // tidy(lambda): it is no coroutine; it hands its capture to one as a value.
    world.options.answers = [up = world.path() + "/up"](InstanceId, Instant) -> Task<bool> {
        return [](std::string file) -> Task<bool> { co_return std::filesystem::exists(file); }(up);
    };
    arrive(world);
    const Outcome outcome = world.replace("i-1.e1", world.facts().identity);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.facts().effect.text() == "i-1.e1");
}

TEST_CASE(
    "what an instance left running ends with it, so that its successor finds its place free") {
    World world;
    run_script(world, "sleep 1001 & exec sleep 1000");
    world.options.settle_for = std::chrono::milliseconds{200};
    arrive(world);
    CHECK(eventually([&] { return world.instances_alive().size() == 2; }));
    const Outcome outcome = world.replace("i-1.e1", world.facts().identity);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(eventually([&] { return world.instances_alive().size() == 2; }));
}

TEST_CASE("an effect that has been performed is not performed again") {
    World world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    const ProcessIdentity identity = world.facts().identity;
    CHECK(world.replace("i-1.e1", identity).kind == OutcomeKind::refused);
    CHECK(world.instances_alive() == Pids{identity.pid});
}

TEST_CASE("a replace starts the version it names, from that version's directory") {
    World world;
    world.options.roots.deploy = world.path() + "/root";
    world.make_version("v1");
    world.make_version("v2");
    world.deploy("v1");
    world.write("root/versions/v1/run", "#!/bin/sh\nexec sleep 1000\n");
    world.write("root/versions/v2/run", "#!/bin/sh\nexec sleep 1000\n");
    world.options.command = {"{version_dir}/run", "--port", "{port}"};
    arrive(world);
    CHECK(world.facts().version.text() == "v1");
    const ProcessIdentity identity = world.facts().identity;
    CHECK(world.replace("i-1.e1", identity, "v3").kind == OutcomeKind::refused);
    CHECK(world.replace("i-1.e1", identity, "").kind == OutcomeKind::refused);
    CHECK(world.replace("i-1.e1", identity, "v2").kind == OutcomeKind::done);
    CHECK(world.facts().version.text() == "v2");
    const auto facts = std::get<RuntimeFacts>(run(world.runtime()->read(world.soon())).value());
    CHECK(facts.versions.deploy.current.text() == "v1");
    CHECK(facts.versions.deploy.present == std::vector{VersionId{"v1"}, VersionId{"v2"}});
}

TEST_CASE("a replace whose deadline has passed touches nothing") {
    World world;
    arrive(world);
    const ProcessIdentity identity = world.facts().identity;
    Request request{
        guard::Gate::permit(EffectId{"i-1.e1"}, Replace{world.instance(), identity, {}})};
    const Outcome outcome = run(world.runtime()->perform(std::move(request), world.clock.now()));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(world.instances_alive() == Pids{identity.pid});
}

TEST_CASE("instances are asked all at once, and one that hangs does not age the others' answers") {
    World world;
    for (const char* name : {"pay-1", "pay-2", "pay-3"}) {
        world.options.instances.push_back({InstanceId{name}, 1});
    }
    world.options.answer_within = std::chrono::milliseconds{300};
    const auto runtime_without = world.runtime();
    REQUIRE(run(runtime_without->adopt_or_start(world.soon())).has_value());
    RealClock clock;
    // tidy(lambda): it is no coroutine; the clock outlives the run.
    world.options.answers = [&clock](InstanceId instance, Instant deadline) -> Task<bool> {
        return [](RealClock* real, InstanceId asked, Instant until) -> Task<bool> {
            if (asked.text() != "pay-2") {
                co_await real->sleep_until(until);
            }
            co_return asked.text() == "pay-2";
        }(&clock, std::move(instance), deadline);
    };
    const Instant began_at = world.clock.now();
    const auto facts = std::get<RuntimeFacts>(run(world.runtime()->read(world.soon())).value());
    CHECK(world.clock.now() - began_at < std::chrono::milliseconds{900});  // Four in turn: 900.
    for (const RuntimeInstance& instance : facts.instances) {
        CHECK(instance.is_alive);
        CHECK(instance.is_answering == (instance.instance.text() == "pay-2"));
    }
}

}  // namespace homeostat::adapters::process
