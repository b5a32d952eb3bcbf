#include "homeostat/app/cluster_mend.hpp"

#include <fmt/format.h>

namespace homeostat::app {

namespace {

constexpr std::string_view dash = " — ";

std::string mend_of(const Error& error, std::string_view told_by) {
    switch (error.fault) {
        case Fault::absent:
            return "correct the namespace and the name, or make what they name";
        case Fault::refused:
            // One fault of the two: nobody but people does otherwise about them.
            return error.text.contains(": 401 ")
                       ? fmt::format("give us a token or a certificate that the server knows: {}",
                                     told_by)
                       : "correct the namespace, or grant what `homeostat rbac` prints; `homeostat "
                         "doctor` says what is missing";
        case Fault::unreachable:
        case Fault::late:
            return fmt::format("look whether the server runs, and whether its address is right: {}",
                               told_by);
        default:
            return {};
    }
}

}  // namespace

Error with_mend(Error error, std::string_view told_by) {
    const std::string mend = mend_of(error, told_by);
    if (!mend.empty() && !error.text.contains(dash)) {
        error.text.append(dash).append(mend);
    }
    return error;
}

std::pair<std::string, std::string> split_mend(const std::string& text) {
    const std::size_t at = text.find(dash);
    return at == std::string::npos ? std::pair{text, std::string()}
                                   : std::pair{text.substr(0, at), text.substr(at + dash.size())};
}

}  // namespace homeostat::app
