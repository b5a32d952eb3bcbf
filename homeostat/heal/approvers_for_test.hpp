#pragma once

// Approvers of tests: people with keys, and what they sign.
//
// Pure.

#include "homeostat/heal/approvers.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::heal {

struct PersonForTest {
    std::string name;
    mesh::SigningSeed seed{};

    [[nodiscard]] Approver listed() const { return {name, mesh::public_key_of(seed)}; }
};

[[nodiscard]] PersonForTest person_for_test(const std::string& name, std::uint8_t number);

[[nodiscard]] std::string hex_for_test(const auto& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

[[nodiscard]] ApprovalSignature signature_for_test(const PersonForTest& person,
                                                   std::string_view bytes);

/// Of a form, as it has to be.
[[nodiscard]] ApprovalSignature sign_for_test(const PersonForTest& person,
                                              std::string_view form_text);

inline const PersonForTest anna = person_for_test("anna", 1);
inline const PersonForTest bert = person_for_test("bert", 2);
inline const PersonForTest mallory = person_for_test("mallory", 3);

[[nodiscard]] Approvers approvers_for_test(std::uint32_t quorum = 1);

}  // namespace homeostat::heal
