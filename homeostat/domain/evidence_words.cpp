#include "homeostat/domain/evidence_words.hpp"

#include <fmt/format.h>

namespace homeostat {

std::string failing_words(std::string_view who, double ratio) {
    return fmt::format("{} fails {:.0f} % of its requests", who, ratio * 100);
}

std::string requests_fail_words(std::string_view who, double ratio) {
    return fmt::format("{}: {:.0f} % of requests fail", who, ratio * 100);
}

std::string change_words(ChangeKind kind, std::string_view who, std::string_view version) {
    std::string_view what = "deploy";
    if (kind == ChangeKind::config) {
        what = "change of configuration";
    } else if (kind == ChangeKind::flag) {
        what = "change of a flag";
    }
    return fmt::format("{} of {}{}{}", what, who, version.empty() ? "" : " to ", version);
}

std::string before_symptom_words(double seconds) {
    return fmt::format("{:.0f} s before the symptom", seconds);
}

std::string no_deploy_words(std::string_view who) {
    return fmt::format("no recent deploy of {}", who);
}

std::string ill_neighbour_words(std::string_view who) {
    return fmt::format("{} is ill as well, enough to explain it", who);
}

}  // namespace homeostat
