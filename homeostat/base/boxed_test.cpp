#include "homeostat/base/boxed.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace homeostat {

TEST_CASE("a boxed value is copied with what it holds, and a copy is another one") {
    Boxed<std::string> first{std::string("a")};
    Boxed<std::string> second = first;
    *second += 'b';
    CHECK(*first == "a");
    CHECK(*second == "ab");

    first = second;
    CHECK(*first == "ab");
    const Boxed<std::string>& itself = first;
    first = itself;
    CHECK(*first == "ab");

    first = Boxed<std::string>{};
    CHECK_FALSE(first.has_value());
    second = first;
    CHECK_FALSE(second);
}

TEST_CASE("a box whose value was moved out is empty, and takes another one") {
    Boxed<std::string> first{std::string("a")};
    const Boxed<std::string> second = std::move(first);
    CHECK(*second == "a");
    CHECK_FALSE(first.has_value());  // NOLINT(bugprone-use-after-move): that is what is asked.
    CHECK(first.emplace(3, 'x') == "xxx");
    CHECK(first->size() == 3);
    first.reset();
    CHECK_FALSE(first);
    first = std::string("b");
    CHECK(*first == "b");
    first = std::nullopt;
    CHECK_FALSE(first);
}

TEST_CASE("a box takes the room of a pointer, whatever is not in it") {
    struct Large {
        char bytes[512];
    };
    CHECK(sizeof(Boxed<Large>) == sizeof(void*));
}

}  // namespace homeostat
