#include "homeostat/adapters/kubernetes/job_object.hpp"

#include "homeostat/adapters/kubernetes/job_world_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>

namespace homeostat::adapters::kubernetes {

namespace {

json::value with_uid(json::value cron_job) {
    at(cron_job, {"metadata", "uid"}) = "u-7";
    return cron_job;
}

/// The error of a template that was changed so.
std::string trouble_of(const std::function<void(json::value&)>& change) {
    json::value cron_job = with_uid(cron_job_for_test("reindex"));
    change(cron_job);
    const Result<JobTemplate> from = parse_job_template(cron_job);
    return from ? "" : from.error().text;
}

const JobIdentity identity{.name_space = "shop",
                           .name = "reindex-1",
                           .service = "payments",
                           .task = "reindex_all",
                           .declaration = "d1",
                           .effect = "payments/i-7.e1"};

}  // namespace

TEST_CASE("a template is one that only a task runs, and whose pods are started once") {
    CHECK(trouble_of([](json::value&) {}).empty());
    struct Case {
        std::function<void(json::value&)> change;
        const char* trouble;
    };
    const auto job = [](json::value& cron) -> json::value& {
        return at(cron, {"spec", "jobTemplate", "spec"});
    };
    const Case cases[]{
        {[](json::value& cron) { at(cron, {"spec", "suspend"}) = false; }, "spec.suspend"},
        {[](json::value& cron) { cron.at("spec").as_object().erase("suspend"); }, "spec.suspend"},
        {[&](json::value& cron) { at(job(cron), {"suspend"}) = true; }, "jobTemplate.spec.suspend"},
        {[&](json::value& cron) {
             at(job(cron), {"template", "spec", "restartPolicy"}) = "OnFailure";
         },
         "restartPolicy"},
        {[&](json::value& cron) {
             job(cron).at("template").at("spec").as_object().erase("restartPolicy");
         },
         "restartPolicy"},
        // Each of these starts a pod a second time, or has somebody else run the Job.
        {[&](json::value& cron) { at(job(cron), {"podFailurePolicy", "rules"}) = json::array(); },
         "podFailurePolicy"},
        {[&](json::value& cron) { at(job(cron), {"backoffLimitPerIndex"}) = 3; },
         "backoffLimitPerIndex"},
        {[&](json::value& cron) { at(job(cron), {"managedBy"}) = "x/y"; }, "managedBy"},
        {[&](json::value& cron) { at(job(cron), {"manualSelector"}) = true; }, "manualSelector"},
        {[](json::value& cron) { at(cron, {"metadata", "uid"}) = ""; }, "uid"},
        {[](json::value& cron) { at(cron, {"metadata", "name"}) = std::string(53, 'a'); }, "name"},
        {[](json::value& cron) { cron = "no object"; }, "cronjob"},
    };
    for (const Case& one : cases) {
        const std::string trouble = trouble_of(one.change);
        CHECK_MESSAGE(trouble.contains(one.trouble), trouble << " has no " << one.trouble);
    }
}

TEST_CASE("a Job has its template's pods word for word, and limits of ours") {
    json::value cron_job = with_uid(cron_job_for_test("reindex"));
    at(cron_job, {"spec", "jobTemplate", "spec", "parallelism"}) = 2;
    at(cron_job, {"spec", "jobTemplate", "spec", "activeDeadlineSeconds"}) = 90;
    const Result<JobTemplate> from = parse_job_template(cron_job);
    REQUIRE(from);
    const json::value job = job_of(*from, identity, std::chrono::milliseconds{20'001});
    CHECK(*look(job, {"spec", "template"}) ==
          *look(cron_job, {"spec", "jobTemplate", "spec", "template"}));
    CHECK(number_at(job, {"spec", "parallelism"}) == 2);
    CHECK(look(job, {"spec", "backoffLimit"})->get_int64() == 0);
    CHECK(number_at(job, {"spec", "activeDeadlineSeconds"}) == 21);
    CHECK(number_at(job, {"spec", "ttlSecondsAfterFinished"}) == 86'400);
    CHECK(text_at(job, {"metadata", "labels", "team"}) == "shop");
    const json::value& owner = look(job, {"metadata", "ownerReferences"})->as_array().at(0);
    CHECK(text_at(owner, {"uid"}) == "u-7");
    CHECK(text_at(owner, {"kind"}) == "CronJob");
    CHECK(look(owner, {"controller"}) == nullptr);
    CHECK(number_at(job_of(*from, identity, std::chrono::minutes{2}),
                    {"spec", "activeDeadlineSeconds"}) == 90);
}

TEST_CASE("what the server would make is compared where it counts") {
    const Result<JobTemplate> from = parse_job_template(with_uid(cron_job_for_test("reindex")));
    REQUIRE(from);
    const json::value sent = job_of(*from, identity, std::chrono::seconds{9});
    json::value made = sent;
    at(made, {"spec", "template", "metadata", "labels", "controller-uid"}) = "u";
    at(made, {"spec", "suspend"}) = false;
    at(made, {"metadata", "uid"}) = "u-9";
    CHECK(is_job_as_sent(made, sent));
    const std::function<void(json::value&)> changes[]{
        [](json::value& job) { at(job, {"spec", "suspend"}) = true; },
        [](json::value& job) { at(job, {"spec", "backoffLimit"}) = 6; },
        [](json::value& job) { at(job, {"spec", "activeDeadlineSeconds"}) = 10; },
        [](json::value& job) { at(job, {"spec", "template", "spec", "hostNetwork"}) = true; },
        [](json::value& job) { at(job, {"metadata", "ownerReferences"}) = json::array(); },
        [](json::value& job) { at(job, {"metadata", "labels", job_task_label}) = "other"; },
        [](json::value& job) { at(job, {"metadata", "name"}) = "other"; },
        [](json::value& job) { job = json::object(); },
    };
    for (const auto& change : changes) {
        json::value other = made;
        change(other);
        CHECK_FALSE(is_job_as_sent(other, sent));
    }
}

TEST_CASE("the name of a Job follows from what it is of, and fits where it stands") {
    const std::string longest(job_template_name_max, 'a');
    CHECK(job_name(longest, "x").size() == 63);
    CHECK(job_name("a", "x") == job_name("a", "x"));
    CHECK(job_name("a", "x") != job_name("a", "y"));
}

TEST_CASE("only a condition that is true and of the end tells of it") {
    const auto state_of = [](const std::string& type, const std::string& status) {
        json::value job;
        at(job, {"metadata", "name"}) = "reindex-1";
        JobWorld::end(job, type);
        at(job.at("status").at("conditions").as_array().at(0), {"status"}) = status;
        return parse_job(job)->state;
    };
    CHECK(state_of("Complete", "True") == JobState::complete);
    CHECK(state_of("Failed", "True") == JobState::failed);
    CHECK(state_of("Complete", "False") == JobState::goes_on);
    // Its pods are still there.
    CHECK(state_of("FailureTarget", "True") == JobState::goes_on);
    CHECK(state_of("SuccessCriteriaMet", "True") == JobState::goes_on);
    CHECK_FALSE(parse_job(json::value("none")));
    json::value wrong;
    at(wrong, {"metadata", "name"}) = "reindex-1";
    at(wrong, {"status", "conditions"}) = 7;
    CHECK_FALSE(parse_job(wrong));
}

}  // namespace homeostat::adapters::kubernetes
