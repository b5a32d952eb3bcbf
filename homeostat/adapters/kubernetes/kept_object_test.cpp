#include "homeostat/adapters/kubernetes/kept_object.hpp"

#include "homeostat/adapters/kubernetes/opt_out.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::adapters::kubernetes {

TEST_CASE("an object is read as what it was made of, and as nothing where it is of nothing") {
    for (const char* text :
         {R"({"metadata":{"name":"a","labels":{"app":"ä\n\"\\\u0001"}},"spec":{"replicas":3}})",
          R"({"of":[18446744073709551615,-1,0.1,1e300,true,null,{},[],""]})", R"("a")", "[]"}) {
        INFO(std::string(text));
        const json::value object = *parse_json(text);
        CHECK(KeptObject(object).parsed() == object);
    }
    CHECK(KeptObject().parsed().is_null());
}

TEST_CASE("a word is found in what is kept, wherever it stands") {
    const KeptObject left_alone(
        *parse_json(R"({"metadata":{"annotations":{"homeostat.dev\/ignore":"true"}}})"));
    CHECK(left_alone.mentions(ignore_annotation));
    CHECK_FALSE(
        KeptObject(*parse_json(R"({"metadata":{"annotations":{}}})")).mentions(ignore_annotation));
}

}  // namespace homeostat::adapters::kubernetes
