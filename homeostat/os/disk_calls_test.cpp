#include "homeostat/os/disk_calls.hpp"

#include "homeostat/os/disk_cases_for_test.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace homeostat::os {

TEST_CASE("this machine's disk does what every disk has to do") {
    std::string top = (std::filesystem::temp_directory_path() / "disk.XXXXXX").string();
    REQUIRE(::mkdtemp(top.data()) != nullptr);
    for_test::check_files(system_disk(), top);
    for_test::check_names(system_disk(), top);
    for_test::check_locks(system_disk(), top);
    std::filesystem::remove_all(top);
}

}  // namespace homeostat::os
