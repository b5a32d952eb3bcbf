#include "homeostat/app/confirmed_file.hpp"

#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace homeostat::app {

TEST_CASE("what a sink has confirmed is read as it was written, and nothing else is") {
    std::string name = (std::filesystem::temp_directory_path() / "confirmed-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    const std::filesystem::path file = std::filesystem::path(name) / "pg.confirmed";
    CHECK(read_confirmed(file).error().fault == Fault::absent);
    REQUIRE(write_confirmed(file, {41, "ab12"}));
    CHECK(*read_confirmed(file) == ConfirmedGroup{41, "ab12"});
    for (const std::string text : {"", "{}", "[]", "{\"group\":-1,\"hash\":\"a\"}",
                                   "{\"group\":1,\"hash\":\"a\",\"more\":1}"}) {
        CAPTURE(text);
        REQUIRE(os::write_file_atomically(file.string(), text, 0600));
        CHECK(read_confirmed(file).error().fault == Fault::corrupt);
    }
    REQUIRE(os::write_file_atomically(file.string(), std::string(2'000, ' '), 0600));
    CHECK_FALSE(read_confirmed(file));
    std::filesystem::remove_all(name);
}

}  // namespace homeostat::app
