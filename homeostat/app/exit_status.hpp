#pragma once

// The exit statuses of `homeostat`. `homeostat --help` prints the same list.

namespace homeostat::app {

enum class ExitStatus : int {
    ok = 0,
    unexpected = 1,   ///< Something that should hold does not: a demo, a ledger, a doctor's check.
    usage = 2,        ///< Arguments or configuration that cannot be used.
    unreachable = 3,  ///< No agent answers.
    interrupted = 130,
};

[[nodiscard]] constexpr int to_int(ExitStatus status) {
    return static_cast<int>(status);
}

}  // namespace homeostat::app
