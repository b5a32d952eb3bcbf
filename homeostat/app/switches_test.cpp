#include "homeostat/app/switches.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

/// One that somebody holds elsewhere.
class HeldSwitch final : public ports::KillSwitch {
  public:
    explicit HeldSwitch(bool is_engaged) : is_engaged_(is_engaged) {}
    [[nodiscard]] bool is_engaged() const override { return is_engaged_; }
    Result<void> engage() override { return fail(Fault::refused, "not here"); }
    Result<void> release() override {
        return is_engaged_ ? fail(Fault::refused, "still engaged") : Result<void>();
    }

  private:
    bool is_engaged_;
};

struct Directory {
    Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string path{std::filesystem::temp_directory_path() / "homeostat-XXXXXX"};
};

}  // namespace

TEST_CASE("a switch is engaged while the file or the other one is") {
    const Directory directory;
    for (const bool is_file_engaged : {false, true}) {
        for (const bool is_other_engaged : {false, true}) {
            CAPTURE(is_file_engaged);
            CAPTURE(is_other_engaged);
            Switches switches(directory.path + "/suspended");
            HeldSwitch other(is_other_engaged);
            HeldSwitch released_one(false);
            switches.add({{&released_one, [] { return std::string(); }},
                          {&other, [&] { return is_other_engaged ? "theirs" : std::string(); }}});
            REQUIRE((is_file_engaged ? switches.engage() : Result<void>()));
            CHECK(switches.is_engaged() == (is_file_engaged || is_other_engaged));

            CHECK(switches.reason().empty() == !switches.is_engaged());
            CHECK(switches.reason().contains("suspended is there") == is_file_engaged);
            CHECK(switches.reason().ends_with("theirs") == is_other_engaged);

            const Result<void> released = switches.release();
            CHECK(released.has_value() == !is_other_engaged);
            CHECK(std::filesystem::exists(directory.path + "/suspended") ==
                  (is_file_engaged && is_other_engaged));
            std::filesystem::remove(directory.path + "/suspended");
        }
    }
}

}  // namespace homeostat::app
