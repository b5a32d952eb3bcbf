#include "homeostat/adapters/process/changes_file.hpp"

#include "homeostat/adapters/process/world_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::adapters::process {

namespace {

struct Told {
    World world;
    std::string path{world.path() + "/changes.jsonl"};
    std::vector<std::string> reports;

    ChangesFile file() {
        return ChangesFile{path, [this](const std::string& text) { reports.push_back(text); },
                           world.clock};
    }
    void append(const std::string& text) const {
        std::ofstream{path, std::ios::app | std::ios::binary} << text;
    }
};

std::string targets(ChangesFile& file) {
    const Result<std::vector<Reading>> readings = run(file.read(Instant::max()));
    REQUIRE(readings.has_value());
    std::string text;
    for (const Reading& reading : *readings) {
        const Change& change = std::get<ChangeReading>(reading).change;
        CHECK(!change.is_first_hand);
        text += change.to.text() + " ";
    }
    return text;
}

std::string deploy_of(const std::string& version) {
    return R"({"kind":"deploy","service":"fraud","to":")" + version + "\"}\n";
}

}  // namespace

TEST_CASE("lines that come after the first read are changes, whole lines only and once") {
    Told told;
    told.append(deploy_of("v1"));
    ChangesFile file = told.file();
    CHECK(targets(file).empty());
    told.append(deploy_of("v2") + deploy_of("v3") + R"({"kind":"dep)");
    CHECK(targets(file) == "v2 v3 ");
    CHECK(targets(file).empty());
    told.append(R"(loy","service":"fraud","to":"v4"})"
                "\n");
    CHECK(targets(file) == "v4 ");
    CHECK(told.reports.empty());
}

TEST_CASE("a file that comes later, is replaced or is cut, is read from its beginning") {
    Told told;
    ChangesFile file = told.file();
    CHECK(targets(file).empty());
    told.append(deploy_of("v1") + deploy_of("v2"));
    CHECK(targets(file) == "v1 v2 ");
    std::filesystem::rename(told.path, told.path + ".1");
    told.append(deploy_of("v3"));
    CHECK(targets(file) == "v3 ");
    std::filesystem::resize_file(told.path, 0);
    CHECK(targets(file).empty());
    told.append(deploy_of("v4"));
    CHECK(targets(file) == "v4 ");
}

TEST_CASE(
    "a file behind a link is read once, and from its beginning when the link leads elsewhere") {
    Told told;
    const std::string link = told.path;
    told.path = told.world.path() + "/elsewhere.jsonl";
    told.append(deploy_of("v1"));
    std::filesystem::create_symlink(told.path, link);
    ChangesFile file{link, [&told](const std::string& text) { told.reports.push_back(text); },
                     told.world.clock};
    CHECK(targets(file).empty());
    told.append(deploy_of("v2"));
    CHECK(targets(file) == "v2 ");
    CHECK(targets(file).empty());
    told.path += ".2";
    told.append(deploy_of("v3"));
    std::filesystem::remove(link);
    std::filesystem::create_symlink(told.path, link);
    CHECK(targets(file) == "v3 ");
    CHECK(targets(file).empty());
}

TEST_CASE("a bad line is reported once with its number and the others count") {
    Told told;
    told.append("rubbish in the past\n");
    ChangesFile file = told.file();
    CHECK(targets(file).empty());
    told.append(deploy_of("v1") + "not json\n\n" + deploy_of("v2"));
    CHECK(targets(file) == "v1 v2 ");
    REQUIRE(told.reports.size() == 1);
    CHECK(told.reports.front().starts_with(told.path + ":3: "));
    CHECK(targets(file).empty());
    CHECK(told.reports.size() == 1);
}

TEST_CASE("a line without an end is reported once, skipped, and the next one is read") {
    Told told;
    ChangesFile file = told.file();
    CHECK(targets(file).empty());
    for (int part = 0; part < 20; ++part) {
        told.append(std::string(100'000, 'x'));
        CHECK(targets(file).empty());
    }
    CHECK(told.reports.size() == 1);
    told.append("\n" + deploy_of("v1") + "bad\n");
    CHECK(targets(file) == "v1 ");
    REQUIRE(told.reports.size() == 2);
    CHECK(told.reports.at(0).starts_with(told.path + ":1: "));
    CHECK(told.reports.at(1).starts_with(told.path + ":3: "));
}

TEST_CASE("a change is refused unless every field is a known one with a plain value") {
    CHECK(parse_change_line(R"({"kind":"flag","service":"rates"})").has_value());
    const Result<Change> whole = parse_change_line(
        R"({"kind":"deploy","service":"rates","from":"v1","to":"v2","reference":"r-118"})");
    REQUIRE(whole.has_value());
    CHECK(whole->from.text() == "v1");
    CHECK(whole->reference == "r-118");
    for (const char* bad : {
             R"({"kind":"deploy","service":"rates"})",
             R"({"kind":"deploys","service":"rates","to":"v2"})",
             R"({"kind":"deploy","service":"","to":"v2"})",
             R"({"kind":"deploy","service":"a b","to":"v2"})",
             R"({"kind":"deploy","service":"rates","to":"../v2"})",
             R"({"kind":"deploy","service":"rates","to":"v2","reference":"say \"hi\""})",
             R"({"kind":"deploy","service":"rates","to":"v2","is_ours":true})",
             R"({"kind":"deploy","service":"rates","to":"v2","to":"v3"})",
             R"(["deploy"])",
             "{",
         }) {
        CAPTURE(bad);
        CHECK(!parse_change_line(bad));
    }
}

}  // namespace homeostat::adapters::process
