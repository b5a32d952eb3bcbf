#include "homeostat/base/binary.hpp"
#include "homeostat/base/binary_sample_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace homeostat {

namespace {

using for_test::Flat;
using for_test::Round;
using for_test::Sample;
using for_test::SampleId;

enum class Two : std::uint8_t { first, second };
enum class Three : std::uint8_t { first, second, third };
enum class Renamed : std::uint8_t { first, other };
enum class Reordered : std::uint8_t { second, first };
enum class Joined : std::uint8_t { both };

constexpr auto names_of(std::type_identity<Two>) {
    return std::to_array<std::string_view>({"first", "second"});
}
constexpr auto names_of(std::type_identity<Three>) {
    return std::to_array<std::string_view>({"first", "second", "third"});
}
constexpr auto names_of(std::type_identity<Renamed>) {
    return std::to_array<std::string_view>({"first", "other"});
}
constexpr auto names_of(std::type_identity<Reordered>) {
    return std::to_array<std::string_view>({"second", "first"});
}
constexpr auto names_of(std::type_identity<Joined>) {
    return std::to_array<std::string_view>({"first 6:second"});
}

template <class A>
struct PairOf {
    A a{};
    std::string b;
    static void fields(auto& self, auto&& field) {
        field("a", self.a);
        field("b", self.b);
    }
};

using Pair = PairOf<std::uint32_t>;

/// Is read alike: what may be absent is a matter of JSON, and a default is no layout.
struct PairOfToday {
    std::uint32_t a{5};
    std::string b{"b"};
    static void fields(auto& self, auto&& field) {
        field("a", self.a);
        field("b", self.b, may_be_absent);
    }
};

struct PairRenamed {
    std::uint32_t a{0};
    std::string c;
    static void fields(auto& self, auto&& field) {
        field("a", self.a);
        field("c", self.c);
    }
};

struct PairReordered {
    std::uint32_t a{0};
    std::string b;
    static void fields(auto& self, auto&& field) {
        field("b", self.b);
        field("a", self.a);
    }
};

struct PairAndMore {
    std::uint32_t a{0};
    std::string b;
    bool c{false};
    static void fields(auto& self, auto&& field) {
        field("a", self.a);
        field("b", self.b);
        field("c", self.c);
    }
};

struct PairInside {
    Pair pair;
    static void fields(auto& self, auto&& field) { field("pair", self.pair); }
};

struct Disc {
    static constexpr std::string_view kind_name = "disc";
    double radius{0};
    static void fields(auto& self, auto&& field) { field("radius", self.radius); }
};

template <class... Ts>
void check_all_differ() {
    const std::set<std::uint64_t> digests{layout_digest<Ts>()...};
    CHECK(digests.size() == sizeof...(Ts));
}

}  // namespace

TEST_CASE("a layout says whatever decides how bytes are read") {
    CHECK(layout_of<Sample>() ==
          "{4:flag=bool "
          "7:numbers={2:u8=u8 3:u16=u16 3:u32=u32 3:u64=u64 "
          "2:i8=i8 3:i16=i16 3:i32=i32 3:i64=i64 3:f64=f64 } "
          "4:text=text 8:document=json 2:id=id "
          "4:span=ns 2:at=ns_since_boot 7:wall_at=ms_since_1970 "
          "6:colour=enum(3:red 5:green 4:blue ) 4:note=optional(text) "
          "6:shapes=list(one_of(5:round{6:radius=f64 } 4:flat{} )) "
          "7:colours=map(id list(enum(3:red 5:green 4:blue ))) 5:flats=list({}) 5:later=u32 }");
}

TEST_CASE("a digest stays the same until the layout or the form of the bytes changes") {
    CHECK(layout_digest<Sample>() == 0xBE87'00C1'C2A0'F1B3ULL);
    CHECK(layout_digest<Pair>() == layout_digest<PairOfToday>());
}

TEST_CASE("another name, order, number or type of fields is another digest") {
    check_all_differ<
        Pair, PairRenamed, PairReordered, PairAndMore, PairInside, PairOf<std::uint8_t>,
        PairOf<std::uint16_t>, PairOf<std::uint64_t>, PairOf<std::int8_t>, PairOf<std::int16_t>,
        PairOf<std::int32_t>, PairOf<std::int64_t>, PairOf<bool>, PairOf<double>,
        PairOf<std::string>, PairOf<SampleId>, PairOf<json::value>, PairOf<Duration>,
        PairOf<Instant>, PairOf<WallTime>, PairOf<Two>, PairOf<Flat>,
        PairOf<std::optional<std::uint32_t>>, PairOf<std::vector<std::uint32_t>>,
        PairOf<std::vector<std::uint64_t>>, PairOf<std::map<std::string, std::uint32_t>>,
        PairOf<std::map<SampleId, std::uint32_t>>, PairOf<std::map<SampleId, std::uint64_t>>,
        PairOf<std::variant<Flat>>>();
}

TEST_CASE("another list of an enum's names or of a variant's kinds is another digest") {
    check_all_differ<Two, Three, Renamed, Reordered, Joined>();
    check_all_differ<std::variant<Round, Flat>, std::variant<Flat, Round>, std::variant<Disc, Flat>,
                     std::variant<Round>, std::variant<Flat>>();
}

}  // namespace homeostat
