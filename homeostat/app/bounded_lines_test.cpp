#include "homeostat/app/bounded_lines.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

/// "1:a", or "2:too long".
std::vector<std::string> lines_of(const std::string& text, std::size_t bytes_max) {
    std::istringstream stream(text);
    BoundedLines lines(stream, bytes_max);
    std::vector<std::string> all;
    while (lines.next()) {
        all.push_back(std::to_string(lines.number()) + ":" +
                      (lines.is_too_long() ? "too long" : lines.text()));
        CHECK(lines.text().capacity() <= 2 * bytes_max + 64);
    }
    return all;
}

}  // namespace

TEST_CASE("lines come as they stand, also the last without its end and empty ones") {
    using Lines = std::vector<std::string>;
    CHECK(lines_of("", 8).empty());
    CHECK(lines_of("a\n\nb", 8) == Lines{"1:a", "2:", "3:b"});
    CHECK(lines_of("a\n", 8) == Lines{"1:a"});
    CHECK(lines_of("12345678\n", 8) == Lines{"1:12345678"});
}

TEST_CASE("a line beyond the bound is passed over and the next is whole, over any blocks") {
    using Lines = std::vector<std::string>;
    CHECK(lines_of("a\n123456789\nb\n", 8) == Lines{"1:a", "2:too long", "3:b"});
    CHECK(lines_of(std::string(1'000'000, 'x') + "\nb", 8) == Lines{"1:too long", "2:b"});
    CHECK(lines_of("b\n" + std::string(1'000'000, 'x'), 8) == Lines{"1:b", "2:too long"});
    const std::string long_line(200'000, 'y');
    CHECK(lines_of(long_line + "\nb", 200'000) == Lines{"1:" + long_line, "2:b"});
}

}  // namespace homeostat::app
