// Which ledgers a store of commits refuses to go on with.

#include "homeostat/adapters/segment_log/checkpoint_store.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/graph/store_cases_for_test.hpp"
#include "homeostat/graph/stored_commit.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

using graph::Commit;
namespace cases = graph::for_test;

/// A ledger of these commits, whatever they are worth, each in a group of its own.
void fill_with(const ScratchForTest& scratch, const std::vector<Commit>& commits) {
    LogForTest log(options_for_test(scratch));
    for (const Commit& commit : commits) {
        EntryGroup group;
        group.entries.push_back({EntryKind::started, {}, json::object{}});
        group.entries.push_back(
            {EntryKind::checkpoint, IncidentId(commit.thread), graph::to_stored(commit)});
        REQUIRE(log.append(std::move(group)));
    }
}

Result<std::vector<Commit>> commits_in(const ScratchForTest& scratch) {
    auto store =
        CheckpointStore::open({.directory = scratch.ledger(), .boot_id = "b", .probe = {}});
    return store ? (*store)->read("t-1", 0) : std::unexpected(store.error());
}

}  // namespace

TEST_CASE("a store goes on with commits that follow on each other, and refuses a gap") {
    const Commit first = cases::next_commit(nullptr, "t-1", "first");
    const Commit second = cases::next_commit(&first, "t-1", "second");
    const Commit third = cases::next_commit(&second, "t-1", "third");
    const ScratchForTest whole;
    fill_with(whole, {first, second, third});
    CHECK(commits_in(whole).value().back() == third);
    for (const std::vector<Commit>& wrong :
         {std::vector{first, third}, {second}, {first, first}, {first, second, first}}) {
        const ScratchForTest scratch;
        fill_with(scratch, wrong);
        const Result<std::vector<Commit>> commits = commits_in(scratch);
        REQUIRE_FALSE(commits);
        CHECK(commits.error().fault == Fault::corrupt);
        CHECK(commits.error().text.contains(scratch.segment(0).string()));
    }
}

TEST_CASE("a store refuses a commit that cannot be read, and names its group") {
    const ScratchForTest scratch;
    fill_with(scratch, {cases::next_commit(nullptr, "t-1", "first")});
    {
        LogForTest log(options_for_test(scratch));
        EntryGroup group;
        group.entries.push_back({EntryKind::checkpoint, IncidentId("t-1"), json::object{}});
        REQUIRE(log.append(std::move(group)));
    }
    const Result<std::vector<Commit>> commits = commits_in(scratch);
    REQUIRE_FALSE(commits);
    CHECK(commits.error().fault == Fault::corrupt);
    CHECK(commits.error().text.contains("group 1"));
}

TEST_CASE("commits that cannot be read any longer are an error, and no empty history") {
    const ScratchForTest scratch;
    const Commit first = cases::next_commit(nullptr, "t-1", "first");
    fill_with(scratch, {first, cases::next_commit(&first, "t-1", "second")});
    auto store =
        CheckpointStore::open({.directory = scratch.ledger(), .boot_id = "b", .probe = {}});
    REQUIRE(store);
    REQUIRE((*store)->history("t-1", 0, 9).value().size() == 2);
    write_for_test(scratch.segment(0), "no ledger");
    CHECK((*store)->history("t-1", 0, 9).error().fault == Fault::corrupt);
    CHECK((*store)->read("t-1", 1).error().fault == Fault::corrupt);
}

}  // namespace homeostat::adapters::segment_log
