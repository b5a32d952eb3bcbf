#pragma once

// What every CheckpointStore has to do, whatever it is made of. A store's test says how to make one
// that is empty and runs these.
//
// For tests only.

#include "homeostat/graph/store.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph::for_test {

/// Opens what is kept at one place, which is empty at first.
using OpenStore = std::function<std::unique_ptr<CheckpointStore>()>;

/// A store, and another one on the same place after it, as a process that is started again has.
class Place {
  public:
    explicit Place(OpenStore open) : open_(std::move(open)), store_(open_()) {}

    CheckpointStore* operator->() { return store_.get(); }
    CheckpointStore& operator*() { return *store_; }
    void reopen() {
        store_.reset();
        store_ = open_();
    }

  private:
    OpenStore open_;
    std::unique_ptr<CheckpointStore> store_;
};

/// A well-formed next commit.
inline Commit next_commit(const Commit* last,
                          const std::string& thread,
                          std::string body,
                          bool is_snapshot = false) {
    Commit commit;
    commit.thread = thread;
    commit.number = last == nullptr ? 1 : last->number + 1;
    commit.graph_digest = 7;
    commit.parent = last == nullptr ? ContentHash{} : last->hash;
    commit.at = instant_of_ns(static_cast<std::int64_t>(commit.number) * 1'000);
    commit.cause = last == nullptr ? Cause::started : Cause::stepped;
    commit.is_snapshot = is_snapshot || last == nullptr;
    commit.body = std::move(body);
    commit.hash = content_hash_of(commit);
    return commit;
}

/// `count` commits of a thread, each third of them a snapshot, appended.
inline std::vector<Commit> fill(CheckpointStore& store, const std::string& thread, int count) {
    const Result<std::uint64_t> epoch = store.claim(thread);
    REQUIRE(epoch);
    std::vector<Commit> commits;
    for (int index = 0; index < count; ++index) {
        const Commit* last = commits.empty() ? nullptr : &commits.back();
        commits.push_back(
            next_commit(last, thread, thread + " " + std::to_string(index), index % 3 == 0));
        REQUIRE(store.append(commits.back(), *epoch, Durability::written));
    }
    return commits;
}

inline std::vector<std::uint64_t> numbers_of(const Result<std::vector<Commit>>& commits) {
    std::vector<std::uint64_t> numbers;
    for (const Commit& commit : commits.value_or(std::vector<Commit>{})) {
        numbers.push_back(commit.number);
    }
    return numbers;
}

template <class T>
[[nodiscard]] std::optional<Fault> fault_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error().fault);
}

using Numbers = std::vector<std::uint64_t>;

inline void reads_what_was_appended(Place& place) {
    const std::vector<Commit> written = fill(*place, "t-1", 2);
    CHECK(place->read("t-1") == written);
    place.reopen();
    CHECK(place->read("t-1") == written);
}

inline void begins_with_the_latest_snapshot(Place& place) {
    fill(*place, "t-1", 8);  // Snapshots are 1, 4 and 7.
    for (int opened = 0; opened < 2; ++opened) {
        CHECK(numbers_of(place->read("t-1")) == Numbers{7, 8});
        CHECK(numbers_of(place->read("t-1", 6)) == Numbers{4, 5, 6});
        CHECK(numbers_of(place->read("t-1", 4)) == Numbers{4});
        CHECK(numbers_of(place->read("t-1", 1)) == Numbers{1});
        CHECK(fault_of(place->read("t-1", 9)) == Fault::absent);
        place.reopen();
    }
}

inline void keeps_threads_apart(Place& place) {
    const std::vector<Commit> first = fill(*place, "t-1", 2);
    fill(*place, "t-10", 3);
    place.reopen();
    CHECK(place->read("t-1") == first);
    CHECK(numbers_of(place->history("t-10", 0, 9)) == Numbers{3, 2, 1});
    CHECK(place->threads() == std::vector<std::string>{"t-1", "t-10"});
}

inline void tells_what_is_not_there(Place& place) {
    CHECK(fault_of(place->read("t-1")) == Fault::absent);
    CHECK(fault_of(place->history("t-1", 0, 9)) == Fault::absent);
    CHECK(place->threads() == std::vector<std::string>{});
    REQUIRE(place->claim("t-1"));
    CHECK(fault_of(place->read("t-1")) == Fault::absent);
}

inline void tells_history_newest_first(Place& place) {
    fill(*place, "t-1", 5);
    CHECK(numbers_of(place->history("t-1", 0, 2)) == Numbers{5, 4});
    CHECK(numbers_of(place->history("t-1", 4, 2)) == Numbers{3, 2});
    CHECK(numbers_of(place->history("t-1", 1, 2)).empty());
    CHECK(numbers_of(place->history("t-1", 99, 1)) == Numbers{5});
    CHECK(numbers_of(place->history("t-1", 0, 0)).empty());
}

inline void takes_the_next_commit_only(Place& place) {
    const std::vector<Commit> commits = fill(*place, "t-1", 3);
    place.reopen();
    const Result<std::uint64_t> epoch = place->claim("t-1");
    REQUIRE(epoch);
    const auto fault = [&](Commit commit) {
        commit.hash = content_hash_of(commit);
        return fault_of(place->append(commit, *epoch, Durability::written));
    };
    const Commit next = next_commit(&commits.back(), "t-1", "next");
    Commit gap = next;
    gap.number += 1;
    CHECK(fault(gap) == Fault::invalid);
    CHECK(fault(commits.back()) == Fault::invalid);  // A second time.
    Commit orphan = next;
    orphan.parent.low += 1;
    CHECK(fault(orphan) == Fault::invalid);
    Commit altered = next;
    altered.body += '!';
    CHECK(fault_of(place->append(altered, *epoch, Durability::written)) == Fault::invalid);
    CHECK(numbers_of(place->history("t-1", 0, 9)) == Numbers{3, 2, 1});
    CHECK_FALSE(fault(next));
    place.reopen();
    CHECK(numbers_of(place->history("t-1", 0, 9)) == Numbers{4, 3, 2, 1});
}

inline void has_one_writer(Place& place) {
    const std::vector<Commit> commits = fill(*place, "t-1", 1);
    const Result<std::uint64_t> before = place->claim("t-1");
    const Result<std::uint64_t> after = place->claim("t-1");
    REQUIRE(before);
    REQUIRE(after);
    CHECK(*after > *before);
    const Commit next = next_commit(&commits.back(), "t-1", "next");
    CHECK(fault_of(place->append(next, *before, Durability::written)) == Fault::refused);
    CHECK_FALSE(fault_of(place->append(next, *after, Durability::synced)));
    CHECK(fault_of(place->append(next_commit(nullptr, "t-2", ""), 0, Durability::written)) ==
          Fault::refused);  // Nobody claimed it.
}

/// The bytes of a body are kept as they are, whatever they are.
inline void keeps_any_bytes(Place& place) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    const Result<std::uint64_t> epoch = place->claim("t-1");
    REQUIRE(epoch);
    const Commit commit = next_commit(nullptr, "t-1", all);
    REQUIRE(place->append(commit, *epoch, Durability::synced));
    place.reopen();
    CHECK(place->read("t-1") == std::vector<Commit>{commit});
}

inline void keeps_what_every_store_keeps(Place& place) {
    const Result<std::uint64_t> epoch = place->claim("t-1");
    REQUIRE(epoch);
    const Commit first = next_commit(nullptr, "t-1", std::string(body_bytes_everywhere, '\xff'));
    REQUIRE(place->append(first, *epoch, Durability::synced));
    place.reopen();
    CHECK(place->read("t-1") == std::vector<Commit>{first});
}

/// A store may have a largest size of a commit.
inline void keeps_any_size_or_nothing(Place& place) {
    const std::vector<Commit> commits = fill(*place, "t-1", 2);
    const Result<std::uint64_t> epoch = place->claim("t-1");
    REQUIRE(epoch);
    constexpr std::size_t bytes = std::size_t{2} << 20U;
    const Commit large = next_commit(&commits.back(), "t-1", std::string(bytes, 'x'));
    const Result<void> kept = place->append(large, *epoch, Durability::written);
    CHECK((kept || kept.error().fault == Fault::invalid));
    const Commit* last = kept ? &large : &commits.back();
    CHECK(place->history("t-1", 0, 1) == std::vector<Commit>{*last});
    const Commit next = next_commit(last, "t-1", "next");
    CHECK(place->append(next, *epoch, Durability::synced));
    place.reopen();
    CHECK(place->history("t-1", 0, 2) == std::vector<Commit>{next, *last});
}

struct StoreCase {
    const char* says;
    void (*run)(Place&);
};

inline const std::vector<StoreCase>& store_cases() {
    static const std::vector<StoreCase> cases{
        {"what was appended is read again", reads_what_was_appended},
        {"a thread is read from its latest snapshot on", begins_with_the_latest_snapshot},
        {"threads do not mix, even where one's name begins with another's", keeps_threads_apart},
        {"what is not there is said not to be", tells_what_is_not_there},
        {"history is told newest first, in pages", tells_history_newest_first},
        {"nothing but the next commit, as its hash says, is kept", takes_the_next_commit_only},
        {"a body may be any bytes", keeps_any_bytes},
        {"a body of the size that every store takes is kept", keeps_what_every_store_keeps},
        {"a commit of any size is kept whole, or refused, and the next one is taken",
         keeps_any_size_or_nothing},
        {"44, 52: whoever claimed the thread last is its writer", has_one_writer},
    };
    return cases;
}

}  // namespace homeostat::graph::for_test
