#include "homeostat/app/mesh_key.hpp"

#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

class Directory {
  public:
    Directory() {
        std::string path = (std::filesystem::temp_directory_path() / "mesh-key-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    Directory(Directory&&) = delete;
    Directory& operator=(Directory&&) = delete;

    [[nodiscard]] std::filesystem::path key() const { return path_ / "new" / "mesh.key"; }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a key is made once, for its owner alone, and its public half lies beside it") {
    const Directory directory;
    const Result<mesh::SigningSeed> made = read_or_make_key(directory.key());
    REQUIRE(made);
    CHECK(*read_or_make_key(directory.key()) == *made);
    struct stat status{};
    REQUIRE(::stat(directory.key().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    CHECK(os::read_file(directory.key().string() + ".pub", 100) ==
          to_hex(mesh::public_key_of(*made)) + "\n");
    const Directory other;
    CHECK(*read_or_make_key(other.key()) != *made);
}

TEST_CASE("a key that others may read, or that is none, is refused and left as it is") {
    const Directory directory;
    REQUIRE(read_or_make_key(directory.key()));
    REQUIRE(::chmod(directory.key().c_str(), 0640) == 0);
    CHECK(read_or_make_key(directory.key()).error().fault == Fault::refused);
    REQUIRE(::chmod(directory.key().c_str(), 0600) == 0);
    for (const std::string& text : {std::string(), std::string("key\n"), std::string(64, 'A'),
                                    std::string(63, 'a'), std::string(65, 'a')}) {
        REQUIRE(os::write_file_atomically(directory.key().string(), text, 0600));
        const Result<mesh::SigningSeed> key = read_or_make_key(directory.key());
        REQUIRE_FALSE(key);
        CHECK(key.error().fault == Fault::invalid);
        CHECK(os::read_file(directory.key().string(), 100) == text);
    }
}

TEST_CASE("each life has a number that no life before it had") {
    const Directory directory;
    const std::filesystem::path file = directory.key().string() + ".epoch";
    CHECK(begin_epoch(file) == 0);
    CHECK(begin_epoch(file) == 1);
    REQUIRE(os::write_file_atomically(file.string(), "41\n"));
    CHECK(begin_epoch(file) == 41);
    CHECK(os::read_file(file.string(), 100) == "42\n");
}

TEST_CASE("an epoch that cannot be read is no reason to begin at one again") {
    const Directory directory;
    const std::filesystem::path file = directory.key().string() + ".epoch";
    REQUIRE(begin_epoch(file) == 0);
    for (const char* text :
         {"", "one\n", "-1\n", "1 2\n", "9007199254740991\n", "99999999999999999999\n"}) {
        CAPTURE(text);
        REQUIRE(os::write_file_atomically(file.string(), text));
        CHECK(begin_epoch(file).error().fault == Fault::invalid);
        CHECK(os::read_file(file.string(), 100) == std::string(text));
    }
}

}  // namespace homeostat::app
