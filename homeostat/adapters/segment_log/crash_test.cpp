// Processes that really end in the middle of an append, disks that are really full, directories
// that are really not ours.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// Runs `play` in a process of its own, without what the test framework does at an end.
pid_t in_child(const std::function<int()>& play) {
    const pid_t pid = ::fork();
    ensure(pid >= 0, "a process can be started");
    if (pid == 0) {
        ::_exit(play());
    }
    return pid;
}

int status_of(pid_t pid) {
    int status = 0;
    ensure(::waitpid(pid, &status, 0) == pid, "a child can be waited for");
    return status;
}

/// Acknowledged groups come out of a child through a pipe, one byte each.
class Acknowledgements {
  public:
    Acknowledgements() { ensure(::pipe(ends_.data()) == 0, "a pipe can be made"); }
    ~Acknowledgements() {
        ::close(ends_[0]);
        close_writer();
    }
    Acknowledgements(const Acknowledgements&) = delete;
    Acknowledgements& operator=(const Acknowledgements&) = delete;

    void give() const { ensure(::write(ends_[1], "a", 1) == 1, "the parent listens"); }
    void close_writer() {
        if (ends_[1] >= 0) {
            ::close(std::exchange(ends_[1], -1));
        }
    }
    /// Waits for `count`, or for the end of the child.
    [[nodiscard]] std::uint64_t take(std::uint64_t count) const {
        std::uint64_t taken_count = 0;
        char byte = 0;
        while (taken_count < count && ::read(ends_[0], &byte, 1) == 1) {
            ++taken_count;
        }
        return taken_count;
    }

  private:
    std::array<int, 2> ends_{-1, -1};
};

constexpr std::uint64_t all = ~std::uint64_t{0};

Options small_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;  // Three groups: the crash often hits a rotation.
    options.sink = scratch.sink();
    return options;
}

/// Appends groups up to `number_max`; every third is durable and acknowledges the two before it.
int append_and_acknowledge(const Options& options,
                           const Acknowledgements& acknowledgements,
                           std::uint64_t number_max) {
    LogForTest log(options);
    if (log.trouble()) {
        return 1;
    }
    const Result<std::vector<std::uint64_t>> before = log.numbers();
    if (!before) {
        return 2;
    }
    for (std::uint64_t number = before->size(); number < number_max; ++number) {
        const bool is_synced = number % 3 == 2;
        const auto durability = is_synced ? ports::Durability::synced : ports::Durability::written;
        if (!log.append(group_for_test(number), durability)) {
            return 3;
        }
        if (is_synced) {
            acknowledgements.give();
        }
    }
    return 0;
}

/// Opens the ledger again and asks for everything up to and with group `number_min` − 1.
void check_whole(const ScratchForTest& scratch, std::uint64_t number_min) {
    std::uint64_t groups_count = 0;
    {
        LogForTest log(small_options(scratch));
        REQUIRE_FALSE(log.trouble());
        const Result<std::vector<std::uint64_t>> numbers = log.numbers();
        REQUIRE_MESSAGE(numbers, numbers.error().text);
        groups_count = numbers->size();
        CHECK(*numbers == numbers_below(groups_count));
        CHECK(groups_count >= number_min);
    }
    const Result<Verification> seen = verify_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    REQUIRE_MESSAGE(seen, seen.error().text);
    CHECK(seen->witnessed_count == groups_count);
}

}  // namespace

TEST_CASE("a process killed at any call to the disk loses nothing that it acknowledged") {
    for (int ends_at = 1;; ++ends_at) {
        CAPTURE(ends_at);
        const ScratchForTest scratch;
        Acknowledgements acknowledgements;
        int calls_count = 0;
        Options options = small_options(scratch);
        options.disk_probe_for_test = [&](DiskCall) {
            return ++calls_count == ends_at ? ::kill(::getpid(), SIGKILL) : 0;
        };
        const pid_t child =
            in_child([&] { return append_and_acknowledge(options, acknowledgements, 12); });
        acknowledgements.close_writer();
        const std::uint64_t acknowledged_count = acknowledgements.take(all);
        const int status = status_of(child);
        check_whole(scratch, 3 * acknowledged_count);
        if (WIFEXITED(status)) {
            REQUIRE(WEXITSTATUS(status) == 0);
            REQUIRE(ends_at > 40);  // Every call of twelve appends was an end once.
            break;
        }
    }
}

TEST_CASE("a process killed at any call of a recovery leaves it to the next one") {
    const ScratchForTest torn;
    fill_for_test(small_options(torn), 5);
    const std::string bytes = read_for_test(torn.segment(1));
    write_for_test(torn.segment(1), bytes.substr(0, bytes.size() - 5));
    std::filesystem::remove(torn.sink());
    for (int ends_at = 1;; ++ends_at) {
        CAPTURE(ends_at);
        const ScratchForTest scratch;
        std::filesystem::copy(torn.ledger(), scratch.ledger());
        Acknowledgements acknowledgements;
        int calls_count = 0;
        Options options = small_options(scratch);
        options.disk_probe_for_test = [&](DiskCall) {
            return ++calls_count == ends_at ? ::kill(::getpid(), SIGKILL) : 0;
        };
        const pid_t child =
            in_child([&] { return append_and_acknowledge(options, acknowledgements, 0); });
        const int status = status_of(child);
        check_whole(scratch, 4);
        if (WIFEXITED(status)) {
            REQUIRE(ends_at > 4);
            break;
        }
    }
}

TEST_CASE("two hundred processes killed at random lose nothing that they acknowledged") {
    constexpr int rounds_count = 10;
    constexpr int kills_count = 20;
    Rng rng(20240611);
    for (int round = 0; round < rounds_count; ++round) {
        const ScratchForTest scratch;
        std::uint64_t groups_min = 0;
        for (int kill = 0; kill < kills_count; ++kill) {
            CAPTURE(round);
            CAPTURE(kill);
            Acknowledgements acknowledgements;
            const std::uint64_t groups_before =
                kill == 0 ? 0 : verify_ledger(scratch.ledger()).value().groups_count;
            const pid_t child = in_child([&] {
                return append_and_acknowledge(small_options(scratch), acknowledgements, all);
            });
            acknowledgements.close_writer();
            std::uint64_t acknowledged_count =
                acknowledgements.take(static_cast<std::uint64_t>(rng.between(0, 4)));
            ::kill(child, SIGKILL);
            acknowledged_count += acknowledgements.take(all);
            CHECK(WIFSIGNALED(status_of(child)));
            // The n-th synced group from here on has number 3·(before / 3 + n) − 1.
            if (acknowledged_count > 0) {
                groups_min = 3 * (groups_before / 3 + acknowledged_count);
            }
            check_whole(scratch, groups_min);
        }
    }
}

TEST_CASE("a disk that is full keeps whole groups only, and a later start goes on") {
    const ScratchForTest scratch;
    Acknowledgements acknowledgements;
    const pid_t child = in_child([&] {
        constexpr rlimit limit{.rlim_cur = 5000, .rlim_max = 5000};
        std::signal(SIGXFSZ, SIG_IGN);
        ensure(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "a file's size can be limited");
        LogForTest log(options_for_test(scratch));
        for (std::uint64_t number = 0; number < 100; ++number) {
            const Result<ports::Position> position = log.append(group_for_test(number));
            if (!position) {
                const bool is_told = position.error().fault == Fault::full &&
                                     log.append(group_for_test(number)).error() == position.error();
                return is_told ? 0 : 1;
            }
            acknowledgements.give();
        }
        return 2;
    });
    acknowledgements.close_writer();
    const std::uint64_t acknowledged_count = acknowledgements.take(all);
    const int status = status_of(child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(acknowledged_count > 5);

    LogForTest log(options_for_test(scratch));
    CHECK(log.numbers().value() == numbers_below(acknowledged_count));
    CHECK(log.log().torn_tail_bytes() == 0);
    CHECK(log.append(group_for_test(acknowledged_count)));
}

TEST_CASE("a directory that cannot be written to is refused at the start") {
    const ScratchForTest scratch;
    std::filesystem::create_directory(scratch.ledger());
    ::chmod(scratch.path().c_str(), 0755);
    ::chmod(scratch.ledger().c_str(), 0555);
    const pid_t child = in_child([&] {
        constexpr uid_t nobody = 65534;
        if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) {
            return 2;
        }
        const LogForTest log(options_for_test(scratch));
        return log.trouble() && log.trouble()->fault == Fault::full ? 0 : 1;
    });
    const int status = status_of(child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace homeostat::adapters::segment_log
