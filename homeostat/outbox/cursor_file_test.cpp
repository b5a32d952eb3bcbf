#include "homeostat/outbox/cursor_file.hpp"

#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace homeostat::outbox {

namespace {

struct Directory {
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "cursor_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::filesystem::path path;
};

}  // namespace

TEST_CASE("a cursor is read as it was written, and of its own ledger only") {
    const Directory directory;
    const CursorFile file(directory.path / "webhook.cursor");
    CHECK(file.read("aa") == Cursor{});
    REQUIRE(file.write("aa", {17, "h16"}));
    CHECK(file.read("aa") == Cursor{17, "h16"});
    CHECK(file.read("bb") == Cursor{});
}

TEST_CASE("a file that is no cursor is told of by name, and not taken for the beginning") {
    const Directory directory;
    const std::filesystem::path path = directory.path / "webhook.cursor";
    for (const std::string& text :
         {std::string("{"), std::string(R"({"ledger":"aa"})"), std::string(),
          std::string(R"({"ledger":"aa","next_group":-1,"hash":""})"), std::string(9000, 'x')}) {
        REQUIRE(os::write_file_atomically(path.string(), text));
        const Result<Cursor> cursor = CursorFile(path).read("aa");
        REQUIRE_FALSE(cursor);
        CHECK(cursor.error().text.contains(path.string()));
    }
}

}  // namespace homeostat::outbox
