#include "homeostat/app/cluster_mend.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

namespace homeostat::app {
namespace {

TEST_CASE("each way in which a cluster says no has a mend of its own, and names the place") {
    struct Case {
        Fault fault;
        std::string_view said;
        std::string_view mend;
    };
    for (const Case& one : {
             Case{Fault::absent, "Deployment shop/pay: 404 NotFound", "correct the namespace"},
             Case{Fault::refused, "Deployment shop/pay: 401 Unauthorized", "context lab of a file"},
             Case{Fault::refused, "Deployment shop/pay: 403 Forbidden", "homeostat rbac"},
             Case{Fault::unreachable, "127.0.0.1:1: Connection refused", "context lab of a file"},
             Case{Fault::late, "127.0.0.1:1: no answer", "whether the server runs"},
         }) {
        const std::string text =
            with_mend(Error{one.fault, std::string(one.said)}, "context lab of a file").text;
        const auto [wrong, mend] = split_mend(text);
        CHECK(wrong == one.said);
        CHECK_MESSAGE(mend.contains(one.mend), text);
    }
}

TEST_CASE("what says its own mend, and what nothing is known to mend, stays as it is") {
    const Error own{Fault::refused, "the container declares none — write the port"};
    CHECK(with_mend(own, "a file").text == own.text);
    const Error odd{Fault::broken, "the server's answer is no list"};
    CHECK(with_mend(odd, "a file").text == odd.text);
    CHECK(split_mend(odd.text).second.empty());
}

}  // namespace
}  // namespace homeostat::app
