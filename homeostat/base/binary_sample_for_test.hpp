#pragma once

// A struct with a field of every type that has a binary form, for the tests and the fuzz target.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace homeostat::for_test {

enum class Colour : std::uint8_t { red, green, blue };

constexpr auto names_of(std::type_identity<Colour>) {
    return std::to_array<std::string_view>({"red", "green", "blue"});
}

using SampleId = Id<struct SampleTag>;

struct Round {
    static constexpr std::string_view kind_name = "round";
    double radius{0};
    static void fields(auto& self, auto&& field) { field("radius", self.radius); }
    friend bool operator==(const Round&, const Round&) = default;
};

/// Takes no bytes.
struct Flat {
    static constexpr std::string_view kind_name = "flat";
    static void fields(auto&, auto&&) {}
    friend bool operator==(const Flat&, const Flat&) = default;
};

using Shape = std::variant<Round, Flat>;

struct Numbers {
    std::uint8_t u8{0};
    std::uint16_t u16{0};
    std::uint32_t u32{0};
    std::uint64_t u64{0};
    std::int8_t i8{0};
    std::int16_t i16{0};
    std::int32_t i32{0};
    std::int64_t i64{0};
    double f64{0};

    static void fields(auto& self, auto&& field) {
        field("u8", self.u8);
        field("u16", self.u16);
        field("u32", self.u32);
        field("u64", self.u64);
        field("i8", self.i8);
        field("i16", self.i16);
        field("i32", self.i32);
        field("i64", self.i64);
        field("f64", self.f64);
    }
    friend bool operator==(const Numbers&, const Numbers&) = default;
};

struct Sample {
    bool flag{false};
    Numbers numbers;
    std::string text;
    json::value document;
    SampleId id;
    Duration span{};
    Instant at{};
    WallTime wall_at{};
    Colour colour{Colour::red};
    std::optional<std::string> note;
    std::vector<Shape> shapes;
    std::map<SampleId, std::vector<Colour>> colours;
    std::vector<Flat> flats;
    std::uint32_t later{7};

    static void fields(auto& self, auto&& field) {
        field("flag", self.flag);
        field("numbers", self.numbers);
        field("text", self.text);
        field("document", self.document);
        field("id", self.id);
        field("span", self.span);
        field("at", self.at);
        field("wall_at", self.wall_at);
        field("colour", self.colour);
        field("note", self.note);
        field("shapes", self.shapes);
        field("colours", self.colours);
        field("flats", self.flats);
        field("later", self.later, may_be_absent);
    }
    friend bool operator==(const Sample&, const Sample&) = default;
};

}  // namespace homeostat::for_test
