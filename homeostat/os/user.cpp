#include "homeostat/os/user.hpp"

#include <pwd.h>

#include <array>
#include <cstdio>
#include <memory>

namespace homeostat::os {

namespace {

constexpr std::size_t line_bytes_max = 1024;
constexpr int lines_max = 100'000;

}  // namespace

std::string user_name(std::uint32_t uid, const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> users(std::fopen(file.c_str(), "re"),
                                                                &std::fclose);
    std::array<char, line_bytes_max> buffer{};
    for (int line = 0; users && line < lines_max; ++line) {
        passwd entry{};
        passwd* found = nullptr;
        if (::fgetpwent_r(users.get(), &entry, buffer.data(), buffer.size(), &found) != 0) {
            break;
        }
        if (entry.pw_uid == uid) {
            return entry.pw_name;
        }
    }
    return "uid " + std::to_string(uid);
}

}  // namespace homeostat::os
