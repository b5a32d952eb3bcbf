// Any bytes for an argument with placeholders: refused, or one argument as before in which no
// placeholder is left.

#include "homeostat/adapters/process/command.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace process = homeostat::adapters::process;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::vector<std::string> command{"/bin/true", std::string(text)};
    const auto expanded =
        process::expand_command(command, {"payments-0", 7070, "/srv/v1", "/srv/c1"});
    if (!expanded) {
        ensure(!expanded.error().text.empty(), "a refusal says why");
        return 0;
    }
    ensure(expanded->size() == command.size(), "an argument stays one argument");
    for (const std::string_view placeholder :
         {"{port}", "{name}", "{version_dir}", "{config_dir}"}) {
        ensure(!text.contains(placeholder) || (*expanded)[1] != text, "it was put in");
    }
    ensure(text.contains('{') || (*expanded)[1] == text, "nothing else is changed");
    return 0;
}
