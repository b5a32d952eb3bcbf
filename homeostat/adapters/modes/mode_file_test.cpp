#include "homeostat/adapters/modes/mode_file.hpp"

#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

namespace homeostat::adapters::modes {

namespace {

using homeostat::modes::boot_now_ns;
using homeostat::modes::ModeReader;
using namespace std::chrono_literals;

class Directory {
  public:
    Directory() {
        std::string path = (std::filesystem::temp_directory_path() / "modes-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    Directory(Directory&&) = delete;
    Directory& operator=(Directory&&) = delete;

    [[nodiscard]] std::string file() const { return (path_ / "run" / "modes").string(); }

  private:
    std::filesystem::path path_;
};

ports::ModeNotice notice(std::string route, std::string mode, Duration lasts = 1h) {
    return {.route = std::move(route),
            .mode = std::move(mode),
            .permille = 550,
            .rps_max = 90,
            .until = instant_of_ns(boot_now_ns()) + lasts};
}

std::unique_ptr<ModeFile> opened(const std::string& path) {
    Result<std::unique_ptr<ModeFile>> file = ModeFile::open(path);
    REQUIRE(file);
    return *std::move(file);
}

}  // namespace

TEST_CASE("a service reads the mode of each of its routes, and the latest one") {
    const Directory directory;
    const std::unique_ptr<ModeFile> file = opened(directory.file());
    file->show(notice("fraud", "sampled_checks"));
    file->show(notice("quotes", "cached"));
    file->show(notice("fraud", "no_checks"));
    const ModeReader reader(directory.file());
    REQUIRE(reader.is_open());
    CHECK(reader.of("fraud").mode == "no_checks");
    CHECK(reader.of("fraud").permille == 550);
    CHECK(reader.of("fraud").rps_max == 90);
    CHECK(reader.of("quotes").mode == "cached");
    CHECK(reader.of("rates").mode.empty());
    file->show(notice("fraud", ""));
    CHECK(reader.of("fraud").mode.empty());
}

TEST_CASE("a mode that has ended is none, whoever is there to say so") {
    const Directory directory;
    opened(directory.file())->show(notice("fraud", "sampled_checks", -1ns));
    const ModeReader reader(directory.file());
    REQUIRE(reader.is_open());
    CHECK(reader.of("fraud").mode.empty());
    CHECK(reader.of("fraud").permille == 0);
}

TEST_CASE("a successor goes on with the file, and readers with their mapping") {
    const Directory directory;
    opened(directory.file())->show(notice("fraud", "sampled_checks"));
    const ModeReader reader(directory.file());
    CHECK(reader.of("fraud").mode == "sampled_checks");
    const std::unique_ptr<ModeFile> successor = opened(directory.file());
    CHECK(reader.of("fraud").mode == "sampled_checks");
    successor->show(notice("fraud", "no_checks"));
    CHECK(reader.of("fraud").mode == "no_checks");
}

TEST_CASE("a writer that died in the middle leaves no mode, and its successor mends the slot") {
    const Directory directory;
    opened(directory.file())->show(notice("fraud", "sampled_checks"));
    std::string bytes = *os::read_file(directory.file(), homeostat::modes::file_bytes);
    const std::uint64_t odd = 3;
    std::memcpy(bytes.data() + homeostat::modes::header_bytes, &odd, sizeof odd);
    REQUIRE(os::write_file_atomically(directory.file(), bytes));
    const ModeReader reader(directory.file());
    REQUIRE(reader.is_open());
    CHECK(reader.of("fraud").mode.empty());
    opened(directory.file())->show(notice("fraud", "no_checks"));
    CHECK(reader.of("fraud").mode == "no_checks");
}

TEST_CASE("what is no file of modes is refused by its writer, and says nothing to a reader") {
    const Directory directory;
    CHECK_FALSE(ModeReader(directory.file()).is_open());
    CHECK(ModeReader(directory.file()).of("fraud").mode.empty());
    REQUIRE(os::make_directories(os::parent_of(directory.file())));
    for (const std::string& other :
         {std::string("a letter"), std::string(homeostat::modes::file_bytes, 'x')}) {
        REQUIRE(os::write_file_atomically(directory.file(), other));
        const Result<std::unique_ptr<ModeFile>> file = ModeFile::open(directory.file());
        REQUIRE_FALSE(file);
        CHECK(file.error().fault == Fault::invalid);
        CHECK(os::read_file(directory.file(), other.size()) == other);
        CHECK_FALSE(ModeReader(directory.file()).is_open());
    }
}

TEST_CASE("what does not fit is left out, and changes nothing") {
    const Directory directory;
    const std::unique_ptr<ModeFile> file = opened(directory.file());
    file->show(notice("fraud", std::string(25, 'm')));
    file->show(notice(std::string(65, 'r'), "sampled_checks"));
    file->show(notice("", "sampled_checks"));
    const std::string longest(64, 'r');
    for (std::uint32_t index = 0; index < homeostat::modes::slots_count - 1; ++index) {
        file->show(notice("route-" + std::to_string(index), "lean"));
    }
    file->show(notice(longest, std::string(24, 'm')));
    file->show(notice("one-too-many", "lean"));
    const ModeReader reader(directory.file());
    CHECK(reader.of("fraud").mode.empty());
    CHECK(reader.of("route-30").mode == "lean");
    CHECK(reader.of(longest).mode == std::string(24, 'm'));
    CHECK(reader.of("one-too-many").mode.empty());
}

TEST_CASE("a reader sees a notice whole, however often it is written meanwhile") {
    const Directory directory;
    const std::unique_ptr<ModeFile> file = opened(directory.file());
    ports::ModeNotice first = notice("fraud", "m0");
    first.rps_max = 0;
    file->show(first);
    std::atomic<bool> is_over{false};
    std::atomic<int> torn_count{0};
    std::atomic<int> seen_count{0};
    std::thread reading([&] {
        const ModeReader reader(directory.file());
        while (!is_over) {
            const homeostat::modes::Mode seen = reader.of("fraud");
            // One that was not caught in a thousand tries is none; that is no tear.
            const bool is_whole =
                seen.mode.empty() || seen.mode == "m" + std::to_string(seen.rps_max % 7);
            torn_count += is_whole ? 0 : 1;
            seen_count += 1;
        }
    });
    for (std::uint32_t turn = 0; turn < 200'000 || seen_count < 1'000; ++turn) {
        ports::ModeNotice next = notice("fraud", "m" + std::to_string(turn % 7));
        next.rps_max = turn;
        file->show(next);
    }
    is_over = true;
    reading.join();
    CHECK(torn_count == 0);
}

}  // namespace homeostat::adapters::modes
