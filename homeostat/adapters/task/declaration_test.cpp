#include "homeostat/adapters/task/declaration.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::adapters::task {

namespace {

Declaration declaration() {
    Declaration declaration;
    declaration.task = TaskId("clean");
    declaration.run.call = Command{.argv = {"./clean", "--keep", "7"},
                                   .directory = "/srv",
                                   .passed_on = {"KEY"},
                                   .refused = {75}};
    declaration.take_back = Action{.call = HttpCall{.method = "POST",
                                                    .url = "http://127.0.0.1:1/back",
                                                    .body = "x",
                                                    .content_type = "text/plain",
                                                    .headers_file = "/srv/h",
                                                    .authorities = "",
                                                    .statuses = {202}}};
    declaration.check.call =
        Command{.argv = {"./look"}, .directory = "/srv", .passed_on = {}, .refused = {}};
    declaration.is_destructive = false;
    return declaration;
}

Command& run_of(Declaration& declaration) {
    return std::get<Command>(declaration.run.call);
}

HttpCall& back_of(Declaration& declaration) {
    return std::get<HttpCall>(declaration.take_back->call);
}

}  // namespace

TEST_CASE("whatever a task would do otherwise is another declaration") {
    using Change = std::function<void(Declaration&)>;
    const std::vector<Change> changes{
        [](Declaration& of) { of.task = TaskId("clean2"); },
        [](Declaration& of) { run_of(of).argv[2] = "8"; },
        [](Declaration& of) { run_of(of).argv = {"./clean", "--keep 7"}; },
        [](Declaration& of) { run_of(of).directory = "/srv2"; },
        [](Declaration& of) { run_of(of).passed_on = {"KEY2"}; },
        [](Declaration& of) { run_of(of).refused = {}; },
        [](Declaration& of) { of.run.timeout += std::chrono::seconds{1}; },
        [](Declaration& of) { of.check.timeout += std::chrono::seconds{1}; },
        [](Declaration& of) { std::get<Command>(of.check.call).argv = {"./look2"}; },
        [](Declaration& of) { of.take_back.reset(); },
        [](Declaration& of) { back_of(of).method = "PUT"; },
        [](Declaration& of) { back_of(of).url = "http://127.0.0.1:2/back"; },
        [](Declaration& of) { back_of(of).body = "y"; },
        [](Declaration& of) { back_of(of).content_type = "text/html"; },
        [](Declaration& of) { back_of(of).headers_file = "/srv/i"; },
        [](Declaration& of) { back_of(of).authorities = "/srv/ca"; },
        [](Declaration& of) { back_of(of).statuses = {}; },
        [](Declaration& of) { of.is_repeatable = true; },
        [](Declaration& of) { of.is_destructive = true; },
        [](Declaration& of) { of.keeps_capacity = true; },
    };
    std::set<std::string> digests{digest_of(declaration())};
    for (const Change& change : changes) {
        Declaration changed = declaration();
        change(changed);
        digests.insert(digest_of(changed));
    }
    CHECK(digests.size() == changes.size() + 1);
    CHECK(digests.begin()->size() == std::size_t{64});
}

TEST_CASE("how often a check looks is no part of what was proven") {
    Declaration often = declaration();
    often.check_every = std::chrono::seconds{1};
    CHECK(digest_of(often) == digest_of(declaration()));
}

TEST_CASE("what is known of a task beyond its digest is in the digest, too") {
    const DeclaredTask known = declared(declaration());
    CHECK(known.task == TaskId("clean"));
    CHECK(known.declaration == digest_of(declaration()));
    CHECK(known.is_reversible);
    CHECK_FALSE(known.is_repeatable);
    CHECK_FALSE(known.is_destructive);
    CHECK_FALSE(known.keeps_capacity);
}

TEST_CASE("an action is shown so that its arguments can be told apart") {
    Declaration shown = declaration();
    CHECK(describe(*shown.take_back) == "POST http://127.0.0.1:1/back");
    run_of(shown).argv = {"./clean", "a b", ""};
    CHECK(describe(shown.run) == "./clean 'a b' ''");
}

}  // namespace homeostat::adapters::task
