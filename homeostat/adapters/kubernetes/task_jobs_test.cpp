// Jobs of a task at a played API server: what is made once, what is found again, what nobody knows.

#include "homeostat/adapters/kubernetes/task_jobs.hpp"

#include "homeostat/adapters/kubernetes/job_world_for_test.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"

#include <doctest/doctest.h>

#include <exception>
#include <string>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// An agent that dies somewhere: what is awaited then is never heard of.
struct Death : std::exception {};

}  // namespace

TEST_CASE("a Job is tried without effect, made of its template, and followed to its end") {
    JobWorld world;
    world.end_at_look(4, "Complete");
    const JobEnd end = world.run();
    CHECK_MESSAGE(end.kind == JobEndKind::complete, end.because);
    REQUIRE(world.api.writes.size() == 2);
    CHECK(world.api.writes[0].is_dry_run);
    CHECK_FALSE(world.api.writes[1].is_dry_run);
    CHECK(world.api.writes[0].body == world.api.writes[1].body);
    REQUIRE(world.made().size() == 1);
    const json::value& job = *world.made()[0];
    CHECK(text_at(job, {"metadata", "name"}).starts_with("reindex-"));
    CHECK(text_at(job, {"metadata", "labels", "homeostat.dev/task"}) == "reindex_all");
    CHECK(text_at(job, {"metadata", "labels", "homeostat.dev/service"}) == "payments");
    CHECK(text_at(job, {"metadata", "annotations", effect_annotation}) == "payments/i-7.e1");
    CHECK(number_at(job, {"spec", "activeDeadlineSeconds"}) == 20);
    CHECK(look(job, {"spec", "backoffLimit"})->get_int64() == 0);
}

TEST_CASE("a Job that failed may have done anything, and one that goes on as well") {
    JobWorld failed;
    failed.end_at_look(2, "Failed", "BackoffLimitExceeded");
    const JobEnd end = failed.run();
    CHECK(end.kind == JobEndKind::failed);
    CHECK_MESSAGE(end.because.contains("BackoffLimitExceeded"), end.because);
    JobWorld slow;
    const JobEnd late = slow.run();
    CHECK(late.kind == JobEndKind::unknown);
    CHECK_MESSAGE(late.because.contains("goes on"), late.because);
    CHECK(slow.goes_on() == Result<bool>(true));
    JobWorld::end(*slow.made()[0], "Complete");
    at(*slow.made()[0], {"status", "terminating"}) = 1;  // A pod of it is left.
    CHECK(slow.goes_on() == Result<bool>(true));
    at(*slow.made()[0], {"status", "terminating"}) = 0;
    CHECK(slow.goes_on() == Result<bool>(false));
}

TEST_CASE("the same effect asked for again finds its Job and waits for that, in another life too") {
    JobWorld world;
    CHECK(world.run().kind == JobEndKind::unknown);
    world.end_at_look(3, "Complete");
    CHECK(world.run().kind == JobEndKind::complete);
    CHECK(world.run().kind == JobEndKind::complete);  // And once it has ended.
    CHECK(world.made().size() == 1);
    CHECK(world.api.writes.size() == 2);
}

TEST_CASE("an agent that dies anywhere leaves one Job at most, and its successor finds it") {
    // At each request of a life: the template, the Jobs, the dry run, the Job, looks at it.
    for (int request = 1; request <= 6; ++request) {
        JobWorld world;
        int left = request;
        const auto die = [&left] {
            if (--left == 0) {
                throw Death{};
            }
        };
        world.api.inner.before_get = [&](const std::string&) { die(); };
        world.api.inner.before_write = [&](const ApiWrite&) { die(); };
        CHECK_THROWS_AS(world.run(), Death);
        world.api.inner.before_get = {};
        world.api.inner.before_write = {};
        const bool is_made = !world.made().empty();
        CHECK(is_made == (request > 4));
        CHECK(world.goes_on() == Result<bool>(is_made));
        world.end_at_look(3, "Complete");
        CHECK(world.run().kind == JobEndKind::complete);
        CHECK(world.made().size() == 1);
    }
}

TEST_CASE("a reply that is lost is not asked for again: the Job that is there is followed") {
    for (const bool has_effect : {true, false}) {
        JobWorld world;
        world.api.inner.write_troubles = {
            std::nullopt, Trouble{.answer = fail(Fault::late, "lost"), .has_effect = has_effect}};
        world.end_at_look(4, "Complete");
        const JobEnd end = world.run();
        CHECK(end.kind == (has_effect ? JobEndKind::complete : JobEndKind::unknown));
        CHECK(world.made().size() == (has_effect ? 1 : 0));
        CHECK(world.api.writes.size() == 2);
    }
}

TEST_CASE("of one task no second Job is made while one goes on, whoever made that") {
    JobWorld world;
    CHECK(world.run("payments/i-7.e1").kind == JobEndKind::unknown);
    const JobEnd second = world.run("payments/i-8.e1");
    CHECK(second.kind == JobEndKind::unbegun);
    CHECK_MESSAGE(second.because.contains("still goes on"), second.because);
    CHECK(world.made().size() == 1);
    JobWorld::end(*world.made()[0], "Failed");
    world.end_at_look(2, "Complete");
    CHECK(world.run("payments/i-8.e1").kind == JobEndKind::complete);
    CHECK(world.made().size() == 2);
}

TEST_CASE("the same id of another ledger is another effect, and a name that is taken is refused") {
    JobWorld world;
    world.end_at_look(2, "Complete");
    CHECK(world.run("payments/i-7.e1", "ledger-1").kind == JobEndKind::complete);
    world.end_at_look(2, "Complete");
    CHECK(world.run("payments/i-7.e1", "ledger-2").kind == JobEndKind::complete);
    CHECK(world.made().size() == 2);
    at(*world.made()[0], {"metadata", "annotations", effect_annotation}) = "payments/i-1.e1";
    at(*world.made()[1], {"metadata", "annotations", effect_annotation}) = "payments/i-1.e1";
    const JobEnd taken = world.run("payments/i-7.e1", "ledger-1");
    CHECK(taken.kind == JobEndKind::unbegun);
    CHECK(world.made().size() == 2);
}

TEST_CASE("what is refused, or would become another Job, is not made") {
    JobWorld absent;
    absent.api.inner.remove(std::string(JobWorld::cron_jobs) + "/reindex");
    CHECK(absent.run().kind == JobEndKind::unbegun);
    JobWorld forbidden;
    forbidden.api.inner.write_troubles = {
        Trouble{.answer = status_reply(403, "Forbidden", "jobs is forbidden")}};
    CHECK(forbidden.run().kind == JobEndKind::unbegun);
    JobWorld spoilt;
    spoilt.api.spoils = true;
    const JobEnd end = spoilt.run();
    CHECK(end.kind == JobEndKind::unbegun);
    CHECK_MESSAGE(end.because.contains("another Job"), end.because);
    JobWorld unlisted;
    unlisted.api.inner.get_troubles = {
        std::nullopt, Trouble{.answer = status_reply(403, "Forbidden", "list is forbidden")}};
    CHECK(unlisted.run().kind == JobEndKind::unbegun);
    for (JobWorld* world : {&absent, &forbidden, &spoilt, &unlisted}) {
        CHECK(world->made().empty());
    }
}

TEST_CASE("whether a Job goes on is not guessed where the server does not say") {
    JobWorld world;
    world.api.inner.get_troubles = {Trouble{.answer = fail(Fault::unreachable, "away")}};
    CHECK(world.goes_on().error().fault == Fault::unreachable);
    world.api.inner.get_troubles = {
        Trouble{.answer = status_reply(403, "Forbidden", "list is forbidden")}};
    CHECK(world.goes_on().error().fault == Fault::refused);
    CHECK(world.goes_on() == Result<bool>(false));
}

}  // namespace homeostat::adapters::kubernetes
