#include "homeostat/adapters/kubernetes/label_selector.hpp"

#include "homeostat/adapters/kubernetes/objects.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace homeostat::adapters::kubernetes {

namespace {

json::object labels_of(std::string_view text) {
    return parse_json(text).value().get_object();
}

LabelSelector selector_of(std::string_view query) {
    return parse_label_selector(query).value();
}

}  // namespace

TEST_CASE("a selector fits what all of its terms hold of") {
    struct Case {
        const char* query;
        const char* labels;
        bool fits;
    };
    for (const Case& one : {
             Case{"app=a", R"({"app":"a","x":"y"})", true},
             Case{"app=a", R"({"app":"ab"})", false},
             Case{"app=a", R"({})", false},
             Case{"app=a", R"({"app":1})", false},
             Case{"app=a,tier=web", R"({"app":"a"})", false},
             Case{"app=a,tier=web", R"({"app":"a","tier":"web"})", true},
             Case{"tier%20in%20(web,api)", R"({"tier":"api"})", true},
             Case{"tier%20in%20(web,api)", R"({"tier":"db"})", false},
             Case{"tier%20notin%20(web,api)", R"({"tier":"db"})", true},
             Case{"tier%20notin%20(web,api)", R"({})", true},
             Case{"tier%20notin%20(web,api),app=a", R"({"app":"a","tier":"web"})", false},
             Case{"canary", R"({"canary":""})", true},
             Case{"canary", R"({"app":"a"})", false},
             Case{"!canary,app=a", R"({"app":"a"})", true},
             Case{"!canary,app=a", R"({"app":"a","canary":"x"})", false},
         }) {
        CAPTURE(one.query);
        CAPTURE(one.labels);
        CHECK(selector_of(one.query).fits(labels_of(one.labels)) == one.fits);
    }
    CHECK_FALSE(LabelSelector{}.fits(labels_of(R"({"app":"a"})")));
}

TEST_CASE("what a Deployment selects is read back from the query that is asked by it") {
    const auto object = parse_json(
        R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1"},"spec":{"template":{},)"
        R"("selector":{"matchLabels":{"app":"a","part":"x"},"matchExpressions":[)"
        R"({"key":"tier","operator":"In","values":["web","api"]},)"
        R"({"key":"age","operator":"NotIn","values":["old"]},)"
        R"({"key":"team","operator":"Exists"},{"key":"canary","operator":"DoesNotExist"}]}}})");
    const DeploymentView view = parse_deployment(object.value()).value();
    const LabelSelector selector = selector_of(view.selector);
    CHECK(selector.terms == std::vector<LabelTerm>{{"app", LabelTest::in, {"a"}},
                                                   {"part", LabelTest::in, {"x"}},
                                                   {"tier", LabelTest::in, {"web", "api"}},
                                                   {"age", LabelTest::not_in, {"old"}},
                                                   {"team", LabelTest::exists},
                                                   {"canary", LabelTest::absent}});
}

TEST_CASE("what is no selector of ours is refused, and never taken for everything") {
    for (const char* query : {"", ",", "app=a,", "tier%20in%20(web", "tier%20near%20(web)", "!"}) {
        CAPTURE(query);
        CHECK(parse_label_selector(query).error().fault == Fault::invalid);
    }
}

}  // namespace homeostat::adapters::kubernetes
