#include "homeostat/os/secret_file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::os {

namespace {

namespace fs = std::filesystem;

struct Folder {
    Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path); }

    [[nodiscard]] std::string file(const std::string& name, unsigned mode) const {
        const std::string at = path + "/" + name;
        std::ofstream(at) << "secret\n";
        REQUIRE(::chmod(at.c_str(), mode) == 0);
        return at;
    }

    std::string path{fs::temp_directory_path() / "homeostat-secret-XXXXXX"};
};

}  // namespace

TEST_CASE(
    "no bit for a group or the world is let pass but one, and that only with all that it takes") {
    for (unsigned mode = 0; mode <= 0777; ++mode) {
        for (unsigned bits = 0; bits < 16; ++bits) {
            const SecretFileLook look{.mode = mode,
                                      .is_of_root = (bits & 1U) != 0,
                                      .has_our_group = (bits & 2U) != 0,
                                      .is_of_kubelet = (bits & 4U) != 0,
                                      .are_we_root = (bits & 8U) != 0};
            const unsigned others = mode & 077U;
            const bool is_let_in = others == 040 && look.is_of_root && look.has_our_group &&
                                   (look.is_of_kubelet || !look.are_we_root);
            CHECK(is_kept_from_others(look) == (others == 0 || is_let_in));
        }
    }
}

TEST_CASE("a secret that others may read is not read, and how to mend that is said") {
    const Folder folder;
    for (const unsigned mode : {0644U, 0604U, 0666U, 0622U, 0601U}) {
        const std::string file = folder.file("key", mode);
        const Result<std::string> read = read_secret_file(file, 64);
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::refused);
        CHECK(read.error().text.contains(file));
        CHECK(read.error().text.contains("chmod 600"));
        CHECK_FALSE(read.error().text.contains("secret\n"));
        CHECK_FALSE(check_secret_file(file).has_value());
    }
    const std::string file = folder.file("key", 0600);
    CHECK(read_secret_file(file, 64) == "secret\n");
    CHECK(check_secret_file(file).has_value());
    CHECK(read_secret_file(folder.file("own", 0400), 64) == "secret\n");
}

TEST_CASE("a secret is bounded, and one that is not there is absent") {
    const Folder folder;
    const std::string file = folder.file("key", 0600);
    CHECK(read_secret_file(file, 7) == "secret\n");
    CHECK(read_secret_file(file, 6).error().fault == Fault::invalid);
    CHECK(read_secret_file(folder.path + "/none", 64).error().fault == Fault::absent);
    CHECK(check_secret_file(folder.path + "/none").error().fault == Fault::absent);
}

TEST_CASE("a Secret as the kubelet mounts it: 0440 of root's is read, 0644 is not") {
    const Folder folder;
    fs::create_directory(folder.path + "/..2026_11_30");
    fs::create_directory_symlink("..2026_11_30", folder.path + "/..data");
    const std::string behind = folder.file("..2026_11_30/token", 0440);
    fs::create_symlink("..data/token", folder.path + "/token");
    // Only root can make a file that is root's; whoever else runs this sees the refusal.
    const bool is_roots = ::geteuid() == 0;
    CHECK(read_secret_file(folder.path + "/token", 64).has_value() == is_roots);
    CHECK_FALSE(
        read_secret_file(behind, 64).has_value());  // Not through the link: root's own 0440.
    REQUIRE(::chmod(behind.c_str(), 0644) == 0);
    const Result<std::string> open = read_secret_file(folder.path + "/token", 64);
    REQUIRE_FALSE(open);
    CHECK(open.error().text.contains("defaultMode: 0440"));
}

}  // namespace homeostat::os
