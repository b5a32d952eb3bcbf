#include "homeostat/sense/template_table.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sense {

namespace {

using namespace std::chrono_literals;

/// A table with lines one after another, each in a reading of its own.
struct Reader {
    TemplateTable table;
    TemplateLimits limits;
    Instant now{1h};

    SeenTemplate read(std::string_view line, std::string_view gloss = {}) {
        const LogShape shape = shape_of(line);
        table.begin_reading();
        return table.see({shape, gloss, now}, limits);
    }
    TemplateId id_of(std::string_view line) { return read(line).id; }
};

/// "aa", "ab" …: words that look like words.
std::string word_of(std::size_t number) {
    std::string word = "w";
    for (int digit = 0; digit < 4; ++digit, number /= 26) {
        word += static_cast<char>('a' + number % 26);
    }
    return word + "x";  // No word of hex digits alone.
}

}  // namespace

TEST_CASE("a word that varies joins lines, wherever it stands") {
    for (const std::string_view pattern :
         {"user {} logged in", "{} logged in again", "logged in again {}"}) {
        Reader reader;
        const SeenTemplate first = reader.read(fmt::format(fmt::runtime(pattern), "alice"));
        CHECK(first.is_new);
        for (const std::string_view name : {"bob", "carol", "dave", "alice"}) {
            const SeenTemplate seen = reader.read(fmt::format(fmt::runtime(pattern), name));
            CHECK(seen.id == first.id);
            CHECK_FALSE(seen.is_new);
        }
        CHECK(reader.table.size() == 1);
    }
}

TEST_CASE("lines of another level, another gloss or too few common words stay apart") {
    Reader reader;
    const TemplateId first = reader.id_of("INFO call to the bank done");
    CHECK(reader.id_of("WARN call to the bank done") != first);
    CHECK(reader.read("INFO call to the bank done", "connection_refused").id != first);
    CHECK(reader.id_of("started server") != reader.id_of("started worker"));
    CHECK(reader.id_of("INFO call to the bank") != first);
}

TEST_CASE("a word that says what happened is no value, however alike the lines are") {
    Reader reader;
    const TemplateId first = reader.id_of("the pool of the shop was opened by the job");
    CHECK(reader.id_of("the pool of the shop was closed by the job") != first);
    CHECK(reader.id_of("the pool of the shop was 12 by the job") != first);
    CHECK(reader.id_of("the pool of the bank was opened by the job") == first);
}

TEST_CASE("where values are known by their looks, ids do not depend on what came before") {
    Rng rng(7);
    std::vector<std::string> shapes;
    for (std::size_t number = 0; number < 60; ++number) {
        shapes.push_back(fmt::format("{} of {} for {} in {{}} ms", word_of(number * 17 + 5),
                                     word_of(number * 31 + 7), word_of(number * 57 + 11)));
    }
    std::map<std::string, TemplateId> ids;
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        Reader reader;
        for (std::size_t index = shapes.size(); index > 1; --index) {
            std::swap(shapes[index - 1], shapes[rng.next() % index]);
        }
        for (const std::string& shape : shapes) {
            const TemplateId id = reader.id_of(fmt::format(fmt::runtime(shape), rng.next() % 1000));
            CHECK(ids.try_emplace(shape, id).first->second == id);
        }
    }
    CHECK(ids.size() == 60);
}

TEST_CASE("a flood of new shapes pushes out nothing that has stood for a minute") {
    Reader reader;
    reader.limits.templates_max = 40;
    std::vector<TemplateId> known;
    for (int turn = 0; turn < 2; ++turn, reader.now += 2min) {
        for (std::size_t number = 0; number < 20; ++number) {
            const SeenTemplate seen = reader.read("known " + word_of(number));
            CHECK(seen.is_new == (turn == 0));
            known.push_back(seen.id);
        }
    }
    for (std::size_t number = 1000; number < 6000; ++number) {
        CHECK(reader.read("flood " + word_of(number)).is_new);
        CHECK(reader.table.size() <= 40);
    }
    for (std::size_t number = 0; number < 20; ++number) {
        const SeenTemplate seen = reader.read("known " + word_of(number));
        CHECK(seen.id == known[number]);
        CHECK_FALSE(seen.is_new);
    }
}

TEST_CASE("what was pushed out is not new when it comes back, and has its id again") {
    Reader reader;
    reader.limits.templates_max = 4;
    const TemplateId first = reader.id_of("first line");
    for (std::size_t number = 0; number < 8; ++number) {
        (void)reader.read("other " + word_of(number));
    }
    const SeenTemplate again = reader.read("first line");
    CHECK(again.id == first);
    CHECK_FALSE(again.is_new);
}

TEST_CASE("of those that do not stand, the one not seen for longest goes first") {
    Reader reader;
    reader.limits.templates_max = 3;
    (void)reader.read("line one");
    (void)reader.read("line two");
    (void)reader.read("line three");
    (void)reader.read("line one");
    (void)reader.read("line four");  // In place of two.
    std::size_t size = reader.table.size();
    CHECK(size == 3);
    reader.limits.new_max = 0;
    CHECK(reader.id_of("line two") == overflow_template());
    CHECK(reader.id_of("line one") != overflow_template());
    CHECK(reader.id_of("line three") != overflow_template());
}

TEST_CASE("a leaf has a maximum, too") {
    Reader reader;
    for (std::size_t number = 0; number < 300; ++number) {
        (void)reader.read("shape " + word_of(number));
    }
    CHECK(reader.table.size() == 64);
}

TEST_CASE("with no room at all every line is overflow") {
    Reader reader;
    reader.limits.templates_max = 0;
    const SeenTemplate seen = reader.read("a line");
    CHECK(seen.id == overflow_template());
    CHECK_FALSE(seen.is_new);
}

}  // namespace homeostat::sense
