// Any arguments for the shim, with a NUL byte between them as in /proc/PID/cmdline: refused, or an
// order of absolute paths and plain names.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/shim/order.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using homeostat::ensure;
using homeostat::is_plain_name;

namespace {

std::vector<std::string> arguments_of(std::string_view text) {
    std::vector<std::string> arguments;
    for (std::size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
        arguments.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    arguments.emplace_back(text);
    return arguments;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto order = homeostat::shim::parse_order(arguments_of(text));
    if (!order) {
        ensure(!order.error().text.empty(), "a refusal says why");
        return 0;
    }
    ensure(order->record.starts_with('/') && order->log.starts_with('/'), "paths are absolute");
    ensure(is_plain_name(order->name), "an instance has a plain name");
    ensure(order->effect.empty() || is_plain_name(order->effect), "and so has an effect");
    ensure(order->version.empty() || is_plain_name(order->version), "and a version");
    ensure(order->log_files >= 1 && order->log_files <= homeostat::shim::log_files_max,
           "logs have a maximum");
    ensure(!order->command.empty(), "there is something to start");
    return 0;
}
