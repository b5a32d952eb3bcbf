#include "homeostat/adapters/kubernetes/quantity.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

TEST_CASE("a quantity of memory means as many bytes as it does to Kubernetes") {
    struct Case {
        std::string_view text;
        std::uint64_t bytes;
    };
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    const std::vector<Case> cases{
        {"0", 0},
        {"128974848", 128'974'848},
        {"129e6", 129'000'000},
        {"129E6", 129'000'000},
        {"129e+6", 129'000'000},
        {"129M", 129'000'000},
        {"128974848000m", 128'974'848},
        {"123Mi", 123 * mebibyte},
        {"0.5Gi", 512 * mebibyte},
        {"1.5Gi", 1536 * mebibyte},
        {".5Ki", 512},
        {"1Ti", mebibyte * mebibyte},
        {"1k", 1000},
        // What is no whole byte is rounded up, as there.
        {"1m", 1},
        {"1500m", 2},
        {"1e-3", 1},
        {"0.0000001Mi", 1},
        {"999999999999999999n", 1'000'000'000},
    };
    for (const Case& one : cases) {
        CAPTURE(one.text);
        const Result<std::uint64_t> bytes = parse_memory(one.text);
        REQUIRE_MESSAGE(bytes.has_value(), (bytes ? "" : bytes.error().text));
        CHECK(*bytes == one.bytes);
    }
}

TEST_CASE("what is no quantity, or more than any machine has, is an error and never a number") {
    for (const std::string_view text : {"",
                                        "Mi",
                                        ".",
                                        ".Mi",
                                        "1.2.3Mi",
                                        "-1Mi",
                                        "+1Mi",
                                        "1 Mi",
                                        "1mi",
                                        "1MI",
                                        "1Mib",
                                        "1e",
                                        "1e+",
                                        "1e1.5",
                                        "1e99",
                                        "0x10",
                                        "one",
                                        "1Mi\n",
                                        "9999999999999999999",
                                        "2Ei",
                                        "1E",
                                        "2048Ti",
                                        "1e18",
                                        "111111111111111111111111111111111"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_memory(text).has_value());
    }
    CHECK(parse_memory("1024Ti").value() == memory_bytes_most);
    CHECK_FALSE(parse_memory("1125899906842625").has_value());
}

TEST_CASE("the shortest quantity of a number of bytes means just that number") {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    CHECK(memory_quantity(96 * mebibyte) == "96Mi");
    CHECK(memory_quantity(1024 * mebibyte) == "1Gi");
    CHECK(memory_quantity(1536 * mebibyte) == "1536Mi");
    CHECK(memory_quantity(0) == "0");
    CHECK(memory_quantity(1'000'001) == "1000001");
    for (const std::uint64_t bytes :
         {std::uint64_t{1}, std::uint64_t{1024}, 500'000'000UL, 7 * mebibyte, memory_bytes_most}) {
        CHECK(parse_memory(memory_quantity(bytes)).value() == bytes);
    }
}

}  // namespace homeostat::adapters::kubernetes
