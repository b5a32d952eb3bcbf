// What happens to witnesses and keys besides an orderly write: they hang, the power goes, links
// stand in the way, the process dies.

#include "homeostat/adapters/segment_log/bounded_witness.hpp"
#include "homeostat/adapters/segment_log/head_file.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path heads_of(const ScratchForTest& scratch) {
    return scratch.path() / "heads.jsonl";
}

std::filesystem::path key_of(const ScratchForTest& scratch) {
    return scratch.path() / "ledger.key";
}

/// A head for each group.
Options head_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.heads = HeadOptions{.key = key_of(scratch),
                                .witnesses = {heads_of(scratch)},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    return options;
}

}  // namespace

TEST_CASE("a witness that hangs delays neither a start nor an end beyond its deadline") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 1);
    // What hangs may come back long after the log is gone: it owns what it waits for.
    const auto hangs = std::make_shared<std::promise<void>>();
    const std::shared_future<void> until = hangs->get_future().share();
    Options options = head_options(scratch);
    options.heads->pace.groups = 1;
    options.heads->answers_within = std::chrono::milliseconds{1};
    options.heads->disk_probe_for_test = [until](DiskCall) {
        until.wait();
        return 0;
    };
    std::string news;
    options.on_news = [&news](std::string_view text) { news += text; };
    {
        LogForTest log(options);
        REQUIRE_FALSE(log.trouble());
        CHECK(news.contains(heads_of(scratch).string() + " does not answer"));
        REQUIRE(log.append(group_for_test(1)));
    }
    hangs->set_value();  // Had the end waited for it, nobody would have come here.
}

TEST_CASE("a witness that hangs has taken nothing, however often it is asked meanwhile") {
    const ScratchForTest scratch;
    const auto hangs = std::make_shared<std::promise<void>>();
    const std::shared_future<void> until = hangs->get_future().share();
    const Disk disk([until](DiskCall) {
        until.wait();
        return ENOSPC;
    });
    const BoundedWitness witness(HeadFile(heads_of(scratch), disk), std::chrono::milliseconds{1});
    for (int call = 0; call < 3; ++call) {
        const Result<void> appended = witness.append({});
        REQUIRE_FALSE(appended);
        CHECK(appended.error().fault == Fault::unreachable);
    }
    CHECK_FALSE(witness.last());
    hangs->set_value();
}

TEST_CASE("a witness that knows nothing of a ledger is told of, unless the ledger is new too") {
    const ScratchForTest scratch;
    std::string news;
    const auto begin = [&](Options options) {
        news.clear();
        options.on_news = [&news](std::string_view text) { news += text; };
        fill_for_test(options, 1);
    };
    const std::string is_new = "no witness has a signed head of the ledger's";
    begin(head_options(scratch));
    CHECK_FALSE(news.contains(is_new));
    std::filesystem::remove(heads_of(scratch));
    begin(head_options(scratch));
    CHECK(news.contains(is_new + " 1 groups: it is new, or was taken away"));
    begin(head_options(scratch));
    CHECK(news.empty());
}

namespace {

/// A witness that may be away, as a mount that is missing, beside one that never is.
class AwayScene {
  public:
    AwayScene() {
        std::filesystem::create_directory(file_.parent_path());
        options_.heads->witnesses.push_back(file_);
    }

    void fill(std::uint64_t count) { fill_for_test(options_, count); }

    /// What it has seen so far is remembered, and `heads` comes back with it.
    void take() {
        heads = read_for_test(file_);
        std::filesystem::rename(file_.parent_path(), away_);
    }

    /// Starts without it, appends three groups, brings it back and appends one more.
    void return_to(LogForTest& log) {
        REQUIRE_FALSE(log.trouble());
        for (std::uint64_t number = 103; number < 106; ++number) {
            REQUIRE(log.append(group_for_test(number)));
        }
        wait_for_test([&] {  // By then no head of an earlier group is on its way.
            const auto last = HeadFile(heads_of(scratch_)).last();
            return last && *last && (*last)->index == 5;
        });
        write_for_test(away_ / file_.filename(), heads);
        std::filesystem::rename(away_, file_.parent_path());  // All at once, as a mount.
        REQUIRE(log.append(group_for_test(106)));
    }

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] const ScratchForTest& scratch() const { return scratch_; }

    std::string heads;

  private:
    ScratchForTest scratch_;
    std::filesystem::path file_ = scratch_.path() / "mount" / "heads.jsonl";
    std::filesystem::path away_ = scratch_.path() / "unmounted";
    Options options_ = head_options(scratch_);
};

}  // namespace

TEST_CASE("a witness that was away at the start and has seen another chain gets no head") {
    AwayScene scene;
    scene.fill(3);
    const std::string old = read_for_test(scene.scratch().segment(0));
    scene.fill(2);
    scene.take();
    write_for_test(scene.scratch().segment(0), old);  // It will be longer than the witness knows.
    std::filesystem::remove(heads_of(scene.scratch()));
    LogForTest log(scene.options());
    scene.return_to(log);
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(log.log().objection().contains(scene.file().string()));
    CHECK(log.log().objection().contains("it has seen another group 4"));
    CHECK(read_for_test(scene.file()) == scene.heads);
}

TEST_CASE("a witness that was away at the start and has seen a longer chain gets no head") {
    AwayScene scene;
    scene.fill(3);
    const std::string old = read_for_test(scene.scratch().segment(0));
    scene.fill(7);
    scene.take();
    write_for_test(scene.scratch().segment(0), old);  // It stays shorter than the witness knows.
    std::filesystem::remove(heads_of(scene.scratch()));
    LogForTest log(scene.options());
    scene.return_to(log);
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(log.log().objection().contains("it has the head of group 9"));
    CHECK(read_for_test(scene.file()) == scene.heads);
}

TEST_CASE("a witness that was away at the start and agrees goes on") {
    AwayScene scene;
    scene.fill(3);
    scene.take();
    LogForTest log(scene.options());
    scene.return_to(log);
    wait_for_test([&] {
        const auto last = HeadFile(scene.file()).last();
        return last && *last && (*last)->index == 6;
    });
    CHECK(log.log().objection().empty());
}

TEST_CASE("a head that was forged while its witness was away is found before the next one") {
    AwayScene scene;
    scene.fill(3);
    scene.take();
    char& digit = scene.heads.at(scene.heads.rfind("\"signature\":\"") + 13);
    digit = digit == 'a' ? 'b' : 'a';
    LogForTest log(scene.options());
    scene.return_to(log);
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(read_for_test(scene.file()) == scene.heads);
}

TEST_CASE("zeros that a power loss left at the end of a file of heads are cut off") {
    for (const std::size_t zeros : {std::size_t{1}, std::size_t{4096}}) {
        for (const bool is_line_torn : {false, true}) {
            CAPTURE(zeros);
            CAPTURE(is_line_torn);
            const ScratchForTest scratch;
            fill_for_test(head_options(scratch), 3);
            const std::string heads = read_for_test(heads_of(scratch));
            const std::string torn = is_line_torn ? heads.substr(0, 40) : "";
            write_for_test(heads_of(scratch), heads + torn + std::string(zeros, '\0'));
            fill_for_test(head_options(scratch), 1);
            CHECK(read_for_test(heads_of(scratch)).starts_with(heads + R"({"ledger":")"));
            CHECK_FALSE(read_for_test(heads_of(scratch)).contains('\0'));
        }
    }
}

TEST_CASE("a file of heads whose end is nothing but zeros is refused, and not a byte is cut") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 3);
    const std::string heads = read_for_test(heads_of(scratch)) + std::string(100'000, '\0');
    write_for_test(heads_of(scratch), heads);
    const LogForTest log(head_options(scratch));
    REQUIRE(log.trouble());
    CHECK(log.trouble()->fault == Fault::corrupt);
    CHECK(read_for_test(heads_of(scratch)) == heads);
}

TEST_CASE("of a file of heads that is not read whole only a torn last line is cut off") {
    const ScratchForTest scratch;
    SignedHead head{.ledger = std::string(64, 'a'),
                    .index = 7,
                    .hash = std::string(64, 'b'),
                    .wall_at = group_for_test(0).wall_at,
                    .key = {},
                    .signature = {}};
    SigningKey::make().sign(head);
    const std::string line = to_head_line(head);
    std::string heads;
    while (heads.size() < std::size_t{256} << 10U) {
        heads += line;
    }
    write_for_test(heads_of(scratch), heads + line.substr(0, 40));
    const HeadFile file(heads_of(scratch));
    CHECK(file.last().value() == head);
    REQUIRE(file.append(head));
    CHECK(read_for_test(heads_of(scratch)) == heads + line);
    write_for_test(heads_of(scratch), line.substr(0, 40));  // The very first one is torn.
    REQUIRE(file.append(head));
    CHECK(read_for_test(heads_of(scratch)) == line);
}

TEST_CASE("a new file of heads is durable with its name, an old one without another sync of it") {
    const ScratchForTest scratch;
    SignedHead head{.ledger = std::string(64, 'a'),
                    .index = 7,
                    .hash = std::string(64, 'b'),
                    .wall_at = group_for_test(0).wall_at,
                    .key = {},
                    .signature = {}};
    SigningKey::make().sign(head);
    int directory_syncs_count = 0;
    const HeadFile file(heads_of(scratch), Disk([&directory_syncs_count](DiskCall call) {
                            directory_syncs_count += call == DiskCall::sync_directory ? 1 : 0;
                            return 0;
                        }));
    for (int line = 0; line < 3; ++line) {
        REQUIRE(file.append(head));
        CHECK(directory_syncs_count == 1);
    }
}

TEST_CASE("a file of heads that cannot be read is not taken for one without any") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 1);
    const std::string heads = read_for_test(heads_of(scratch));
    const HeadFile file(heads_of(scratch),
                        Disk([](DiskCall call) { return call == DiskCall::read ? EIO : 0; }));
    CHECK_FALSE(file.last());
    SignedHead head = HeadFile(heads_of(scratch)).last().value().value();
    head.hash = std::string(64, 'b');
    SigningKey::read(key_of(scratch)).value().sign(head);
    CHECK_FALSE(file.append(head));
    CHECK_FALSE(file.append_first(head));
    CHECK(read_for_test(heads_of(scratch)) == heads);
}

TEST_CASE("a key is made where nothing stands, and through no link") {
    const ScratchForTest scratch;
    const std::filesystem::path elsewhere = scratch.path() / "elsewhere";
    const std::filesystem::path key = scratch.path() / "a.key";
    SUBCASE("the key's own name is a link to nowhere") {
        std::filesystem::create_symlink(elsewhere, key);
        const Result<void> written = SigningKey::make().write(key);
        REQUIRE_FALSE(written);
        CHECK(written.error().fault == Fault::busy);
        CHECK(std::filesystem::is_symlink(key));
    }
    SUBCASE("the name of the file that it is written to first is one") {
        std::filesystem::create_symlink(elsewhere, key.string() + ".new");
        REQUIRE(SigningKey::make().write(key));
        CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(key)));
        CHECK(SigningKey::read(key));
        CHECK_FALSE(std::filesystem::exists(key.string() + ".new"));
    }
    CHECK_FALSE(std::filesystem::exists(elsewhere));
}

TEST_CASE(
    "a key and its public half stay, also where their name goes through a missing directory") {
    const ScratchForTest scratch;
    const std::filesystem::path key = scratch.path() / "a.key";
    REQUIRE(SigningKey::make().write(key));
    const std::string bytes = read_for_test(key);
    const std::string public_bytes = read_for_test(public_key_file(key));
    const Result<void> written = SigningKey::make().write(scratch.path() / "new" / ".." / "a.key");
    REQUIRE_FALSE(written);
    CHECK(written.error().fault == Fault::busy);
    CHECK(read_for_test(key) == bytes);
    CHECK(read_for_test(public_key_file(key)) == public_bytes);
}

TEST_CASE("a process killed at any call of writing a head leaves a file to go on with") {
    for (int ends_at = 1;; ++ends_at) {
        CAPTURE(ends_at);
        const ScratchForTest scratch;
        fill_for_test(head_options(scratch), 2);
        const pid_t child = ::fork();
        ensure(child >= 0, "a process can be started");
        if (child == 0) {
            int calls_count = 0;
            Options options = head_options(scratch);
            options.heads->disk_probe_for_test = [&](DiskCall) {
                return ++calls_count == ends_at ? ::kill(::getpid(), SIGKILL) : 0;
            };
            fill_for_test(options, 1);
            ::_exit(0);
        }
        int status = 0;
        ensure(::waitpid(child, &status, 0) == child, "a child can be waited for");
        fill_for_test(head_options(scratch), 1);
        const Result<Verification> seen =
            verify_ledger(scratch.ledger(),
                          Witness{{}, {}, {heads_of(scratch)}, public_key_file(key_of(scratch))});
        REQUIRE_MESSAGE(seen, seen.error().text);
        CHECK(HeadFile(heads_of(scratch)).last().value()->index + 1 == seen->groups_count);
        if (WIFEXITED(status)) {
            REQUIRE(ends_at > 4);
            break;
        }
    }
}

}  // namespace homeostat::adapters::segment_log
