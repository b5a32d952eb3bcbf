#include "homeostat/os/cgroup.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// A tree of plain files in the place of the kernel's. The kernel's own refusals (somebody else's
// processes, a controller that is in use) no plain file gives.

namespace homeostat::os {

namespace {

namespace fs = std::filesystem;

struct FakeTree {
    FakeTree() {
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        put("root/cgroup.controllers", "cpuset cpu io memory pids\n");
        put("own", "12:cpu:/elsewhere\n0::/system.slice/homeostat.service\n");
        for (const char* const part : {"", "/agent", "/model"}) {
            put_group(unit + part);
        }
    }
    ~FakeTree() { fs::remove_all(path); }
    FakeTree(const FakeTree&) = delete;
    FakeTree& operator=(const FakeTree&) = delete;

    void put(const std::string& file, const std::string& text) const {
        fs::create_directories((fs::path(path) / file).parent_path());
        std::ofstream(fs::path(path) / file) << text;
    }
    void put_group(const std::string& group) const {
        put(group + "/cgroup.controllers", "cpu memory pids\n");
        for (const char* const file :
             {"cgroup.procs", "cgroup.subtree_control", "cgroup.kill", "memory.max",
              "memory.swap.max", "memory.oom.group", "pids.max", "cpu.idle", "cpu.weight"}) {
            put(group + "/" + file, "");
        }
        put(group + "/memory.events", "low 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n");
    }
    [[nodiscard]] std::string text(const std::string& file) const {
        std::ifstream stream(fs::path(path) / file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    [[nodiscard]] Result<std::string> find() const {
        return find_delegated_cgroup(
            {.root = path + "/root", .own = path + "/own", .systemd = path + "/systemd"});
    }
    [[nodiscard]] std::string directory() const { return path + "/" + unit; }

    std::string unit{"root/system.slice/homeostat.service"};
    std::string path{fs::temp_directory_path() / "homeostat-XXXXXX"};
};

}  // namespace

TEST_CASE("our own group is found, also when we stand in its part already") {
    const FakeTree tree;
    CHECK(tree.find().value() == tree.directory());
    tree.put("own", "0::/system.slice/homeostat.service/agent\n");
    CHECK(tree.find().value() == tree.directory());
}

TEST_CASE("where groups cannot be divided, what is missing is named") {
    const FakeTree tree;
    SUBCASE("version 1 alone") {
        tree.put("own", "12:cpu:/elsewhere\n");
        CHECK(tree.find().error().text.contains("no cgroup v2"));
    }
    SUBCASE("both versions, the controllers with the first") {
        fs::remove(fs::path(tree.path) / "root/cgroup.controllers");
        CHECK(tree.find().error().text.contains("no cgroup v2"));
    }
    SUBCASE("a controller that was not passed on") {
        tree.put(tree.unit + "/cgroup.controllers", "cpuset memory pids\n");
        CHECK(tree.find().error().text.contains("no controller \"cpu\""));
    }
    SUBCASE("a group that we cannot see") {
        tree.put("own", "0::/../elsewhere\n");
        CHECK(tree.find().error().text.contains("elsewhere"));
    }
    CHECK(tree.find().error().fault == Fault::absent);
}

TEST_CASE("a group that is systemd's, or has somebody else in it, is left alone") {
    const FakeTree tree;
    tree.put(tree.unit + "/cgroup.procs", "4711\n");
    CHECK(tree.find().error().fault == Fault::busy);
    tree.put("systemd", "");
    CHECK(tree.find().error().fault == Fault::refused);
    CHECK(tree.find().error().text.contains("systemd has not delegated"));
}

TEST_CASE("a divided group has us in its part and lets parts be limited") {
    const FakeTree tree;
    REQUIRE(divide_cgroup(tree.directory()).has_value());
    CHECK(tree.text(tree.unit + "/agent/cgroup.procs") == "0");
    CHECK(tree.text(tree.unit + "/cgroup.subtree_control") == "+cpu +memory +pids");
    fs::remove(fs::path(tree.directory()) / "cgroup.subtree_control");
    CHECK(divide_cgroup(tree.directory()).error().fault == Fault::refused);
}

TEST_CASE("a part has its limits before anybody is in it") {
    const FakeTree tree;
    const std::string part = tree.unit + "/model";
    {
        const Result<Cgroup> group = Cgroup::make(
            tree.directory(), "model", {.memory_bytes_max = 1'000'000, .processes_max = 64});
        REQUIRE(group.has_value());
        CHECK(group->entrance_fd() >= 0);
        CHECK(tree.text(part + "/memory.max") == "1000000");
        CHECK(tree.text(part + "/memory.swap.max") == "0");
        CHECK(tree.text(part + "/pids.max") == "64");
        CHECK(tree.text(part + "/cpu.idle") == "1");
        CHECK(tree.text(part + "/cpu.weight").empty());
        CHECK_FALSE(group->has_run_out_of_memory());
        tree.put(part + "/memory.events", "oom 1\noom_kill 2\n");
        CHECK(group->has_run_out_of_memory());
    }
    CHECK(tree.text(part + "/cgroup.kill") == "1");
}

TEST_CASE("a kernel without idle groups gives the least weight, no limit is none") {
    const FakeTree tree;
    fs::remove(fs::path(tree.directory()) / "model/cpu.idle");
    REQUIRE(Cgroup::make(tree.directory(), "model", {}).has_value());
    CHECK(tree.text(tree.unit + "/model/cpu.weight") == "1");
    CHECK(tree.text(tree.unit + "/model/memory.max") == "max");
    CHECK(tree.text(tree.unit + "/model/pids.max") == "max");
}

TEST_CASE("a part with somebody in it is left alone") {
    const FakeTree tree;
    tree.put(tree.unit + "/model/cgroup.procs", "4711\n");
    CHECK(Cgroup::make(tree.directory(), "model", {}).error().fault == Fault::busy);
    CHECK(tree.text(tree.unit + "/model/memory.max").empty());
    CHECK(tree.text(tree.unit + "/model/cgroup.kill").empty());
}

TEST_CASE("a part without the files of its limits is none") {
    const FakeTree tree;
    fs::remove(fs::path(tree.directory()) / "model/memory.max");
    CHECK(Cgroup::make(tree.directory(), "model", {}).error().fault == Fault::refused);
    CHECK(Cgroup::make(tree.path + "/nowhere", "model", {}).error().fault == Fault::refused);
}

}  // namespace homeostat::os
