#include "homeostat/os/user.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::os {

TEST_CASE("a user has the name that the machine's own file gives, or else the number") {
    std::string file = std::filesystem::temp_directory_path() / "homeostat-users-XXXXXX";
    const int made = ::mkstemp(file.data());
    REQUIRE(made >= 0);
    ::close(made);
    std::ofstream{file} << "# none\nbroken\nroot:x:0:0::/:/bin/sh\nalice:x:4711:4711::/:/bin/sh\n"
                        << "long:x:4712:4712:" << std::string(5'000, 'x') << ":/:/bin/sh\n";
    CHECK(user_name(0, file) == "root");
    CHECK(user_name(4711, file) == "alice");
    CHECK(user_name(4712, file) == "uid 4712");
    CHECK(user_name(4713, file) == "uid 4713");
    std::filesystem::remove(file);
    CHECK(user_name(0, file) == "uid 0");
}

}  // namespace homeostat::os
