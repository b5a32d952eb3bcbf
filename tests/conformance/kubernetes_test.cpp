// Acting on a Kubernetes cluster: the same on one that is played, in every run, and on a real one
// where HOMEOSTAT_KUBECONFIG names it. `make k8s-lab` brings one up whose pods have no processes:
// that they are ready stands for answering.

#include "homeostat/act/act.hpp"
#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/heal/facts_merge.hpp"
#include "homeostat/net/run_for_test.hpp"

#include "kubernetes_cluster.hpp"
#include "kubernetes_config_conformance.hpp"
#include "kubernetes_conformance.hpp"
#include "kubernetes_fate_conformance.hpp"
#include "kubernetes_resize_conformance.hpp"
#include "kubernetes_scale_conformance.hpp"

#include <doctest/doctest.h>

#include <iostream>
#include <memory>
#include <string_view>

using namespace homeostat;
using namespace homeostat::conformance;

namespace {

/// On the played one, and on the real one where there is one.
void on_each_cluster(void (*check)(Cluster&)) {
    {
        PlayedCluster played;
        check(played);
    }
    const std::unique_ptr<RealCluster> real = RealCluster::find();
    if (real == nullptr) {
        static bool is_told = false;
        std::cout << (is_told ? "" : "HOMEOSTAT_KUBECONFIG is not set: no real cluster is asked\n");
        is_told = true;
        return;
    }
    INFO("on the real cluster");
    check(*real);
}

}  // namespace

TEST_CASE("what is read of a Deployment is what it is, and without it nothing is") {
    on_each_cluster(check_facts);
}

TEST_CASE("a rollback of an image that crashes brings the old hash back, and its pods") {
    on_each_cluster(check_rollback);
}

TEST_CASE("a rollback yields to a rival, to a pause and to what is not there") {
    on_each_cluster(check_rollback_refused);
}

TEST_CASE("a pod is evicted, and who follows it in its slot carries the effect") {
    on_each_cluster(check_replacement);
}

TEST_CASE("an eviction yields to a budget, and means no other pod of the name") {
    on_each_cluster(check_replacement_refused);
}

TEST_CASE("without a server nothing is read and nothing is changed") {
    on_each_cluster(check_nobody_there);
}

TEST_CASE("a reply that is lost is unknown, and the world says what became of it") {
    on_each_cluster(check_lost_replies);
}

TEST_CASE("killed at any phase, a successor resolves the step by what it reads") {
    on_each_cluster(check_killed);
}

TEST_CASE("a Deployment grows by one replica with our mark, up to its bound, and back again") {
    on_each_cluster(check_scale);
}

TEST_CASE("a scale yields to a rival, to an autoscaler and to whoever wants another number") {
    on_each_cluster(check_scale_yields);
}

TEST_CASE("a scale whose reply is lost or whose author is killed is told by what is read") {
    on_each_cluster(check_scale_fates);
}

TEST_CASE("a pod gets more memory where it stands with our mark, up to its bound, and less again") {
    on_each_cluster(check_resize);
}

TEST_CASE("a resize yields to a rival in between, and to whoever has resized the pod before") {
    on_each_cluster(check_resize_yields);
}

TEST_CASE("a resize whose reply is lost or whose author is killed is told by what is read") {
    on_each_cluster(check_resize_fates);
}

TEST_CASE("a ConfigMap that was edited gets back what it held, to the last byte, with our mark") {
    on_each_cluster(check_revert);
}

TEST_CASE("a revert yields to whoever edits the ConfigMap, and to one that is gone or fixed") {
    on_each_cluster(check_revert_yields);
}

TEST_CASE("a revert whose reply is lost or whose author is killed is told by what is read") {
    on_each_cluster(check_revert_fates);
}
