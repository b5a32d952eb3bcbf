// The functions of world_for_test.hpp.

#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <variant>

namespace homeostat::adapters::process {

namespace asio = boost::asio;

Instant RealClock::now() const {
    return os::read_boot_clock();
}

WallTime RealClock::wall_now() const {
    return os::read_wall_clock();
}

Task<void> RealClock::sleep_until(Instant at) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    timer.expires_after(std::max(Duration::zero(), at - now()));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

World::World() {
    // What outlives its shim or its caller becomes ours to reap, whatever pid 1 does here.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    path_ = std::filesystem::temp_directory_path() / "homeostat-test-XXXXXX";
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    options.service = ServiceId{"pay"};
    options.command = {"/bin/sleep", "1000"};
    options.instances = {DeclaredInstance{InstanceId{"pay-0"}, 4711}};
    options.run_directory = path_ + "/run";
    options.environment = {"HOMEOSTAT_TEST_WORLD=" + path_};
    options.shim = HOMEOSTAT_BIN_DIR "/homeostat-shim";
    options.stop_grace = std::chrono::seconds{5};
    options.settle_for = std::chrono::milliseconds{50};
}

World::~World() {
    const bool is_clean = eventually([&] {
        // Instances first: their shims then end by themselves, as in life.
        const std::vector<std::int32_t> instances = instances_alive();
        const std::vector<std::int32_t> shims = shims_alive();
        for (const std::int32_t pid : instances) {
            ::kill(pid, SIGKILL);
        }
        return instances.empty() && shims.empty();
    });
    CHECK_MESSAGE(is_clean, "a world ends with no process left");
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::filesystem::remove_all(path_);
}

std::unique_ptr<Runtime> World::runtime() {
    Result<std::unique_ptr<Runtime>> made = Runtime::make(options, clock);
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
    return std::move(*made);
}

RuntimeInstance World::facts() {
    const std::unique_ptr<Runtime> fresh = runtime();
    const Result<FactsPart> part = run(fresh->read(soon()));
    REQUIRE_MESSAGE(part.has_value(), (part ? "" : part.error().text));
    return std::get<RuntimeFacts>(*part).instances.front();
}

InstanceRecord World::record() {
    const Result<InstanceState> state =
        look_at(RunDirectory{options.run_directory}, instance(), os::read_boot_id().value());
    REQUIRE(state.has_value());
    REQUIRE(state->record.has_value());
    return *state->record;
}

Outcome World::replace(const std::string& effect,
                       ProcessIdentity expected,
                       const std::string& version,
                       const std::string& config) {
    const std::unique_ptr<Runtime> fresh = runtime();
    Request request{guard::Gate::permit(
        EffectId{effect}, Replace{instance(), expected, VersionId{version}, VersionId{config}})};
    return run(fresh->perform(std::move(request), soon()));
}

Outcome World::stop(const std::string& effect, ProcessIdentity expected) {
    const std::unique_ptr<Runtime> fresh = runtime();
    Request request{guard::Gate::permit(EffectId{effect}, Stop{instance(), expected})};
    return run(fresh->perform(std::move(request), soon()));
}

// NOLINTNEXTLINE(bugprone-exception-escape): it swaps versions, not two values.
Outcome World::swap(const std::string& effect,
                    const std::string& from,
                    const std::string& to,
                    Artifact artifact) {
    const std::unique_ptr<Runtime> fresh = runtime();
    Request request{guard::Gate::permit(
        EffectId{effect}, SwapVersion{options.service, VersionId{from}, VersionId{to}, artifact})};
    return run(fresh->perform(std::move(request), soon()));
}

std::vector<std::int32_t> World::processes(bool are_shims) const {
    std::vector<std::int32_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        std::int32_t pid = 0;
        std::from_chars(name.data(), name.data() + name.size(), pid);
        // A zombie's environment is empty, so only the living are found.
        const Result<std::string> environment =
            os::read_file(entry.path() / "environ", std::size_t{1} << 20U);
        const Result<std::string> comm = os::read_file(entry.path() / "comm", 64);
        const bool is_ours = pid > 0 && pid != ::getpid() && environment && comm &&
                             environment->contains("HOMEOSTAT_TEST_WORLD=" + path_);
        if (is_ours && (*comm == "homeostat-shim\n") == are_shims) {
            pids.push_back(pid);
        }
    }
    return pids;
}

std::vector<std::int32_t> World::instances_alive() const {
    return processes(false);
}

std::vector<std::int32_t> World::shims_alive() const {
    return processes(true);
}

void World::write(const std::string& name, const std::string& text) const {
    const Result<void> written = os::write_file_atomically(path_ + "/" + name, text, 0755);
    REQUIRE(written.has_value());
}

void World::make_version(const std::string& name, const std::string& root) const {
    std::filesystem::create_directories(path_ + "/" + root + "/versions/" + name);
}

void World::deploy(const std::string& version, const std::string& root) const {
    const std::string aside = path_ + "/" + root + "/deploying";
    std::filesystem::create_symlink("versions/" + version, aside);
    std::filesystem::rename(aside, path_ + "/" + root + "/current");
}

bool dies_at(World& world, Phase phase, const std::function<void()>& act) {
    const pid_t agent = ::fork();
    if (agent == 0) {
        world.options.on_phase_for_test = [phase](Phase reached) {
            if (reached == phase) {
                ::kill(::getpid(), SIGKILL);
            }
        };
        act();
        ::_exit(1);  // It did not reach the phase.
    }
    int status = 0;
    ::waitpid(agent, &status, 0);
    return WIFSIGNALED(status);
}

bool eventually(const std::function<bool()>& holds) {
    constexpr int looks_max = 1000;
    for (int look = 0; look < looks_max; ++look) {
        if (holds()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
}

}  // namespace homeostat::adapters::process
