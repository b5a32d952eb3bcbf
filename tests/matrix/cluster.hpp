#pragma once

// Cluster: a Deployment "pay" of three pods on a FakeApi, the traffic in front of it, and what the
// server has told of it: each change is an event, as a watch tells of it from any version on.
//
// The version v2 is bad: three in ten requests fail while it is in force.
//
// Outlives every process of a cell.

#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::matrix {

namespace kubernetes = adapters::kubernetes;

class Cluster {
  public:
    /// REQUIRES: `clock` outlives it.
    explicit Cluster(ports::Clock& clock);

    /// What happened to one object, in the order of the versions.
    struct Told {
        std::string collection;
        std::string type;  ///< "ADDED", "MODIFIED", "DELETED".
        std::uint64_t version{0};
        json::value object;
        Instant at{};
    };

    static constexpr std::string_view pods = "/api/v1/namespaces/shop/pods";

    kubernetes::FakeApi api;
    kubernetes::Options options;
    bool does_rollback_help{true};  ///< Otherwise what fails goes on failing.

    void deploy(const std::string& tag);
    /// After a change of anybody's: what follows from it is done, and told of.
    void note_change();
    [[nodiscard]] const std::vector<Told>& told() const { return told_; }
    /// The version of all that there is.
    [[nodiscard]] std::uint64_t version() const { return version_; }
    /// A later version than any before, for an object that somebody else speaks of.
    [[nodiscard]] json::value with_new_version(json::value object);

    [[nodiscard]] std::string image_tag();
    [[nodiscard]] bool is_failing();
    /// Of all requests so far.
    [[nodiscard]] EdgeCounters counters();

  private:
    void tell_of(std::string_view collection);
    void pass_traffic();
    [[nodiscard]] json::value& deployment();

    ports::Clock& clock_;
    std::vector<Told> told_;
    std::map<std::pair<std::string, std::string>, json::value> known_;  ///< Collection and name.
    std::uint64_t version_{0};
    bool has_broken_{false};
    Instant counted_at_{};
    double requests_{0};
    double errors_{0};
};

}  // namespace homeostat::matrix
