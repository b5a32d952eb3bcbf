#include "homeostat/app/approvals_place.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

const std::string key_of_anna(64, 'a');
const std::string key_of_bert(64, 'b');

std::string approvals(const std::string& words) {
    return with("approvals: { " + words + " }\n");
}

std::string two(const std::string& more = "") {
    return approvals("approvers: [ { name: anna, key: " + key_of_anna +
                     " }, { name: bert, key: " + key_of_bert + " } ]" + more);
}

bool has_problem(const std::string& text, const std::string& words) {
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE_FALSE(report.config);
    return report.problems.size() == 1 && report.problems.front().text.contains(words);
}

}  // namespace

TEST_CASE("approvers, their quorum and how often people are asked are read, and written again") {
    const ConfigReport report = parse_config(
        two(", quorum: 1, quorum_of: { rollback: 2 }, questions_per_hour_max: 3"), file_for_test);
    REQUIRE(report.config);
    REQUIRE(report.config->approvals);
    CHECK(report.config->approvals->quorum_of.at(RemedyKind::rollback) == 2);
    CHECK(report.config->guard.questions_per_hour_max == 3U);
    const heal::Approvers approvers = approvers_listed_in(*report.config);
    REQUIRE(approvers.listed.size() == 2);
    CHECK(approvers.listed[1].name == "bert");
    CHECK(to_hex(approvers.listed[1].key) == key_of_bert);
    CHECK(approvers.quorum_for(RemedyKind::rollback) == 2);
    CHECK(approvers.quorum_for(RemedyKind::restart) == 1);
    CHECK(approvers.service == report.config->service);
    const ConfigReport again =
        parse_config(to_pretty_text(to_document(*report.config)), file_for_test);
    REQUIRE(again.config);
    CHECK(to_document(*again.config) == to_document(*report.config));
}

TEST_CASE("without approvals nobody has to sign, and no question is one too many") {
    const ConfigReport report = parse_config(with(""), file_for_test);
    REQUIRE(report.config);
    CHECK_FALSE(report.config->approvals);
    CHECK_FALSE(report.config->guard.questions_per_hour_max);
    CHECK(approvers_listed_in(*report.config).listed.empty());
    const ConfigReport capped = parse_config(approvals("questions_per_hour_max: 0"), file_for_test);
    REQUIRE(capped.config);
    CHECK(capped.config->guard.questions_per_hour_max == 0U);
    const ConfigReport listed = parse_config(two(), file_for_test);
    REQUIRE(listed.config);
    CHECK(listed.config->guard.questions_per_hour_max == 6U);
}

TEST_CASE("a list of approvers that could not mean what it says is refused at its place") {
    const auto listed = [](const std::string& name, const std::string& key) {
        return approvals(
            fmt::format("approvers: [ {{ name: anna, key: {} }}, {{ name: {}, key: {} }} ]",
                        key_of_anna, name, key));
    };
    CHECK(has_problem(listed("anna", key_of_bert), "anna is listed twice"));
    CHECK(has_problem(listed("bert", key_of_anna), "listed under another name as well"));
    CHECK(has_problem(two(", quorum: 3"), "3 of 2 approvers can never agree"));
    CHECK(has_problem(two(", quorum_of: { scale: 3 }"), "quorum_of.scale: 3 of 2"));
    CHECK(has_problem(approvals("quorum: 2"), "a quorum, and nobody who could sign"));
    CHECK(has_problem(approvals("approvers: [ { name: \"an na\", key: " + key_of_anna + " } ]"),
                      "no name of an approver"));
    const std::string seed(63, 'c');
    const ConfigReport report =
        parse_config(approvals("approvers: [ { name: anna, key: " + seed + " } ]"), file_for_test);
    REQUIRE_FALSE(report.config);
    CHECK(report.problems.front().text.contains("homeostat approver-key"));
    CHECK_FALSE(report.problems.front().text.contains(seed));
}

TEST_CASE("the agent's own key approves nothing: an agent that lists it does not start") {
    const std::filesystem::path here =
        std::filesystem::temp_directory_path() / "homeostat_own_key_test";
    std::filesystem::remove_all(here);
    std::filesystem::create_directories(here);
    const std::string text = two() +
                             "edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
                             "mesh: { listen: \"127.0.0.1:7071\" }\n";
    const ConfigReport report = parse_config(text, (here / "shop.yaml").string());
    REQUIRE(report.config);
    Config config = *report.config;
    CHECK(approvers_of(config));  // There is no key of its own yet.
    const auto seed = read_or_make_key(config.mesh->key_file);
    REQUIRE(seed);
    CHECK(approvers_of(config));
    config.approvals->approvers[1].key = to_hex(mesh::public_key_of(*seed));
    const auto refused = approvers_of(config);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.contains("the key of bert is the agent's own"));
    std::filesystem::remove_all(here);
}

}  // namespace homeostat::app
