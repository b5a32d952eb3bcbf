#include "homeostat/app/link_key.hpp"

#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <string>

namespace homeostat::app {

TEST_CASE("the key of links is made once, for its owner alone") {
    const net::TemporaryDirectory directory;
    const std::string file = directory.file("new/console.key");
    const Result<console::LinkKey> made = read_or_make_link_key(file);
    REQUIRE(made);
    CHECK(*read_or_make_link_key(file) == *made);
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    CHECK(*read_or_make_link_key(directory.file("other.key")) != *made);
    CHECK(draw_link_nonce() != draw_link_nonce());
}

TEST_CASE("a key of links that others may read, or that is none, is refused and left as it is") {
    const net::TemporaryDirectory directory;
    const std::string file = directory.file("console.key");
    REQUIRE(read_or_make_link_key(file));
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    CHECK(read_or_make_link_key(file).error().fault == Fault::refused);
    for (const std::string& text :
         {std::string(), std::string("key\n"), std::string(64, 'A'), std::string(65, 'a')}) {
        REQUIRE(os::write_file_atomically(file, text, 0600));
        const Result<console::LinkKey> key = read_or_make_link_key(file);
        REQUIRE_FALSE(key);
        CHECK(key.error().fault == Fault::invalid);
        CHECK(os::read_file(file, 100) == text);
    }
}

}  // namespace homeostat::app
