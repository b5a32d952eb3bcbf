#include "homeostat/app/joined_metrics.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace homeostat::app {

namespace {

/// One family: what begins it, and its samples.
struct Family {
    std::string head;
    std::string samples;
};

/// Of the process, not of one of its services.
bool is_of_process(std::string_view name) {
    return name.starts_with("process_") || name == "homeostat_build_info";
}

/// `homeostat_x 1` and `homeostat_x{a="b"} 1`, each of the service.
std::string labelled(std::string_view sample, const std::string& service) {
    const std::size_t end = sample.find_first_of("{ ");
    const std::string_view name = sample.substr(0, end);
    const bool has_labels = end != std::string_view::npos && sample[end] == '{';
    const std::string_view rest = sample.substr(has_labels ? end + 1 : name.size());
    return fmt::format("{}{{service=\"{}\"{}{}", name, service, has_labels ? "," : "}", rest);
}

}  // namespace

std::string join_metrics(const std::vector<ServicePage>& pages) {
    std::vector<std::string> order;
    std::map<std::string, Family> families;
    for (const auto& [service, page] : pages) {
        std::string family;
        bool is_first = false;
        std::string_view rest = page;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            constexpr std::string_view help = "# HELP ";
            if (line.starts_with(help)) {
                family = line.substr(help.size(), line.find(' ', help.size()) - help.size());
                is_first = families.try_emplace(family).second;
                if (is_first) {
                    order.push_back(family);
                }
            }
            Family& into = families[family];
            if (line.starts_with('#')) {
                into.head += is_first ? std::string(line) + "\n" : std::string();
            } else if (!is_of_process(family)) {
                into.samples += labelled(line, service) + "\n";
            } else if (is_first) {
                into.samples += std::string(line) + "\n";
            }
        }
    }
    std::string text;
    for (const std::string& family : order) {
        text += families[family].head + families[family].samples;
    }
    return text;
}

}  // namespace homeostat::app
