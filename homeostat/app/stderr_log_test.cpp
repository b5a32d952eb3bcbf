#include "homeostat/app/stderr_log.hpp"

#include <doctest/doctest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

namespace homeostat::app {

namespace {

std::string line_of(const std::string& message) {
    std::ostringstream stream;
    spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(stream));
    logger.set_formatter(log_format());
    logger.warn("{}", message);
    return stream.str();
}

}  // namespace

TEST_CASE("a logged line is its instant in UTC, its level and its text") {
    const std::string line = line_of("model_lost text=\"killed — by signal 9\"");
    const std::string shape = "0000-00-00T00:00:00.000Z";
    REQUIRE(line.size() > shape.size());
    std::string stamp = line.substr(0, shape.size());
    std::ranges::replace_if(stamp, [](char c) { return c >= '0' && c <= '9'; }, '0');
    CHECK(stamp == shape);
    CHECK(line.substr(shape.size()) == " warning model_lost text=\"killed — by signal 9\"\n");
}

TEST_CASE("a message forges no second line and reaches no terminal as an escape sequence") {
    const std::string line = line_of("evil\n2026-01-31T23:59:59.000Z info fine\x1b[2J");
    CHECK(std::ranges::count(line, '\n') == 1);
    CHECK(line.ends_with('\n'));
    CHECK_FALSE(line.contains('\x1b'));
}

}  // namespace homeostat::app
