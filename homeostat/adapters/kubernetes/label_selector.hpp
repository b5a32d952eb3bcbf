#pragma once

// LabelSelector: which objects a Deployment's selector means, told here and not by the server.
//
// Of a watch that several Deployments share each takes what its own selector fits. Read from the
// query that DeploymentView::selector holds, so that both mean the same.
//
// SOURCE: kubernetes.io/docs/concepts/overview/working-with-objects/labels. Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

enum class LabelTest : std::uint8_t { in, not_in, exists, absent };

struct LabelTerm {
    std::string key;
    LabelTest test{LabelTest::in};
    std::vector<std::string> values{};  ///< Of `in` and `not_in`; "=" is an `in` of one.

    friend bool operator==(const LabelTerm&, const LabelTerm&) = default;
};

struct LabelSelector {
    std::vector<LabelTerm> terms;  ///< All of them have to hold. None: nothing fits.

    [[nodiscard]] bool fits(const json::object& labels) const;
};

/// Of a query as DeploymentView::selector has it. ERRORS: invalid: there is no term, or one is
/// none that we write.
[[nodiscard]] Result<LabelSelector> parse_label_selector(std::string_view query);

}  // namespace homeostat::adapters::kubernetes
