#include "homeostat/adapters/kubernetes/incident_kind.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;

namespace {

const std::string group_path = "/apis/homeostat.dev";
const std::string version_path = "/apis/homeostat.dev/v1alpha1";

ApiReply ok(const std::string& body) {
    return {.status = 200, .body = object_of(body)};
}

Result<void> asked(const Result<ApiReply>& group, const Result<ApiReply>& version) {
    boost::asio::io_context context;
    ScriptedApi api;
    api.on_get = [&](const std::string& path) {
        CHECK((path == group_path || path == version_path));
        return path == group_path ? group : version;
    };
    return net::run_for_test(context, check_incident_kind(api, Instant{}));
}

}  // namespace

TEST_CASE("a cluster serves our kind, or it is said what it serves instead") {
    const ApiReply ours = ok(R"({"versions":[{"version":"v1"},{"version":"v1alpha1"}]})");
    const ApiReply kinds =
        ok(R"({"resources":[{"name":"incidents"},{"name":"incidents/status"}]})");
    CHECK(asked(ours, kinds).has_value());

    struct Row {
        Result<ApiReply> group;
        Result<ApiReply> version;
        Fault fault;
        const char* says;
    };
    const std::vector<Row> rows{
        {ApiReply{.status = 404, .body = "404 page not found"}, kinds, Fault::absent,
         "the CRD is not installed"},
        {ok(R"({"versions":[{"version":"v1"},{"version":"v2"}]})"), kinds, Fault::absent,
         "serves homeostat.dev in v1, v2, and this agent writes v1alpha1"},
        {ok(R"({"versions":[]})"), kinds, Fault::absent, "no version"},
        {ok(R"({"versions":7})"), kinds, Fault::broken, "versions"},
        {ours, ok(R"({"resources":[{"name":"incidents"}]})"), Fault::absent, "without"},
        {ours, ok(R"({"resources":[{"name":7}]})"), Fault::broken, "name"},
        {ours, ApiReply{.status = 403, .body = json::object{}}, Fault::refused, "403"},
        {fail(Fault::unreachable, "nobody there"), kinds, Fault::unreachable, "nobody there"},
    };
    for (const Row& row : rows) {
        const Result<void> served = asked(row.group, row.version);
        REQUIRE_FALSE(served);
        CHECK(served.error().fault == row.fault);
        CHECK_MESSAGE(served.error().text.contains(row.says), served.error().text);
    }
}
