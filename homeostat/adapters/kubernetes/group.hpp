#pragma once

// Group: what the watches say now of the guarded Deployment, with its pods in their slots.
//
// Each look takes the pods into the slots, so that every reading of one moment speaks of the same
// instances. Objects are parsed again only when one of them has changed.
//
// That the slots' file cannot be written is no reason to see nothing: the slots count all the same,
// and the runtime, which cannot act without the file, refuses by itself.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/ports/clock.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace homeostat::adapters::kubernetes {

class Group {
  public:
    /// REQUIRES: `options`, what `seen` points to, `slots` and `clock` outlive it.
    Group(const Options& options, GroupSeen seen, Slots& slots, ports::Clock& clock);

    /// The view, until the next look. ERRORS: those of group_view.hpp; nothing is taken then.
    [[nodiscard]] Result<const GroupView*> look();

    /// There is no view now, and for less than some seconds: after a change the Deployment's
    /// controller, or one of our watches, is behind the others. Nothing to tell anybody of.
    [[nodiscard]] bool is_catching_up() const;

    /// Takes a view that was read directly into the slots.
    void take(const GroupView& view);

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const Slots& slots() const { return slots_; }

    [[nodiscard]] Readiness readiness();

    /// Where the instance ought to answer requests of ours: nowhere while its pod has never been
    /// ready or does not run, nor where we do not know whose address that is by now.
    [[nodiscard]] std::optional<std::string> ip_of(const InstanceId& instance);

    /// Why the slots' file could not be written last; nothing: it was.
    [[nodiscard]] const std::optional<Error>& file_trouble() const { return file_trouble_; }

  private:
    using Versions = std::array<std::uint64_t, 3>;

    [[nodiscard]] Versions versions_seen() const;

    const Options& options_;
    GroupSeen seen_;
    Slots& slots_;
    ports::Clock& clock_;
    Versions parsed_versions_{};
    Result<GroupView> parsed_;
    std::optional<Instant> behind_since_;  ///< Absent: nobody is behind.
    std::optional<Error> file_trouble_;
};

/// For probes and metrics of one instance. REQUIRES: `group` outlives it.
[[nodiscard]] std::function<std::optional<net::Address>()> pod_address(Group& group,
                                                                       InstanceId instance,
                                                                       std::uint16_t port,
                                                                       std::string path);

}  // namespace homeostat::adapters::kubernetes
