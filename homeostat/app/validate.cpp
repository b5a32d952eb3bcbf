// validate: every problem of a configuration with its place and its mend.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/story.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace homeostat::app {

namespace {

json::value document_of(const ConfigReport& report) {
    json::array problems;
    for (const ConfigProblem& problem : report.problems) {
        json::object document;
        document["line"] = problem.line;
        document["column"] = problem.column;
        document["text"] = json::value(problem.text);
        problems.push_back(std::move(document));
    }
    json::object document;
    document["file"] = json::value(report.file.string());
    document["is_valid"] = report.config.has_value();
    document["problems"] = std::move(problems);
    if (report.config) {
        document["config"] = to_document(*report.config);
    }
    return document;
}

}  // namespace

ExitStatus validate(const ValidateOptions& options) {
    if (options.prints_schema) {
        fmt::print("{}", to_pretty_text(config_schema()));
        return ExitStatus::ok;
    }
    const ConfigReport report = load_config(options.common.config);
    if (options.common.is_json) {
        fmt::print("{}", to_pretty_text(document_of(report)));
    } else if (report.config) {
        fmt::print("{}: valid\n", plain(report.file.string()));
    } else {
        fmt::print(stderr, "{}", describe(report));
    }
    return report.config ? ExitStatus::ok : ExitStatus::usage;
}

}  // namespace homeostat::app
