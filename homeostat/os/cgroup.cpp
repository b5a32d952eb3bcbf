#include "homeostat/os/cgroup.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>

namespace homeostat::os {

namespace {

constexpr std::size_t told_bytes_max = std::size_t{64} << 10U;
constexpr std::array controllers{"cpu", "memory", "pids"};
constexpr std::string_view agent_part = "/agent";

Result<void> tell(const std::string& file, std::string_view words) {
    const Fd place(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!place.is_open() ||
        ::write(place.number(), words.data(), words.size()) != std::ssize(words)) {
        const int error_number = errno;
        const Error error = write_error("write", file, error_number);
        return fail(error_number == EBUSY ? Fault::busy : Fault::refused, error.text);
    }
    return {};
}

Result<void> make_part(const std::string& directory) {
    constexpr mode_t usual_mode = 0755;
    if (::mkdir(directory.c_str(), usual_mode) != 0 && errno != EEXIST) {
        return fail(Fault::refused, read_error("make", directory, errno).text);
    }
    return {};
}

/// "/a/b" of the line "0::/a/b", which is that of version 2; empty: there is none.
std::string_view path_in(std::string_view lines) {
    constexpr std::string_view mark = "0::";
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        if (line.starts_with(mark)) {
            return line.substr(mark.size());
        }
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    }
    return {};
}

bool has_word(std::string_view words, std::string_view wanted) {
    while (!words.empty()) {
        const std::string_view word = words.substr(0, words.find_first_of(" \n"));
        if (word == wanted) {
            return true;
        }
        words.remove_prefix(std::min(words.size(), word.size() + 1));
    }
    return false;
}

/// Of "oom_kill 3\n", 3; a line that is not there counts nothing.
bool has_count(std::string_view lines, std::string_view name) {
    const std::string start = std::string(name) + " ";
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        if (line.starts_with(start)) {
            return line.substr(start.size()) != "0";
        }
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    }
    return false;
}

/// SOURCE: systemd marks what it delegates by one of these attributes.
bool is_given_by_systemd(const std::string& directory) {
    std::array<char, 8> mark{};
    return ::getxattr(directory.c_str(), "trusted.delegate", mark.data(), mark.size()) > 0 ||
           ::getxattr(directory.c_str(), "user.delegate", mark.data(), mark.size()) > 0;
}

/// Whether it is ours to divide: we may write to it, and nobody else is in it.
Result<void> check_ours(const std::string& directory, const std::string& systemd) {
    const std::array<std::string, 3> ours{directory, directory + "/cgroup.procs",
                                          directory + "/cgroup.subtree_control"};
    for (const std::string& place : ours) {
        if (::access(place.c_str(), W_OK) != 0) {
            return fail(Fault::refused, "the cgroup " + directory + " is not ours to divide");
        }
    }
    // Root may write everywhere; systemd takes back what it has not given.
    if (::access(systemd.c_str(), F_OK) == 0 && !is_given_by_systemd(directory)) {
        return fail(Fault::refused, "systemd has not delegated the cgroup " + directory);
    }
    const Result<std::string> inside = read_file(directory + "/cgroup.procs", told_bytes_max);
    if (!inside || (!inside->empty() && *inside != std::to_string(::getpid()) + "\n")) {
        return fail(Fault::busy, "processes of others are in the cgroup " + directory);
    }
    return {};
}

}  // namespace

Result<std::string> find_delegated_cgroup(const CgroupTree& tree) {
    const Result<std::string> lines = read_file(tree.own, told_bytes_max);
    const std::string_view path = lines ? path_in(*lines) : std::string_view{};
    if (path.empty() || !read_file(tree.root + "/cgroup.controllers", told_bytes_max)) {
        return fail(Fault::absent, "there is no cgroup v2 at " + tree.root);
    }
    std::string directory = tree.root + std::string(path == "/" ? "" : path);
    // Where an agent before us divided it, or systemd did (DelegateSubgroup=agent).
    if (directory.ends_with(agent_part)) {
        directory.resize(directory.size() - agent_part.size());
    }
    const Result<std::string> there = read_file(directory + "/cgroup.controllers", told_bytes_max);
    if (!there) {
        return fail(Fault::absent, there.error().text);
    }
    for (const char* const controller : controllers) {
        if (!has_word(*there, controller)) {
            return fail(Fault::absent,
                        "the cgroup " + directory + " has no controller \"" + controller + "\"");
        }
    }
    if (const Result<void> ours = check_ours(directory, tree.systemd); !ours) {
        return std::unexpected(ours.error());
    }
    return directory;
}

Result<void> divide_cgroup(const std::string& directory) {
    const std::string ours = directory + std::string(agent_part);
    if (const Result<void> made = make_part(ours); !made) {
        return made;
    }
    if (const Result<void> moved = tell(ours + "/cgroup.procs", "0"); !moved) {
        return moved;
    }
    const Result<void> divided = tell(directory + "/cgroup.subtree_control", "+cpu +memory +pids");
    return divided || divided.error().fault != Fault::busy
               ? divided
               : fail(Fault::busy, "processes of others are in the cgroup " + directory);
}

Result<Cgroup> Cgroup::make(const std::string& parent,
                            const std::string& name,
                            const CgroupLimits& limits) {
    const std::string directory = parent + "/" + name;
    static_cast<void>(::rmdir(directory.c_str()));  // An earlier one still counts its own end.
    if (const Result<void> made = make_part(directory); !made) {
        return std::unexpected(made.error());
    }
    const Result<std::string> inside = read_file(directory + "/cgroup.procs", told_bytes_max);
    if (!inside || !inside->empty()) {
        return inside ? fail(Fault::busy, "somebody is in the cgroup " + directory)
                      : fail(Fault::refused, inside.error().text);
    }
    const auto number = [](std::uint64_t value) {
        return value == 0 ? std::string("max") : std::to_string(value);
    };
    Result<void> told = tell(directory + "/memory.max", number(limits.memory_bytes_max));
    if (told) {
        told = tell(directory + "/pids.max", number(limits.processes_max));
    }
    // Since Linux 5.15; before it the least weight is as near as one comes.
    if (told && !tell(directory + "/cpu.idle", "1")) {
        told = tell(directory + "/cpu.weight", "1");
    }
    if (!told) {
        static_cast<void>(::rmdir(directory.c_str()));
        return std::unexpected(told.error());
    }
    // Where the machine has no swap, there is no such file.
    static_cast<void>(tell(directory + "/memory.swap.max", "0"));
    static_cast<void>(tell(directory + "/memory.oom.group", "1"));
    Fd entrance(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!entrance.is_open()) {
        return fail(Fault::refused, write_error("open", directory, errno).text);
    }
    return Cgroup(directory, std::move(entrance));
}

Cgroup::~Cgroup() {
    if (!entrance_.is_open()) {
        return;
    }
    static_cast<void>(tell(directory_ + "/cgroup.kill", "1"));
    // Those who are being ended leave it a moment later; a group that is left the next one removes.
    static_cast<void>(::rmdir(directory_.c_str()));
}

bool Cgroup::has_run_out_of_memory() const {
    const Result<std::string> events = read_file(directory_ + "/memory.events", told_bytes_max);
    return events && has_count(*events, "oom") && has_count(*events, "oom_kill");
}

}  // namespace homeostat::os
