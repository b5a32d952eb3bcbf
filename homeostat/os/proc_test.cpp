#include "homeostat/os/proc.hpp"

#include "homeostat/os/clock.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <limits>
#include <string>

namespace homeostat::os {

namespace {

std::string line_of(const std::string& name) {
    return "4711 (" + name +
           ") S 1 4711 4710 0 -1 4194304 101 0 0 0 30 12 0 0 20 0 1 0 201730 3133440 382 "
           "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

}  // namespace

TEST_CASE("a stat line is read whatever the program is called") {
    for (const std::string name : {"cat", "", "a b", ") R 1 (", "((", "))", "x\ny", "\xff"}) {
        CAPTURE(name);
        const Result<ProcessStat> stat = parse_process_stat(line_of(name));
        REQUIRE(stat.has_value());
        CHECK(stat->pid == 4711);
        CHECK(stat->state == 'S');
        CHECK(stat->parent_pid == 1);
        CHECK(stat->group_pid == 4711);
        CHECK(stat->session_pid == 4710);
        CHECK(stat->cpu_ticks == 42);
        CHECK(stat->start_ticks == 201730);
        CHECK(stat->resident_pages == 382);
        CHECK(!stat->is_dead());
    }
}

TEST_CASE("anything else is refused") {
    const std::string good = line_of("cat");
    for (std::size_t length = 0; length < good.find(" 382"); ++length) {
        CHECK(!parse_process_stat(std::string_view{good}.substr(0, length)));
    }
    for (const char* bad : {"x (cat) S 1", "4711 (cat)S 1 1 1", "4711 cat S 1", ") (",
                            "4711 (cat) SS 1 1 1 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 1 0 1 "}) {
        CHECK(!parse_process_stat(bad));
    }
}

TEST_CASE("our own process is read as it is") {
    const Result<ProcessStat> self = read_process_stat(::getpid());
    REQUIRE(self.has_value());
    CHECK(self->pid == ::getpid());
    CHECK(self->parent_pid == ::getppid());
    CHECK(self->resident_pages * page_bytes() > 100'000);
    const Instant started_at = instant_of_ticks(self->start_ticks, ticks_per_second());
    CHECK(started_at <= read_boot_clock());
    CHECK(read_boot_clock() - started_at < std::chrono::minutes{10});
}

TEST_CASE("a process that does not exist is absent") {
    const Result<ProcessStat> nobody = read_process_stat(std::numeric_limits<int>::max());
    REQUIRE(!nobody);
    CHECK(nobody.error().fault == Fault::absent);
}

TEST_CASE("ticks become time without overflow") {
    CHECK(duration_of_ticks(0, 100) == Duration::zero());
    CHECK(duration_of_ticks(201'730, 100) == std::chrono::milliseconds{2'017'300});
    CHECK(duration_of_ticks(1, 300) == std::chrono::nanoseconds{3'333'333});
    constexpr std::uint64_t years = 100ULL * 365 * 86'400 * 100;
    CHECK(duration_of_ticks(years, 100) == std::chrono::hours{100 * 365 * 24});
    CHECK(duration_of_ticks(std::numeric_limits<std::uint64_t>::max(), 100) > Duration::zero());
}

TEST_CASE("the boot has an id and it does not change") {
    const Result<std::string> boot_id = read_boot_id();
    REQUIRE(boot_id.has_value());
    CHECK(boot_id->size() == 36);
    CHECK(read_boot_id() == boot_id);
}

}  // namespace homeostat::os
