#include "homeostat/app/input_text.hpp"

#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <iostream>

namespace homeostat::app {

Result<std::string> read_input(const std::string& from, std::size_t bytes_max) {
    if (from != standard_input) {
        return os::read_file(from, bytes_max);
    }
    std::string text(bytes_max + 1, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > bytes_max) {
        return fail(Fault::invalid,
                    fmt::format("standard input is larger than {} bytes, the most that is read",
                                bytes_max));
    }
    return text;
}

}  // namespace homeostat::app
