#include "homeostat/app/complaint.hpp"

#include "homeostat/app/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace homeostat::app {

void complain(std::string_view text) {
    constexpr std::size_t line_bytes_max = 4096;
    fmt::print(stderr, "homeostat: ");
    do {  // Several problems of a configuration come as several lines.
        const std::size_t end = std::min(text.find('\n'), text.size());
        fmt::print(stderr, "{}\n", plain(text.substr(0, end), line_bytes_max));
        text.remove_prefix(std::min(end + 1, text.size()));
    } while (!text.empty());
}

}  // namespace homeostat::app
