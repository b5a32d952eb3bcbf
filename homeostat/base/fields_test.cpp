#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace homeostat {

namespace {

enum class Colour : std::uint8_t { red, green };

constexpr auto names_of(std::type_identity<Colour>) {
    return std::to_array<std::string_view>({"red", "green"});
}

using ThingId = Id<struct ThingTag>;

struct Round {
    static constexpr std::string_view kind_name = "round";
    double radius{0};
    static void fields(auto& self, auto&& field) { field("radius", self.radius); }
    friend bool operator==(const Round&, const Round&) = default;
};

struct Flat {
    static constexpr std::string_view kind_name = "flat";
    static void fields(auto&, auto&&) {}
    friend bool operator==(const Flat&, const Flat&) = default;
};

struct Thing {
    ThingId id;
    Colour colour{Colour::red};
    std::uint8_t small{0};
    std::int64_t large{0};
    bool is_new{false};
    std::optional<std::string> note;
    std::vector<std::variant<Round, Flat>> shapes;
    std::map<std::string, int> counts;
    Instant at{};

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("colour", self.colour);
        field("small", self.small);
        field("large", self.large);
        field("is_new", self.is_new);
        field("note", self.note);
        field("shapes", self.shapes);
        field("counts", self.counts);
        field("at", self.at);
    }
    friend bool operator==(const Thing&, const Thing&) = default;
};

struct Later {
    int old{0};
    Colour colour{Colour::green};
    static void fields(auto& self, auto&& field) {
        field("old", self.old);
        field("colour", self.colour, may_be_absent);
    }
};

constexpr const char* whole =
    R"({"id":"t","colour":"green","small":200,"large":-1,"is_new":true,"note":"n",)"
    R"("shapes":[{"kind":"round","radius":1.5},{"kind":"flat"}],"counts":{"a":1},"at":7})";

std::string with(const char* from, const char* to) {
    std::string text = whole;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, std::string(from).size(), to);
}

}  // namespace

TEST_CASE("a field that came later may be absent, means its default then, and is written always") {
    const auto read = [](const char* text) { return from_json<Later>(*parse_json(text)); };
    REQUIRE(read(R"({"old":1})"));
    CHECK(read(R"({"old":1})")->colour == Colour::green);
    CHECK(read(R"({"old":1,"colour":"red"})")->colour == Colour::red);
    CHECK_FALSE(read(R"({"old":1,"colour":"blue"})"));
    CHECK_FALSE(read(R"({"old":1,"color":"red"})"));
    CHECK_FALSE(read(R"({"colour":"red"})"));
    CHECK(to_text(to_json(Later{})) == R"({"old":0,"colour":"green"})");
}

TEST_CASE("a struct is written and read back whole") {
    const Result<Thing> thing = from_json<Thing>(*parse_json(whole));
    REQUIRE(thing);
    CHECK(thing->colour == Colour::green);
    CHECK(thing->at == instant_of_ns(7));
    CHECK(to_text(to_json(*thing)) == whole);
    CHECK(*from_json<Thing>(to_json(Thing{})) == Thing{});
}

TEST_CASE("an absent optional field is left out, and null or nothing reads as absent") {
    CHECK(to_text(to_json(Thing{})).find("note") == std::string::npos);
    CHECK_FALSE(from_json<Thing>(*parse_json(with(R"("note":"n",)", "")))->note);
    CHECK_FALSE(from_json<Thing>(*parse_json(with(R"("note":"n")", R"("note":null)")))->note);
}

TEST_CASE("anything but exactly the known fields is refused, with the path") {
    struct Case {
        std::string text;
        const char* says;
    };
    const std::vector<Case> cases{
        {"[]", "must be an object, not []"},
        {with(R"("id":"t",)", ""), "the field 'id' is missing"},
        {with(R"("id":"t")", R"("id":"t","extra":1)"), "the field 'extra' is not known here"},
        {with(R"("id":"t")", R"("id":"t","kind":1)"), "the field 'kind' is not known here"},
        {with(R"("id":"t")", R"("id":5)"), "id: must be a text, not 5"},
        {with("green", "blue"), "colour: 'blue' is not one of the names allowed here"},
        {with("200", "256"), "small: must be a smaller number, not 256"},
        {with("200", "-1"), "small: must be a whole number of zero or more, not -1"},
        {with("200", "1.5"), "small: must be a whole number of zero or more, not 1.5"},
        {with("-1", "9223372036854775808"), "large: must be a whole number"},
        {with(R"("is_new":true)", R"("is_new":1)"), "is_new: must be true or false, not 1"},
        {with("1.5", R"("x")"), "shapes: [0]: radius: must be a number, not \"x\""},
        {with(R"({"kind":"flat"})", R"({"kind":"flat","x":1})"),
         "shapes: [1]: the field 'x' is not known here"},
        {with(R"({"kind":"flat"})", R"({"kind":"square"})"),
         "shapes: [1]: 'square' is not one of the names allowed here"},
        {with(R"({"kind":"flat"})", "{}"), "shapes: [1]: the field 'kind' is missing"},
        {with(R"({"a":1})", R"({"a":"1"})"), "counts: a: must be a whole number"},
        {with(R"("at":7)", R"("at":7.5)"), "at: must be a whole number"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.text);
        const Result<Thing> thing = from_json<Thing>(*parse_json(one.text));
        REQUIRE_FALSE(thing);
        CHECK(thing.error().text.find(one.says) == 0);
    }
}

TEST_CASE("a long value is shown shortened in the refusal") {
    const std::string long_name(10'000, 'x');
    const Result<Thing> thing = from_json<Thing>(*parse_json(with("green", long_name.c_str())));
    REQUIRE_FALSE(thing);
    CHECK(thing.error().text.size() < 150);
}

}  // namespace homeostat
