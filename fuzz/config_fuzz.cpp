// Any bytes for a configuration file: read into a Config that reads back as itself, or refused with
// at least one problem at a place inside the file.

#include "homeostat/app/config_load.hpp"
#include "homeostat/app/strict_yaml.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace app = homeostat::app;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const app::ConfigReport report = app::parse_config(text, "/srv/service.yaml");
    ensure(report.config.has_value() == report.problems.empty(), "a configuration or its problems");
    ensure(report.problems.size() <= 51, "problems have a maximum");
    const auto lines_count = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    for (const app::ConfigProblem& problem : report.problems) {
        ensure(!problem.text.empty() && problem.line <= lines_count, "a problem has its place");
    }
    if (report.config) {
        const homeostat::json::value document = to_document(*report.config);
        const app::ConfigReport again =
            app::parse_config(homeostat::to_pretty_text(document), "/srv/service.yaml");
        ensure(again.config && to_document(*again.config) == document,
               "the values in force are a configuration again");
    }
    return 0;
}
