#include "homeostat/os/secret_file.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace homeostat::os {

namespace {

/// In a volume that the kubelet keeps each file is a link to one below `..data`, itself a link that
/// it exchanges at once for all of them.
bool leads_through_data(const std::string& path) {
    const Result<std::string> target = read_link(path);
    return target && target->starts_with("..data/");
}

bool is_group_of_ours_or_roots(gid_t group) {
    if (group == 0 || group == ::getegid()) {
        return true;
    }
    const int count = ::getgroups(0, nullptr);
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
    const int found = ::getgroups(count, groups.data());
    groups.resize(static_cast<std::size_t>(std::max(found, 0)));
    return std::ranges::find(groups, group) != groups.end();
}

Result<void> check(const Fd& file, const std::string& path) {
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) {
        return std::unexpected(read_error("read", path, errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return {};  // A shell's pipe: its other end decides who reads.
    }
    const SecretFileLook look{.mode = status.st_mode & 0777U,
                              .is_of_root = status.st_uid == 0,
                              .has_our_group = is_group_of_ours_or_roots(status.st_gid),
                              .is_of_kubelet = leads_through_data(path),
                              .are_we_root = ::geteuid() == 0};
    if (is_kept_from_others(look)) {
        return {};
    }
    return fail(Fault::refused,
                look.is_of_kubelet
                    ? fmt::format("{}: others may read this secret (mode {:o}); mount it with "
                                  "defaultMode: 0440 and give the pod an fsGroup",
                                  path, look.mode)
                    : fmt::format("{}: others may read this secret (mode {:o}); chmod 600 it, and "
                                  "if they are strangers make a new one",
                                  path, look.mode));
}

Result<Fd> open_secret(const std::string& path) {
    Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) {
        return std::unexpected(read_error("read", path, errno));
    }
    return file;
}

}  // namespace

bool is_kept_from_others(const SecretFileLook& look) {
    const unsigned others = look.mode & (S_IRWXG | S_IRWXO);
    if (others == 0) {
        return true;
    }
    const bool only_a_group_reads = others == S_IRGRP;
    return only_a_group_reads && look.is_of_root && look.has_our_group &&
           (!look.are_we_root || look.is_of_kubelet);
}

Result<std::string> read_secret_file(const std::string& path, std::size_t bytes_max) {
    const Result<Fd> file = open_secret(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    if (const Result<void> kept = check(*file, path); !kept) {
        return std::unexpected(kept.error());
    }
    std::string bytes;
    std::array<char, 4096> part{};
    while (bytes.size() <= bytes_max) {
        const ssize_t count = ::read(file->number(), part.data(), part.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::unexpected(read_error("read", path, errno));
        }
        if (count == 0) {
            return bytes;
        }
        bytes.append(part.data(), static_cast<std::size_t>(count));
    }
    return fail(Fault::invalid,
                fmt::format("{}: larger than the {} bytes that are read of it", path, bytes_max));
}

Result<void> check_secret_file(const std::string& path) {
    const Result<Fd> file = open_secret(path);
    return file ? check(*file, path) : std::unexpected(file.error());
}

}  // namespace homeostat::os
