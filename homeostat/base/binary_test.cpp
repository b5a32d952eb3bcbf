#include "homeostat/base/binary.hpp"

#include "homeostat/base/binary_sample_for_test.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat {

namespace {

using for_test::Colour;
using for_test::Flat;
using for_test::Round;
using for_test::Sample;
using for_test::SampleId;
using for_test::Shape;

template <class T>
std::string bytes_of(const T& value) {
    std::string bytes;
    to_binary(value, bytes);
    return bytes;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {digits[byte >> 4U], digits[byte & 0xFU]};
    }
    return text;
}

/// Of hex digits; spaces are for the reader.
std::string bytes_of_hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string bytes;
    std::size_t high = std::string_view::npos;
    for (const char c : text) {
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos) {
            continue;
        }
        if (high == std::string_view::npos) {
            high = digit;
            continue;
        }
        bytes += static_cast<char>(16 * high + digit);
        high = std::string_view::npos;
    }
    return bytes;
}

template <class T>
void check_form(const T& value, std::string_view wanted) {
    CAPTURE(wanted);
    const std::string bytes = bytes_of(value);
    CHECK(hex(bytes) == wanted);
    const Result<T> read = from_binary<T>(bytes);
    REQUIRE(read);
    CHECK(*read == value);
    CHECK(bytes_of(*read) == bytes);
}

template <class T>
void check_refusal(std::string_view bytes, std::string_view says) {
    CAPTURE(hex(bytes));
    const Result<T> read = from_binary<T>(bytes);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == Fault::corrupt);
    CHECK(read.error().text == says);
}

template <class T>
void check_hex_refusal(std::string_view bytes, std::string_view says) {
    check_refusal<T>(bytes_of_hex(bytes), says);
}

template <class T>
void check_short_texts(std::size_t accepted_count_wanted) {
    std::size_t accepted_count = 0;
    const auto check = [&accepted_count](std::string_view bytes) {
        const Result<T> read = from_binary<T>(bytes);
        const bool is_same = !read || bytes_of(*read) == bytes;
        accepted_count += read ? 1 : 0;
        CHECK_MESSAGE(is_same, hex(bytes));
    };
    check("");
    for (int first = 0; first < 256; ++first) {
        const std::string bytes(1, static_cast<char>(first));
        check(bytes);
        for (int second = 0; second < 256; ++second) {
            check(bytes + static_cast<char>(second));
        }
    }
    CHECK(accepted_count == accepted_count_wanted);
}

template <class T>
using Most = std::numeric_limits<T>;

Sample whole_sample() {
    return {.flag = true,
            .numbers = {.u8 = 255,
                        .u16 = 300,
                        .u32 = Most<std::uint32_t>::max(),
                        .u64 = Most<std::uint64_t>::max(),
                        .i8 = -128,
                        .i16 = -1,
                        .i32 = Most<std::int32_t>::min(),
                        .i64 = Most<std::int64_t>::min(),
                        .f64 = -0.1},
            .text = std::string("a\0\xff", 3),
            .document = *parse_json(R"({"b":[1,-2,0.5,null],"a":true})"),
            .id = SampleId("s-1"),
            .span = std::chrono::milliseconds{-1},
            .at = instant_of_ns(1),
            .wall_at = WallTime{std::chrono::seconds{1}},
            .colour = Colour::blue,
            .note = "n",
            .shapes = {Round{1.5}, Flat{}},
            .colours = {{SampleId("a"), {}}, {SampleId("b"), {Colour::green, Colour::red}}},
            .flats = {Flat{}, Flat{}},
            .later = 128};
}

/// The bytes of whole_sample(). Whoever has to change them changes `form` in binary.cpp, so that
/// nobody reads what was written before.
constexpr std::string_view whole_hex =
    "01 "
    "ff01 ac02 ffffffff0f ffffffffffffffffff01 "
    "ff01 01 ffffffff0f ffffffffffffffffff01 9a9999999999b9bf "
    "03 6100ff "
    "1e 7b2262223a5b312c2d322c302e352c6e756c6c5d2c2261223a747275657d "
    "03 732d31 "
    "ff887a "
    "02 "
    "d00f "
    "02 "
    "01 01 6e "
    "02 00 000000000000f83f 01 "
    "02 01 61 00 01 62 02 01 00 "
    "02 "
    "8001";

}  // namespace

TEST_CASE("a struct of every type is these bytes, today and for what was written yesterday") {
    const std::string bytes = bytes_of(whole_sample());
    CHECK(hex(bytes) == hex(bytes_of_hex(whole_hex)));
    const Result<Sample> read = from_binary<Sample>(bytes);
    REQUIRE(read);
    CHECK(*read == whole_sample());
    CHECK(bytes_of(*read) == bytes);
}

TEST_CASE("a struct of defaults is read back as one") {
    const Result<Sample> read = from_binary<Sample>(bytes_of(Sample{}));
    REQUIRE(read);
    CHECK(*read == Sample{});
}

TEST_CASE("whole numbers are as long as they need be, and keep their extremes") {
    check_form<std::uint64_t>(0, "00");
    check_form<std::uint64_t>(127, "7f");
    check_form<std::uint64_t>(128, "8001");
    check_form<std::uint64_t>(16'383, "ff7f");
    check_form<std::uint64_t>(16'384, "808001");
    check_form<std::uint64_t>(Most<std::int64_t>::max(), "ffffffffffffffff7f");
    check_form<std::uint64_t>(std::uint64_t{1} << 63U, "80808080808080808001");
    check_form<std::uint64_t>(Most<std::uint64_t>::max(), "ffffffffffffffffff01");
    check_form<std::int64_t>(0, "00");
    check_form<std::int64_t>(-1, "01");
    check_form<std::int64_t>(1, "02");
    check_form<std::int64_t>(-64, "7f");
    check_form<std::int64_t>(64, "8001");
    check_form<std::int64_t>(Most<std::int64_t>::max(), "feffffffffffffffff01");
    check_form<std::int64_t>(Most<std::int64_t>::min(), "ffffffffffffffffff01");
    check_form<std::uint8_t>(255, "ff01");
    check_form<std::int8_t>(127, "fe01");
    check_form<std::int8_t>(-128, "ff01");
}

TEST_CASE("doubles keep every bit, and every NaN is the same one") {
    check_form(0.0, "0000000000000000");
    check_form(1.5, "000000000000f83f");
    check_form(Most<double>::max(), "ffffffffffffef7f");
    check_form(Most<double>::denorm_min(), "0100000000000000");
    check_form(Most<double>::infinity(), "000000000000f07f");
    check_form(-Most<double>::infinity(), "000000000000f0ff");
    CHECK(hex(bytes_of(-0.0)) == "0000000000000080");
    CHECK(std::signbit(*from_binary<double>(bytes_of(-0.0))));
    for (const std::uint64_t bits :
         {0x7FF8'0000'0000'0000ULL, 0xFFF8'0000'0000'0000ULL, 0x7FF0'0000'0000'0001ULL}) {
        const std::string bytes = bytes_of(std::bit_cast<double>(bits));
        CHECK(hex(bytes) == "000000000000f87f");
        CHECK(std::isnan(*from_binary<double>(bytes)));
    }
}

TEST_CASE("texts, ids, times, enums and what holds others are read back as themselves") {
    check_form(false, "00");
    check_form(true, "01");
    check_form(std::string(), "00");
    check_form(std::string("\0x", 2), "020078");
    check_form(SampleId("s"), "0173");
    check_form(Duration::max(), "feffffffffffffffff01");
    check_form(Duration::min(), "ffffffffffffffffff01");
    check_form(Instant::min(), "ffffffffffffffffff01");
    check_form(instant_of_ns(64), "8001");
    check_form(WallTime{std::chrono::milliseconds{-1}}, "01");
    check_form(Colour::blue, "02");
    check_form(std::optional<bool>(), "00");
    check_form(std::optional<bool>(false), "0100");
    check_form(std::optional<std::optional<bool>>(std::optional<bool>()), "0100");
    check_form(std::vector<std::string>{"", "a"}, "02000161");
    check_form(std::map<std::string, int>{{"", 1}, {"a", -1}}, "020002016101");
    check_form(std::map<Colour, Flat>{{Colour::red, {}}, {Colour::blue, {}}}, "020002");
    check_form(Shape{Flat{}}, "01");
    check_form(Shape{Round{1.5}}, "00000000000000f83f");
    check_form(Flat{}, "");
    CHECK(bytes_of(std::string(300, 'x')) == bytes_of_hex("ac02") + std::string(300, 'x'));
}

TEST_CASE("JSON is its text, in the one form in which it is written") {
    check_form(json::value(), "046e756c6c");
    check_form(*parse_json(R"({"b":1,"a":[2.0]})"), "11" + hex(R"({"b":1,"a":[2.0]})"));
    const std::string large(std::size_t{2} << 20U, 'x');
    CHECK(from_binary<json::value>(bytes_of(json::value(large))) == json::value(large));
    CHECK(hex(bytes_of(json::value(Most<double>::quiet_NaN()))) == "046e756c6c");
}

TEST_CASE("several values stand in one buffer, each appended to the one before it") {
    std::string bytes = "x";
    to_binary(std::string("a"), bytes);
    to_binary(Colour::green, bytes);
    CHECK(hex(bytes) == "78016101");
    BinaryReader reader(std::string_view(bytes).substr(1));
    CHECK(from_binary<std::string>(reader) == "a");
    CHECK(reader.offset() == 2);
    REQUIRE(reader.finish());
    CHECK(reader.finish()->text == "at byte 2: bytes left over: 1");
    CHECK(from_binary<Colour>(reader) == Colour::green);
    CHECK_FALSE(reader.finish());
    const Result<Colour> past = from_binary<Colour>(reader);
    REQUIRE_FALSE(past);
    CHECK(past.error().text == "at byte 3: cut off inside a number");
}

TEST_CASE("a number is refused that is cut off, too large or longer than it need be") {
    check_hex_refusal<std::uint64_t>("", "at byte 0: cut off inside a number");
    check_hex_refusal<std::uint64_t>("ff", "at byte 0: cut off inside a number");
    check_hex_refusal<std::uint64_t>("80808080808080808080", "at byte 0: a number over 64 bits");
    check_hex_refusal<std::uint64_t>("ffffffffffffffffff02", "at byte 0: a number over 64 bits");
    check_hex_refusal<std::uint64_t>("ffffffffffffffffff81 00", "at byte 0: a number over 64 bits");
    check_hex_refusal<std::uint64_t>("8000", "at byte 0: a number in more bytes than it needs");
    check_hex_refusal<std::uint64_t>("ffff00", "at byte 0: a number in more bytes than it needs");
    check_hex_refusal<std::uint64_t>("80808080808080808000",
                                     "at byte 0: a number in more bytes than it needs");
    check_hex_refusal<std::uint8_t>("8002", "at byte 0: 256 is out of range for u8");
    check_hex_refusal<std::int8_t>("8002", "at byte 0: 128 is out of range for i8");
    check_hex_refusal<std::int16_t>("818004", "at byte 0: -32769 is out of range for i16");
    check_hex_refusal<Duration>("8000", "at byte 0: a number in more bytes than it needs");
    check_hex_refusal<WallTime>("80", "at byte 0: cut off inside a number");
    check_hex_refusal<Instant>("80", "at byte 0: cut off inside a number");
}

TEST_CASE("every other value is refused in any form but its own") {
    check_hex_refusal<bool>("", "at byte 0: cut off before a bool");
    check_hex_refusal<bool>("02", "at byte 0: a bool is 0 or 1, not 2");
    check_hex_refusal<bool>("0100", "at byte 1: bytes left over: 1");
    check_hex_refusal<double>("00000000000000", "at byte 0: cut off inside a double");
    check_hex_refusal<double>("000000000000f8ff",
                              "at byte 0: a NaN that is not the one which is written");
    check_hex_refusal<double>("010000000000f07f",
                              "at byte 0: a NaN that is not the one which is written");
    check_hex_refusal<std::string>("0361", "at byte 0: 3 announced, and room for 1");
    check_hex_refusal<SampleId>("01", "at byte 0: 1 announced, and room for 0");
    check_hex_refusal<Colour>("03", "at byte 0: 3 is past the 3 known");
    check_hex_refusal<Colour>("ffffffffffffffffff01",
                              "at byte 0: 18446744073709551615 is past the 3 known");
    check_hex_refusal<Shape>("02", "at byte 0: 2 is past the 2 known");
    check_hex_refusal<Shape>("00", "radius: at byte 1: cut off inside a double");
    check_hex_refusal<std::optional<bool>>("02", "at byte 0: a bool is 0 or 1, not 2");
    check_hex_refusal<std::optional<bool>>("01", "at byte 1: cut off before a bool");
    check_hex_refusal<std::map<Colour, bool>>(
        "02 0000 0000", "[1]: at byte 3: a key that does not follow the one before it");
    check_hex_refusal<std::map<Colour, bool>>(
        "02 0100 0000", "[1]: at byte 3: a key that does not follow the one before it");
    check_hex_refusal<std::map<Colour, bool>>("01 0300", "[0]: at byte 1: 3 is past the 3 known");
    check_hex_refusal<std::map<Colour, bool>>("01 0002", "[0]: at byte 2: a bool is 0 or 1, not 2");
}

TEST_CASE("JSON is refused that cannot be read, or would be written otherwise") {
    const auto refused = [](std::string_view text, std::string_view says) {
        check_refusal<json::value>(bytes_of(std::string(text)), says);
    };
    const std::string_view other = "at byte 0: JSON in another form than the one which is written";
    refused("", "at byte 0: not valid JSON at byte 0: incomplete JSON");
    refused(R"({"a":1,"a":2})", "at byte 0: not valid JSON at byte 9: a key stands twice");
    refused("[1 ,2]", other);
    refused("1e1", other);
    refused(R"("\u0061")", other);
    refused("0.50", other);
    check_hex_refusal<json::value>("05 6e756c6c", "at byte 0: 5 announced, and room for 4");
    const std::size_t depth_max = JsonLimits{}.depth_max;
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(from_binary<json::value>(bytes_of(nested(depth_max))));
    refused(nested(depth_max + 1), "at byte 0: not valid JSON at byte 32: too deep");
}

TEST_CASE("of all texts of two bytes or fewer, just those are accepted which are written") {
    check_short_texts<bool>(2);
    check_short_texts<std::uint8_t>(256);
    check_short_texts<std::int8_t>(256);
    check_short_texts<std::uint16_t>(std::size_t{1} << 14U);
    check_short_texts<std::int64_t>(std::size_t{1} << 14U);
    check_short_texts<Colour>(3);
    check_short_texts<std::optional<Colour>>(4);
    check_short_texts<std::string>(1 + 256);
    check_short_texts<std::vector<Colour>>(1 + 3);
    check_short_texts<std::map<Colour, Flat>>(1 + 3);
    check_short_texts<std::vector<Shape>>(1 + 1);
    check_short_texts<Shape>(1);
}

TEST_CASE("a count is refused before anything is reserved, when so many cannot follow") {
    const std::string_view most = "ffffffffffffffffff01";
    const std::string_view says = "at byte 0: 18446744073709551615 announced, and room for 0";
    check_hex_refusal<std::string>(most, says);
    check_hex_refusal<std::vector<Round>>(most, says);
    check_hex_refusal<std::vector<Shape>>(most, says);
    check_hex_refusal<std::vector<std::vector<std::string>>>(most, says);
    check_hex_refusal<std::map<std::string, Flat>>(most, says);
    check_hex_refusal<std::vector<Round>>("02 0000000000000000",
                                          "at byte 0: 2 announced, and room for 1");
    check_hex_refusal<std::map<Colour, double>>("02 00 0000000000000000 01",
                                                "at byte 0: 2 announced, and room for 1");
}

TEST_CASE("elements that take no bytes are counted over the whole buffer") {
    const auto flats = [](std::size_t count) { return std::vector<Flat>(count); };
    const auto read = [](const std::vector<Flat>& value) {
        return from_binary<std::vector<Flat>>(bytes_of(value));
    };
    CHECK(read(flats(byteless_elements_max)) == flats(byteless_elements_max));
    CHECK_FALSE(read(flats(byteless_elements_max + 1)));
    check_refusal<std::vector<std::vector<Flat>>>(
        bytes_of(std::vector{flats(40'000), flats(25'537)}),
        "[1]: at byte 4: 25537 announced, and room for 25536");
    check_hex_refusal<std::vector<Flat>>(
        "ffffffffffffffffff01", "at byte 0: 18446744073709551615 announced, and room for 65536");
}

TEST_CASE("a refusal names the path of the field and the byte") {
    struct Case {
        std::size_t offset;
        char byte;
        std::string_view says;
    };
    const std::vector<Case> cases{
        {0, '\x02', "flag: at byte 0: a bool is 0 or 1, not 2"},
        {2, '\x03', "numbers: u8: at byte 1: 511 is out of range for u8"},
        {4, '\x00', "numbers: u16: at byte 3: a number in more bytes than it needs"},
        {46, '\x7f', "text: at byte 46: 127 announced, and room for 71"},
        {51, '\x20', "document: at byte 50: not valid JSON at byte 4: extra data"},
        {91, '\x03', "colour: at byte 91: 3 is past the 3 known"},
        {92, '\x02', "note: at byte 92: a bool is 0 or 1, not 2"},
        {95, '\x17', "shapes: at byte 95: 23 announced, and room for 22"},
        {95, '\x16', "shapes: [2]: at byte 106: 2 is past the 2 known"},
        {105, '\x02', "shapes: [1]: at byte 105: 2 is past the 2 known"},
        {111, 'a', "colours: [1]: at byte 110: a key that does not follow the one before it"},
        {114, '\x09', "colours: [1]: [1]: at byte 114: 9 is past the 3 known"},
        {117, '\x81', "later: at byte 116: cut off inside a number"},
    };
    for (const Case& one : cases) {
        std::string bytes = bytes_of(whole_sample());
        bytes[one.offset] = one.byte;
        check_refusal<Sample>(bytes, one.says);
    }
}

TEST_CASE("no beginning of a struct's bytes is a struct") {
    const std::string bytes = bytes_of(whole_sample());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        CAPTURE(length);
        const Result<Sample> read = from_binary<Sample>(std::string_view(bytes).substr(0, length));
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::corrupt);
    }
    check_refusal<Sample>(bytes + "xy",
                          "at byte " + std::to_string(bytes.size()) + ": bytes left over: 2");
}

TEST_CASE("with any one byte changed, it is refused or another struct that is written like that") {
    const std::string bytes = bytes_of(whole_sample());
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
        for (int change = 1; change < 256; ++change) {
            std::string changed = bytes;
            changed[offset] = static_cast<char>(changed[offset] ^ change);
            const Result<Sample> read = from_binary<Sample>(changed);
            if (read) {
                CAPTURE(hex(changed));
                CHECK(bytes_of(*read) == changed);
                CHECK(*read != whole_sample());
            }
        }
    }
}

}  // namespace homeostat
