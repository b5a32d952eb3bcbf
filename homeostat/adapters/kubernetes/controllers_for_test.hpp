#pragma once

// The controllers and the kubelet behind FakeApi: what a cluster does by itself. For tests only.

#include <string>

namespace homeostat::adapters::kubernetes {

class FakeApi;

/// Lets the controllers of Deployments and ReplicaSets and the kubelet work until nothing changes
/// any more. `now`: as the API writes times.
void run_controllers_for_test(FakeApi& api, const std::string& now);

}  // namespace homeostat::adapters::kubernetes
