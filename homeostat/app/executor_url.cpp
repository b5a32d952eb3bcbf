#include "homeostat/app/executor_url.hpp"

#include "homeostat/app/config_mesh_keys.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace homeostat::app {

namespace {

constexpr std::string_view scheme = "http://";

/// The last colon is the port's: without one nobody writes the variable of a Service.
std::string with_brackets(std::string_view url) {
    const std::string_view rest = url.substr(scheme.size());
    const std::string_view place = rest.substr(0, rest.find('/'));
    const std::size_t port = place.rfind(':');
    if (place.starts_with('[') || place.find(':') == port) {
        return std::string(url);
    }
    return fmt::format("{}[{}]{}", scheme, place.substr(0, port), rest.substr(port));
}

}  // namespace

bool is_left_open(std::string_view url) {
    return url.contains("$(");
}

Result<std::string> parse_executor_url(std::string_view url) {
    if (is_left_open(url)) {
        return fail(Fault::invalid,
                    fmt::format("'{}': no such Service was there when this container began — "
                                "install the executor first",
                                url));
    }
    return PeerUrlValue{}.parse(url.starts_with(scheme) ? with_brackets(url) : std::string(url));
}

}  // namespace homeostat::app
