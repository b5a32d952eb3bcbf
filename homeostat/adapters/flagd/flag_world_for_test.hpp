#pragma once

// A flag file in a directory of its own, and the means to edit it as people do. For tests only.

#include "homeostat/adapters/flagd/flag_history.hpp"
#include "homeostat/adapters/flagd/flag_revert.hpp"
#include "homeostat/adapters/flagd/flags.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::flagd {

inline const ServiceId pay{"pay"};

/// A flag that gives everybody the same.
inline std::string flag(std::string_view variant, std::string_view state = "ENABLED") {
    return fmt::format(
        R"({{"state":"{}","variants":{{"on":true,"off":false}},"defaultVariant":"{}"}})", state,
        variant);
}

inline std::string file_of(std::string_view flags) {
    return fmt::format(R"({{"$schema":"https://flagd.dev/schema/v0/flags.json","flags":{{{}}}}})",
                       flags);
}

/// Two flags, both everybody's: the text of most files here.
inline std::string two(std::string_view checkout, std::string_view banner) {
    return file_of(fmt::format(R"("checkout":{},"banner":{})", flag(checkout), flag(banner)));
}

inline FlagFile parsed(std::string_view text) {
    Result<FlagFile> file = parse_flag_file(text);
    REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().text));
    return *std::move(file);
}

struct FlagWorld {
    net::TemporaryDirectory directory;
    std::string path = directory.file("flags.json");
    std::string past = directory.file("past.json");
    Options options{pay, path, std::nullopt, {}, {}};

    [[nodiscard]] FlagHistory history() const {
        Result<FlagHistory> opened = FlagHistory::open(pay, past);
        REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text));
        return *std::move(opened);
    }
    [[nodiscard]] Flags flags() const { return {options, history()}; }

    /// In place, as an editor that knows no better.
    void write(std::string_view text) const { std::ofstream(path, std::ios::trunc) << text; }
    [[nodiscard]] std::string bytes() const {
        return os::read_file(path, flag_file_bytes_max).value_or("");
    }
    [[nodiscard]] FlagFile file() const { return parsed(bytes()); }

    /// Writes it, and has it looked at.
    VersionId edit(Flags& seen_by, std::string_view text) const {
        write(text);
        const Result<const FlagFile*> file = seen_by.look();
        REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().text));
        return (*file)->version;
    }
};

inline SwapVersion swap(const VersionId& from, const VersionId& to) {
    return SwapVersion{pay, from, to, Artifact::flag};
}

}  // namespace homeostat::adapters::flagd
