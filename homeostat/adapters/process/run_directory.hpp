#pragma once

// RunDirectory: where the records, locks and logs of a service's instances lie.
//
//     RUN/payments-0.json  RUN/payments-0.json.lock  RUN/payments-0.log[.1 …]
//     RUN/payments.swap.json  RUN/payments.config.swap.json
//
// The names are made of ids that are plain names, so no path leaves the directory.
//
// Pure.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"

#include <string>
#include <utility>

namespace homeostat::adapters::process {

class RunDirectory {
  public:
    explicit RunDirectory(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string record_of(const InstanceId& instance) const {
        return path_ + "/" + instance.text() + ".json";
    }
    /// Held by the shim and by the instance, as long as either lives.
    [[nodiscard]] std::string lock_of(const InstanceId& instance) const {
        return record_of(instance) + ".lock";
    }
    [[nodiscard]] std::string log_of(const InstanceId& instance) const {
        return path_ + "/" + instance.text() + ".log";
    }
    /// What we did to the artifact's link `current` last (versions.hpp).
    [[nodiscard]] std::string swap_mark_of(const ServiceId& service, Artifact artifact) const {
        const std::string which = artifact == Artifact::config ? ".config" : "";
        return path_ + "/" + service.text() + which + ".swap.json";
    }

  private:
    std::string path_;
};

}  // namespace homeostat::adapters::process
