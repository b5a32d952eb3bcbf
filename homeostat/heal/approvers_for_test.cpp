#include "homeostat/heal/approvers_for_test.hpp"

namespace homeostat::heal {

PersonForTest person_for_test(const std::string& name, std::uint8_t number) {
    PersonForTest person{name, {}};
    person.seed.fill(number);
    return person;
}

ApprovalSignature signature_for_test(const PersonForTest& person, std::string_view bytes) {
    return {person.name, hex_for_test(mesh::public_key_of(person.seed)),
            hex_for_test(mesh::sign(person.seed, bytes))};
}

ApprovalSignature sign_for_test(const PersonForTest& person, std::string_view form_text) {
    return signature_for_test(person, bytes_to_sign(person.name, form_text));
}

Approvers approvers_for_test(std::uint32_t quorum) {
    return {.service = ServiceId("payments"),
            .listed = {anna.listed(), bert.listed()},
            .quorum = quorum};
}

}  // namespace homeostat::heal
