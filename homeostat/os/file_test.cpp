#include "homeostat/os/file.hpp"

#include "homeostat/os/lock_file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace homeostat::os {

namespace {

namespace fs = std::filesystem;

struct Directory {
    Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { fs::remove_all(path); }

    [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
    [[nodiscard]] std::ptrdiff_t entries_count() const {
        return std::distance(fs::directory_iterator{path}, fs::directory_iterator{});
    }

    std::string path{fs::temp_directory_path() / "homeostat-test-XXXXXX"};
};

fs::perms mode_of(const std::string& path) {
    return fs::status(path).permissions();
}

/// Runs `act` in a child that may write files of at most four bytes; true if `act` was.
bool holds_without_room(bool (*act)(const std::string&), const std::string& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit limit{4, 4};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::signal(SIGXFSZ, SIG_IGN);
        ::_exit(act(path) ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

}  // namespace

TEST_CASE("a file is read whole, and refused when it is over its maximum") {
    const Directory directory;
    const std::string path = directory.at("a");
    const std::string bytes(40'000, 'x');
    std::ofstream{path} << bytes;
    CHECK(read_file(path, 40'000) == bytes);
    const Result<std::string> larger = read_file(path, 39'999);
    REQUIRE(!larger);
    CHECK(larger.error().fault == Fault::invalid);
    CHECK(larger.error().text.contains(path));
    CHECK(read_part(path, 39'990, 100) == std::string(10, 'x'));
    CHECK(read_part(path, 50'000, 100) == std::string{});
}

TEST_CASE("a file that is not there is absent, and the error names it") {
    const Directory directory;
    const Result<std::string> nothing = read_file(directory.at("no"), 10);
    REQUIRE(!nothing);
    CHECK(nothing.error().fault == Fault::absent);
    CHECK(nothing.error().text.contains(directory.at("no")));
    CHECK(nothing.error().text.contains("No such file"));
}

TEST_CASE("an atomic write leaves the new content and nothing beside it") {
    const Directory directory;
    const std::string path = directory.at("a");
    CHECK(write_file_atomically(path, "one").has_value());
    CHECK(write_file_atomically(path, "two").has_value());
    CHECK(read_file(path, 10) == "two");
    CHECK(directory.entries_count() == 1);
}

TEST_CASE("without room an atomic write says full and leaves the old content") {
    const Directory directory;
    const std::string path = directory.at("a");
    REQUIRE(write_file_atomically(path, "old").has_value());
    CHECK(holds_without_room(
        [](const std::string& file) {
            const Result<void> written = write_file_atomically(file, "much too long");
            return !written && written.error().fault == Fault::full;
        },
        path));
    CHECK(read_file(path, 10) == "old");
    CHECK(directory.entries_count() == 1);
}

TEST_CASE("an append adds to the end") {
    const Directory directory;
    const std::string path = directory.at("a");
    CHECK(append_to_file(path, "a\n").has_value());
    CHECK(append_to_file(path, "b\n").has_value());
    CHECK(read_file(path, 10) == "a\nb\n");
    const Result<void> nowhere = append_to_file(directory.at("no/a"), "x");
    REQUIRE(!nowhere);
    CHECK(nowhere.error().fault == Fault::absent);
}

TEST_CASE("directories are made with their parents, and a file in the way is named") {
    const Directory directory;
    CHECK(make_directories(directory.at("x/y/z")).has_value());
    CHECK(make_directories(directory.at("x/y/z")).has_value());
    CHECK(is_directory(directory.at("x/y/z")));
    std::ofstream{directory.at("file")} << "x";
    CHECK(!make_directories(directory.at("file")));
    CHECK(!make_directories(directory.at("file/below")));
    CHECK(list_directories(directory.path, 10) == std::vector<std::string>{"x"});
}

TEST_CASE("directories that are made are their owner's alone, and those that are there stay") {
    const Directory directory;
    fs::create_directory(directory.at("x"));
    fs::permissions(directory.at("x"), fs::perms{0755});
    REQUIRE(make_directories(directory.at("x/y/z")).has_value());
    CHECK(mode_of(directory.at("x")) == fs::perms{0755});
    CHECK(mode_of(directory.at("x/y")) == fs::perms{0700});
    CHECK(mode_of(directory.at("x/y/z")) == fs::perms{0700});
}

TEST_CASE("the identity of a path is the link's own, or that of the file it leads to") {
    const Directory directory;
    const std::string file = directory.at("file");
    const std::string link = directory.at("link");
    std::ofstream{file} << "12345";
    fs::create_symlink("file", link);
    const Result<FileIdentity> target = identify_target(link);
    REQUIRE(target.has_value());
    CHECK(target->is_same_as(identify_file(file).value()));
    CHECK(target->bytes == 5);
    CHECK_FALSE(target->is_same_as(identify_file(link).value()));
    fs::remove(file);
    CHECK(identify_target(link).error().fault == Fault::absent);
    CHECK(identify_file(link).has_value());
}

TEST_CASE("a link says where it points, and a file is no link") {
    const Directory directory;
    fs::create_symlink("over/there", directory.at("link"));
    CHECK(read_link(directory.at("link")) == std::string{"over/there"});
    CHECK(read_link(directory.path).error().fault == Fault::invalid);
    CHECK(read_link(directory.at("no")).error().fault == Fault::absent);
}

TEST_CASE("parents are found for every shape of path") {
    CHECK(parent_of("/a/b") == "/a");
    CHECK(parent_of("/a") == "/");
    CHECK(parent_of("a") == ".");
}

TEST_CASE("a lock is held once, names its holder, and is free when the holder is gone") {
    const Directory directory;
    const std::string path = directory.at("lock");
    {
        const Result<LockFile> first = LockFile::take(path);
        REQUIRE(first.has_value());
        const Result<LockFile> second = LockFile::take(path);
        REQUIRE(!second);
        CHECK(second.error().fault == Fault::busy);
        CHECK(second.error().text.contains("pid " + std::to_string(::getpid()) + ", `"));
        CHECK(second.error().text.contains("homeostat_os_test"));
        CHECK(second.error().text.ends_with("(end that process)"));
        CHECK(LockFile::take(path, "ask it").error().text.ends_with("(ask it)"));
    }
    CHECK(LockFile::take(path).has_value());
    std::ofstream{path} << "rubbish\n";
    CHECK(LockFile::take(path).has_value());
}

TEST_CASE("a pid that a lock's file names is not called its holder unless it has the file open") {
    const Directory directory;
    const std::string path = directory.at("lock");
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    std::ofstream{path} << child << "\n";
    const Fd other{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    REQUIRE(::flock(other.number(), LOCK_EX) == 0);
    const Result<LockFile> refused = LockFile::take(path);
    REQUIRE(!refused);
    CHECK(!refused.error().text.contains("locked by pid"));
    CHECK(refused.error().text.contains("names pid " + std::to_string(child)));
    CHECK(refused.error().text.contains("`lslocks`"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_CASE("a lock is its owner's alone, so that nobody else can hold it: also one from before") {
    const Directory directory;
    const std::string path = directory.at("lock");
    CHECK(LockFile::take(path).has_value());
    CHECK(mode_of(path) == fs::perms{0600});
    fs::permissions(path, fs::perms{0644});
    CHECK(LockFile::take(path).has_value());
    CHECK(mode_of(path) == fs::perms{0600});
}

TEST_CASE("a lock is also held by a child that inherited it, until that is gone") {
    const Directory directory;
    const std::string path = directory.at("lock");
    Result<LockFile> lock = LockFile::take(path);
    REQUIRE(lock.has_value());
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    lock = fail(Fault::absent, "dropped");
    CHECK(!LockFile::take(path));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(LockFile::take(path).has_value());
}

}  // namespace homeostat::os
