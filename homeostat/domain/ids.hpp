#pragma once

// The ids of the domain. Each is a type of its own, so that a version cannot stand where an
// instance belongs.
//
// Pure. Values only.

#include "homeostat/base/id.hpp"

namespace homeostat {

using ServiceId = Id<struct ServiceTag>;
using InstanceId = Id<struct InstanceTag>;  ///< "payments-0": service, dash, index.
using CacheId = Id<struct CacheTag>;        ///< The name of a cache: "quotes".
using VersionId = Id<struct VersionTag>;    ///< The name of a version's directory: "v1".
using ChangeId = Id<struct ChangeTag>;      ///< "change-3"
using IncidentId = Id<struct IncidentTag>;  ///< "i-7": counted over the life of a ledger.
using EffectId = Id<struct EffectTag>;      ///< "i-7.e2": the second effect of incident i-7.
using TaskId = Id<struct TaskTag>;          ///< The name of a declared task: "clean_spool".
using TemplateId = Id<struct TemplateTag>;  ///< A log template's hash, as hex.

}  // namespace homeostat
