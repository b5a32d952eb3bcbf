#include "homeostat/mesh/wire.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

namespace homeostat::mesh {

using namespace for_test;

namespace {

const Keyring keyring = keyring_of({cart, payments});

std::string sealed(Body body) {
    return seal(message_of(cart, payments, std::move(body)), seed_of(cart));
}

/// The bytes with one text in place of another, signed again.
std::string resigned(std::string_view from, std::string_view to) {
    std::string bytes = sealed(Revoke{cart_pay, 4});
    constexpr std::size_t tail = 144;  // ,"signature":"…"}
    std::string text = bytes.substr(0, bytes.size() - tail) + "}";
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    const Signature signature = sign(seed_of(cart), "homeostat pledge 1\n" + text);
    text.pop_back();
    text += ",\"signature\":\"";
    for (const std::uint8_t byte : signature) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text + "\"}";
}

Message longest(Body body) {
    Message message = message_of(AgentId(std::string(name_bytes_max, 'a')),
                                 AgentId(std::string(name_bytes_max, 'b')), std::move(body));
    message.epoch = message.to_epoch = message.sequence = message.sent_ms = number_max;
    message.valid_ms = valid_ms_max;
    message.thread.incident = IncidentId(std::string(name_bytes_max, 'i'));
    return message;
}

}  // namespace

TEST_CASE("each kind of message reads as it was written") {
    for (const Body& body : every_body()) {
        const Message message = message_of(cart, payments, body);
        const std::string bytes = seal(message, seed_of(cart));
        CAPTURE(bytes);
        CHECK(bytes.size() <= message_bytes_max);
        CHECK(open(bytes, keyring) == message);
    }
}

TEST_CASE("the bytes of a message are these") {
    const std::string bytes = sealed(Revoke{cart_pay, 4});
    CHECK(bytes.starts_with(
        R"({"v":1,"from":"cart","to":"payments","epoch":3,"to_epoch":5,"sequence":1,)"
        R"("sent_ms":1000,"valid_ms":50,"incident":"i-7",)"
        R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
        R"("body":{"kind":"revoke","route":"cart.pay","pledge":4},"signature":")"));
}

TEST_CASE("the longest message that keeps its bounds fits into 1 KiB") {
    const auto mode = [](char c) { return ModeId(std::string(mode_bytes_max, c)); };
    const RouteId route{std::string(name_bytes_max, 'r')};
    const Evidence evidence{1'000, 600'000, 600'000, 600'000, 100'000'000};
    const Message message = longest(CallForProposals{
        route, number_max, {mode('m'), mode('n'), mode('o'), mode('p')}, evidence});
    REQUIRE_FALSE(objection_to(message));
    CHECK(seal(message, seed_of(message.from)).size() <= message_bytes_max);
    const Message renew =
        longest(Renew{route, number_max, number_max, mode('m'), rate_max, ttl_ms_max});
    CHECK(seal(renew, seed_of(renew.from)).size() <= message_bytes_max);
}

TEST_CASE("any other byte form of a message is refused") {
    struct Case {
        std::string_view from;
        std::string_view to;
        Discard why;
    };
    const Case cases[] = {
        {R"("v":1,)", R"("v": 1,)", Discard::malformed},
        {R"("epoch":3)", R"("epoch":3.0)", Discard::malformed},
        {R"("epoch":3)", R"("epoch":03)", Discard::malformed},
        {R"("epoch":3)", R"("epoch":3e0)", Discard::malformed},
        {R"("epoch":3)", R"("epoch":-3)", Discard::malformed},
        {R"("from":"cart")", R"("from":"c\u0061rt")", Discard::malformed},
        {R"("epoch":3,"to_epoch":5)", R"("to_epoch":5,"epoch":3)", Discard::malformed},
        {R"("epoch":3,)", R"("epoch":3,"epoch":3,)", Discard::malformed},
        {R"("epoch":3,)", R"("epoch":3,"extra":1,)", Discard::malformed},
        {R"("pledge":4)", R"("pledge":4,"extra":1)", Discard::malformed},
        {R"("epoch":3,)", "", Discard::malformed},
        {R"("kind":"revoke")", R"("kind":"revoked")", Discard::malformed},
        {R"("sequence":1)", R"("sequence":0)", Discard::malformed},
        {R"("sequence":1)", R"("sequence":9007199254740992)", Discard::malformed},
        {R"("v":1)", R"("v":0)", Discard::malformed},
        {R"("v":1)", R"("v":2)", Discard::version_unknown},
        {R"("v":1)", R"("v":2,"future":[])", Discard::version_unknown},
        {R"("from":"cart")", R"("from":"mallory")", Discard::sender_unknown},
    };
    for (const Case& one : cases) {
        const auto message = open(resigned(one.from, one.to), keyring);
        CAPTURE(one.to);
        REQUIRE_FALSE(message);
        CHECK(message.error() == one.why);
    }
    CHECK(open(resigned("cart.pay", "cart.ask"), keyring));
}

TEST_CASE("a message with any bit turned is refused") {
    const std::string bytes = sealed(Accept{cart_pay, 4, 0, lean, 45});
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string turned = bytes;
        turned[at] = static_cast<char>(turned[at] ^ 1);
        CAPTURE(at);
        CHECK_FALSE(open(turned, keyring));
    }
}

TEST_CASE("a cut, a longer and an empty message are refused") {
    const std::string bytes = sealed(Beacon{});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(open(std::string_view(bytes).substr(0, size), keyring));
    }
    CHECK_FALSE(open(bytes + " ", keyring));
    const auto oversized = open(std::string(message_bytes_max + 1, ' '), keyring);
    REQUIRE_FALSE(oversized);
    CHECK(oversized.error() == Discard::oversized);
}

TEST_CASE("another agent's key signs nothing for this one") {
    const Message message = message_of(cart, payments, Revoke{cart_pay, 4});
    const auto forged = open(seal(message, seed_of(payments)), keyring);
    REQUIRE_FALSE(forged);
    CHECK(forged.error() == Discard::forged);
}

TEST_CASE("Ed25519 is that of RFC 8032") {
    // SOURCE: section 7.1, test 1, an empty message.
    const auto bytes = [](std::string_view hex, auto& out) {
        for (std::size_t at = 0; at < out.size(); ++at) {
            out[at] = static_cast<std::uint8_t>(
                std::stoi(std::string(hex.substr(2 * at, 2)), nullptr, 16));
        }
    };
    SigningSeed seed{};
    PublicKey key{};
    Signature signature{};
    bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed);
    bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key);
    bytes(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
        "1cf9b46bd25bf5f0595bbe24655141438e7a100b",
        signature);
    CHECK(public_key_of(seed) == key);
    CHECK(sign(seed, "") == signature);
    CHECK(is_signed_by(key, "", signature));
    CHECK_FALSE(is_signed_by(key, "a", signature));
}

TEST_CASE("every field has a bound that it keeps") {
    const auto objects = [](Body body) {
        return objection_to(message_of(cart, payments, std::move(body))).has_value();
    };
    for (const Body& body : every_body()) {
        CHECK_FALSE(objects(body));
    }
    CHECK(objects(Beacon{4, 0, 0, 0, 0}));
    CHECK(objects(Beacon{0, 600'001, 0, 0, 0}));
    CHECK(objects(Beacon{0, 0, 100'000'001, 0, 0}));
    CHECK(objects(Beacon{0, 0, 0, rate_max + 1, 0}));
    CHECK(objects(Beacon{0, 0, 0, 0, 9}));
    CHECK(objects(CallForProposals{cart_pay, 1, {}, bad_window}));
    CHECK(objects(CallForProposals{cart_pay, 1, {lean, lean}, bad_window}));
    CHECK(objects(CallForProposals{cart_pay, 1, {ModeId("a b")}, bad_window}));
    CHECK(objects(CallForProposals{cart_pay, 0, {lean}, bad_window}));
    CHECK(objects(CallForProposals{cart_pay, 1, {lean}, evidence_of(1'001)}));
    CHECK(objects(CallForProposals{cart_pay, 1, {lean}, Evidence{0, 0, 0, 0, 0}}));
    CHECK(objects(Offer{cart_pay, 1, 4, lean, 45, ttl_ms_min - 1}));
    CHECK(objects(Offer{cart_pay, 1, 4, lean, 45, ttl_ms_max + 1}));
    CHECK(objects(Offer{cart_pay, 1, 0, lean, 45, 10'000}));
    CHECK(objects(Offer{RouteId(), 1, 4, lean, 45, 10'000}));
    CHECK(objects(Offer{cart_pay, 1, 4, ModeId(std::string(25, 'm')), 45, 10'000}));
    CHECK(objects(Refuse{cart_pay, 0, Reason::floor}));
    CHECK(objects(Accept{cart_pay, 4, number_max + 1, lean, 45}));
    CHECK(objects(Renew{cart_pay, 4, 0, lean, 45, 10'000}));
    CHECK(objects(Release{cart_pay, 0}));
    CHECK(objects(Revoke{RouteId("-"), 4}));
    CHECK(objects(RequestCapacity{cart_pay, 2, 0, 10'000}));
    CHECK(objects(Grant{cart_pay, 2, rate_max + 1, 10'000}));
    CHECK(objects(Deny{cart_pay, 0, Reason::floor}));
    CHECK(objects(OutcomeReport{cart_pay, 4, 0, 1'001}));
}

TEST_CASE("the envelope keeps its bounds") {
    const auto objects = [](auto change) {
        Message message = message_of(cart, payments, Revoke{cart_pay, 4});
        change(message);
        return objection_to(message).has_value();
    };
    CHECK(objects([](Message& message) { message.to = cart; }));
    CHECK(objects([](Message& message) { message.from = AgentId("."); }));
    CHECK(objects([](Message& message) { message.epoch = 0; }));
    CHECK(objects([](Message& message) { message.to_epoch = 0; }));
    CHECK(objects([](Message& message) { message.valid_ms = 0; }));
    CHECK(objects([](Message& message) { message.valid_ms = valid_ms_max + 1; }));
    CHECK(objects([](Message& message) { message.thread.incident = IncidentId(); }));
    CHECK(objects([](Message& message) { message.thread.traceparent = ""; }));
    CHECK(objects([](Message& message) { message.body = Beacon{}; }));
}

TEST_CASE("a traceparent is one of W3C's version 00") {
    CHECK(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    for (const std::string_view text :
         {"", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
          "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 "}) {
        CAPTURE(text);
        CHECK_FALSE(is_traceparent(text));
    }
}

}  // namespace homeostat::mesh
