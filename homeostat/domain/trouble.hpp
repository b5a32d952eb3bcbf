#pragma once

// Trouble: what a log line claims to be wrong, as one of a few classes that can be counted.
//
// A gloss says it in more than two hundred ways; whoever counts needs few. A class is a claim of
// whoever wrote the line, like the gloss that `sense` makes it of.
//
// Pure. Values only.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class Trouble : std::uint8_t {
    connection_refused,     ///< Whoever is called cannot be reached, or hangs up.
    timeout,                ///< Nobody answered in time.
    out_of_memory,          ///< Memory of a process, a container or a store.
    disk_full,              ///< Bytes or inodes.
    certificate,            ///< TLS does not come about.
    credentials,            ///< Passwords, tokens, rights.
    deadlock,               ///< Locks that are waited for too long, or for ever.
    pool_exhausted,         ///< Connections: of a client's pool, or of a server's allowance.
    descriptors_exhausted,  ///< Open files, sockets, ports.
    overload,               ///< Queues, threads, processor: more comes than can be done.
    rate_limited,           ///< Somebody turns requests away on purpose.
    config_error,           ///< Settings, schemas and names that do not fit.
    exception,              ///< The program's own fault.
    bad_data,               ///< Content that cannot be read, or is damaged.
};

constexpr auto names_of(std::type_identity<Trouble>) {
    return std::to_array<std::string_view>(
        {"connection_refused", "timeout", "out_of_memory", "disk_full", "certificate",
         "credentials", "deadlock", "pool_exhausted", "descriptors_exhausted", "overload",
         "rate_limited", "config_error", "exception", "bad_data"});
}
constexpr std::size_t troubles_count = names_of(std::type_identity<Trouble>{}).size();

}  // namespace homeostat
