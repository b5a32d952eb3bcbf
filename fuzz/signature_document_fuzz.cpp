// Any bytes for what an approver signed elsewhere: read within bounds, or refused. What is read has
// one byte form, and each signature in it holds for the form in it.

#include "homeostat/app/recorded_leave.hpp"
#include "homeostat/app/signature_document.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/heal/approvers.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace app = homeostat::app;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto leave = app::parse_signature_document(text);
    if (!leave) {
        ensure(!leave.error().text.empty(), "a refusal says why");
        return 0;
    }
    ensure(app::document_of(*leave) == app::trimmed(text), "a document has one byte form");
    ensure(!leave->signatures.empty() && leave->signatures.size() <= homeostat::heal::approvers_max,
           "signatures have a maximum");
    for (const homeostat::ApprovalSignature& one : leave->signatures) {
        ensure(app::holds(leave->form, one), "what does not hold is not read");
    }
    return 0;
}
