// Real kills under load: `soak_kills COUNT DIRECTORY...` kills COUNT processes with SIGKILL in each
// directory, at a moment drawn by chance. Each of them recovers, then goes on: intent to the real
// ledger, synced; effect at a target; outcome. Afterwards no intent may have two effects, no effect
// may be without an intent, no outcome without its effect, and nothing that was acknowledged may
// be missing. Prints the counts; exit 1 at the first that is wrong.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <set>
#include <span>
#include <string>
#include <system_error>

namespace homeostat::ledger_test {

namespace {

using namespace adapters::segment_log;  // NOLINT(google-build-using-namespace): one file.

constexpr int kills_per_ledger = 20;  // A start reads all of it: a longer one only takes longer.
constexpr int effects_bytes_max = 1 << 24;

/// What outlives a killed process, as a client's memory of its answers does.
struct Shared {
    std::atomic<std::uint64_t> acknowledged_count{0};
    std::atomic<std::uint64_t> recoveries_count{0};
};

struct Place {
    std::filesystem::path ledger;
    std::string effects;
};

/// The effects that happened, in order: one line each, as the target knows them.
std::vector<std::uint64_t> effects_of(const Place& place) {
    const Result<std::string> text = os::read_file(place.effects, effects_bytes_max);
    std::vector<std::uint64_t> effects;
    std::size_t begin = 0;
    for (std::size_t end = 0; text && (end = text->find('\n', begin)) != std::string::npos;
         begin = end + 1) {
        effects.push_back(std::strtoull(text->substr(begin, end - begin).c_str(), nullptr, 10));
    }
    return effects;
}

/// Group 2n is the intent of effect n, group 2n + 1 its outcome. Runs until it is killed.
[[noreturn]] void live(const Place& place, Shared& shared) {
    Result<SegmentWriter> writer = SegmentWriter::open(WriterOptions{
        .directory = place.ledger, .boot_id = "boot-1", .segment_bytes_max = 20'000, .probe = {}});
    const Result<LedgerEnd> end =
        writer ? writer->read([](const FoundGroup&) { return Result<void>{}; })
               : std::unexpected(writer.error());
    if (!end || !writer->go_on_after(*end)) {
        ::_exit(1);
    }
    ++shared.recoveries_count;
    const os::Fd target(::open(place.effects.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600));
    std::uint64_t number = end->chain.next_index;
    // An intent without an outcome: the world is read before anything is done.
    const std::vector<std::uint64_t> effects = effects_of(place);
    bool is_done = number % 2 == 1 && !effects.empty() && effects.back() == number / 2;
    for (;; ++number) {
        if (number % 2 == 1 && !std::exchange(is_done, false) &&
            !os::write_all(target, std::to_string(number / 2) + "\n", place.effects)) {
            ::_exit(2);
        }
        if (!writer->append(group_for_test(number), ports::Durability::synced)) {
            ::_exit(3);
        }
        shared.acknowledged_count = number + 1;
    }
}

/// What is wrong with what the killed processes left; empty: nothing.
std::string trouble_with(const Place& place, std::uint64_t acknowledged_count) {
    const Result<Verification> seen = verify_ledger(place.ledger);
    if (!seen) {
        return acknowledged_count == 0 ? "" : seen.error().text;
    }
    if (seen->groups_count < acknowledged_count) {
        return "an acknowledged group is missing";
    }
    const std::vector<std::uint64_t> effects = effects_of(place);
    for (std::size_t at = 0; at < effects.size(); ++at) {
        if (effects[at] != at) {
            return "an effect happened twice, or one is missing: " + std::to_string(effects[at]);
        }
    }
    const std::uint64_t intents_count = (seen->groups_count + 1) / 2;
    const std::uint64_t outcomes_count = seen->groups_count / 2;
    if (effects.size() > intents_count) {
        return "an effect has no intent";
    }
    return effects.size() < outcomes_count ? "an outcome has no effect" : "";
}

/// Three of four processes are let recover first; the others die at any moment from their start.
void wait_for_recovery(pid_t pid, const Shared& shared, std::uint64_t recoveries_before) {
    constexpr int polls_max = 100'000;
    siginfo_t ended{};
    for (int poll = 0; poll < polls_max && shared.recoveries_count == recoveries_before; ++poll) {
        ::usleep(100);
        if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            ended.si_pid == pid) {
            return;
        }
    }
}

/// Kills once. False when the process ended by itself, which none may.
bool kill_one(const Place& place, Shared& shared, Rng& rng) {
    const std::uint64_t recoveries_before = shared.recoveries_count;
    const pid_t pid = ::fork();
    if (pid == 0) {
        live(place, shared);
    }
    if (pid > 0 && rng.between(0, 3) != 0) {
        wait_for_recovery(pid, shared, recoveries_before);
    }
    constexpr std::int64_t lives_us_max = 8000;
    ::usleep(static_cast<useconds_t>(rng.between(0, lives_us_max)));
    ::kill(pid, SIGKILL);
    int status = 0;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

int run_in(const std::string& directory, int count, Shared& shared) {
    Rng rng(20250711);
    std::uint64_t groups = 0;
    shared.recoveries_count = 0;
    for (int kills = 0; kills < count;) {
        std::string name = directory + "/soak.XXXXXX";
        ensure(::mkdtemp(name.data()) != nullptr, "the directory can be written to");
        const Place place{name + "/ledger", name + "/effects"};
        shared.acknowledged_count = 0;
        for (int kill = 0; kill < kills_per_ledger && kills < count; ++kill, ++kills) {
            const bool is_killed = kill_one(place, shared, rng);
            const std::string trouble = is_killed ? trouble_with(place, shared.acknowledged_count)
                                                  : "a process ended by itself";
            if (!trouble.empty()) {
                std::printf("%s, kill %d: %s\n", name.c_str(), kills, trouble.c_str());
                return 1;
            }
        }
        groups += shared.acknowledged_count;
        std::filesystem::remove_all(name);
    }
    std::printf("%s: %d kills, %llu after the recovery, %llu groups acknowledged, nothing wrong\n",
                directory.c_str(), count,
                static_cast<unsigned long long>(shared.recoveries_count.load()),
                static_cast<unsigned long long>(groups));
    return groups > 0 ? 0 : 1;
}

}  // namespace

}  // namespace homeostat::ledger_test

int main(int count, char** words) {
    using namespace homeostat::ledger_test;
    const std::span<char*> all(words, static_cast<std::size_t>(count));
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all.size() < 3 || memory == MAP_FAILED) {
        std::puts("usage: soak_kills COUNT DIRECTORY...    for example: soak_kills 200 /dev/shm");
        return 2;
    }
    // COUNT of the environment goes before, for `make soak`.
    const char* wanted = std::getenv("COUNT");
    const std::string said = wanted != nullptr ? wanted : all[1];
    int kills = 0;
    const char* const end = said.data() + said.size();
    const std::from_chars_result read = std::from_chars(said.data(), end, kills);
    if (read.ec != std::errc{} || read.ptr != end || kills < 1) {
        std::printf("COUNT is %s; want a number, for example 200\n", said.c_str());
        return 2;
    }
    auto* shared = new (memory) Shared;
    for (const char* directory : all.subspan(2)) {
        if (run_in(directory, kills, *shared) != 0) {
            return 1;
        }
    }
    return 0;
}
