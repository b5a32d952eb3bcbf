#include "homeostat/graph/stored_commit.hpp"

#include "homeostat/graph/store_cases_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::graph {

namespace {

Commit commit_for_test() {
    const Commit first = for_test::next_commit(nullptr, "t-1", "first");
    return for_test::next_commit(&first, "t-1", std::string("\x00\x7f\xff", 3));
}

std::string why_refused(const json::value& stored) {
    const Result<Commit> commit = from_stored(stored);
    return commit ? "" : commit.error().text;
}

}  // namespace

TEST_CASE("a commit in JSON is the commit again") {
    const Commit commit = commit_for_test();
    const Result<Commit> again = from_stored(to_stored(commit));
    REQUIRE(again);
    CHECK(*again == commit);
    CHECK(to_stored(commit).as_object().at("body") == "007fff");
}

TEST_CASE("a stored commit that is not as it was written is refused, with the place") {
    const json::value whole = to_stored(commit_for_test());
    const auto with = [&](const char* field, const json::value& value) {
        json::object altered = whole.as_object();
        altered[field] = value;
        return why_refused(altered);
    };
    CHECK(with("body", "007ff") == "a commit's body is not as it was written");
    CHECK(with("body", "007fFF") == "a commit's body is not as it was written");
    CHECK(with("body", "007ffe") == "a commit's content is not as it was written");
    CHECK(with("number", json::value(3)) == "a commit's content is not as it was written");
    CHECK(with("hash", "00") == "a commit's hash is not as it was written");
    CHECK(with("parent", "gggggggggggggggggggggggggggggggg") ==
          "a commit's parent is not as it was written");
    CHECK(with("graph_digest", "7") == "a commit's graph_digest is not as it was written");
    CHECK(with("cause", "whim").starts_with("a commit: cause: "));
    CHECK(why_refused(json::value()).starts_with("a commit: "));
}

}  // namespace homeostat::graph
