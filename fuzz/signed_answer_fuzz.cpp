// Any bytes for what an approver sends or is to sign: read within bounds, or refused. Nothing that
// was not signed by a listed key is leave, and a form has one byte form.

#include "homeostat/app/person_request.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace app = homeostat::app;
namespace heal = homeostat::heal;
namespace mesh = homeostat::mesh;
using homeostat::ensure;

namespace {

/// Nobody here signs with it.
const heal::Approvers approvers{.service = homeostat::ServiceId("payments"),
                                .listed = {{"anna", mesh::public_key_of({1, 2, 3})}}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto form = heal::parse_form(text);
    if (form) {
        ensure(heal::text_of(*form) == text, "a form has one byte form");
    }
    const auto request = app::parse_person_request(text);
    if (request && request->signatures) {
        ensure(request->signatures->size() <= heal::approvers_max, "signatures have a maximum");
        for (const homeostat::ApprovalSignature& one : *request->signatures) {
            ensure(!heal::checked(approvers, {}, one), "nobody has signed this");
        }
    }
    return 0;
}
