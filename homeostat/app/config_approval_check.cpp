#include "homeostat/app/config_approval_check.hpp"

#include "homeostat/app/mesh_key.hpp"

namespace homeostat::app {

void check_approvals(const ConfigFile& file, ConfigReading& reading) {
    if (!file.approvals || !reading.is_sound("approvals")) {
        return;
    }
    const ApprovalsConfig approvals = to_config(*file.approvals);
    const bool counts_somebody = approvals.quorum > 1 || !approvals.quorum_of.empty();
    if (approvals.approvers.empty() && counts_somebody) {
        reading.tell_at("approvals",
                        "a quorum, and nobody who could sign — add approvers: [ { name: anna, key: "
                        "… } ]");
        return;
    }
    heal::Approvers approvers{.quorum = approvals.quorum, .quorum_of = approvals.quorum_of};
    for (const ApproverConfig& one : approvals.approvers) {
        approvers.listed.push_back({one.name, parse_key(one.key).value_or(mesh::PublicKey{})});
    }
    if (const Result<void> checked = heal::check(approvers); !checked) {
        reading.tell_at("approvals", checked.error().text +
                                         " — mend approvals, "
                                         "docs/approvals.md");
    }
}

}  // namespace homeostat::app
