#pragma once

// A task of a test's own: commands of a shell in a directory that goes with the test.
//
// A shell stands in these commands as any other program would: nothing of ours starts one.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/run_action.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

namespace homeostat::adapters::task {

class DirectoryForTest {
  public:
    DirectoryForTest() {
        std::string name = (std::filesystem::temp_directory_path() / "task-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~DirectoryForTest() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    DirectoryForTest(const DirectoryForTest&) = delete;
    DirectoryForTest& operator=(const DirectoryForTest&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string text_of(const std::string& name) const {
        return os::read_file((path_ / name).string(), 1U << 20U).value_or("");
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(path_ / name);
    }

  private:
    std::filesystem::path path_;
};

inline Action shell_for_test(std::string script, const std::filesystem::path& directory) {
    return {.call = Command{.argv = {"/bin/sh", "-c", std::move(script)},
                            .directory = directory.string(),
                            .passed_on = {},
                            .refused = {75}},
            .timeout = std::chrono::seconds{8}};
}

/// "well" is a file: `run` makes it and notes its effect, `take_back` removes it.
inline Declaration declaration_for_test(const std::filesystem::path& directory) {
    Declaration declaration;
    declaration.task = TaskId("make_well");
    declaration.run =
        shell_for_test("echo $HOMEOSTAT_EFFECT >> runs; echo made; touch well", directory);
    declaration.take_back = shell_for_test("rm well", directory);
    declaration.check = shell_for_test("test -e well", directory);
    declaration.is_destructive = false;
    return declaration;
}

inline Ran ran_for_test(const Action& action, std::string effect = "s/i-1.e1") {
    boost::asio::io_context context;
    return net::run_for_test(
        context, run_action(action, Purpose{.effect = std::move(effect)}, Instant::max()));
}

}  // namespace homeostat::adapters::task
