#pragma once

// FaultBook: which faults are in force and for whom. Commands write it, receivers are read from it.
//
// A fault is addressed by service, and optionally by instance and version. It holds for every
// matching process, those that start later included, unless it is `present_only`: then only for
// those connected when the command came, so a restart cures it. Pure; single-threaded.

#include <boost/json.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace payment_gateway {

/// A demo process that follows its faults. `id` is never used twice.
struct Receiver {
    std::uint64_t id{};
    std::string service;
    std::string name;
    std::string version;
};

/// Whom a command means; an empty field means any.
struct Address {
    std::string service;
    std::string name;
    std::string version;

    [[nodiscard]] bool matches(const Receiver& receiver) const;
    bool operator==(const Address&) const = default;
};

struct FaultCommand {
    enum class Kind : std::uint8_t { set, burst, clear, count };
    Kind kind{};
    Address address;
    boost::json::object faults;  ///< As the receivers read them.
    bool is_present_only{};
};

/// Reads one line; an unknown key or an impossible value is an error in words and changes nothing.
std::expected<FaultCommand, std::string> parse_fault_command(std::string_view line);

class FaultBook {
  public:
    void set(const FaultCommand& command, const std::vector<Receiver>& present);

    /// Drops every fault whose address the given one covers; an empty address drops all.
    void clear(const Address& address);

    /// All faults in force for `receiver`, later commands over earlier ones.
    [[nodiscard]] boost::json::object faults_for(const Receiver& receiver) const;

  private:
    struct Entry {
        Address address;
        boost::json::object faults;
        bool is_present_only{};
        std::vector<std::uint64_t> present_ids;

        [[nodiscard]] bool holds_for(const Receiver& receiver) const;
    };

    std::vector<Entry> entries_;
};

}  // namespace payment_gateway
