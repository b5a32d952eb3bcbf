#pragma once

// Reading a configuration: every problem of the file at once, each with its place and its mend.

#include "homeostat/app/config.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

struct ConfigProblem {
    std::size_t line{0};  ///< From 1; 0: the file as a whole.
    std::size_t column{0};
    std::string text;  ///< What is wrong — what to write instead.
};

struct ConfigReport {
    std::filesystem::path file;
    std::optional<Config> config;  ///< Absent if there is any problem.
    std::vector<ConfigProblem> problems;
};

/// Reads the file of glosses that it names, too.
[[nodiscard]] ConfigReport load_config(const std::filesystem::path& file);

/// The same for text that is at hand. `file` is where relative paths begin and what problems name.
[[nodiscard]] ConfigReport parse_config(std::string_view text, const std::filesystem::path& file);

/// Of a file of glosses. Absent if there is any problem.
struct GlossesReport {
    std::optional<std::vector<sense::UserGloss>> glosses;
    std::vector<ConfigProblem> problems;
};

[[nodiscard]] GlossesReport parse_glosses(std::string_view text);

/// One line per problem, "file:line:column: text"; empty without problems.
[[nodiscard]] std::string describe(const ConfigReport& report);

/// Every value in force, defaults included.
[[nodiscard]] json::value to_document(const Config& config);

/// For editors; made from the same table that the reading is driven by.
[[nodiscard]] json::value config_schema();

}  // namespace homeostat::app
