// Any lines for messages between agents, signed or not: what is let in is a message in its one byte
// form, of a neighbour, new and for this life; no more than that moves an epoch; and an agent that
// hears all of it does nothing outside its own catalogue and never goes below its floor.
//
// A line that begins with '!' is taken as the bytes of a message; any other is the text of one
// without its signature, and is signed by the cart.

#include "homeostat/base/ensure.hpp"
#include "homeostat/mesh/names_for_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mesh = homeostat::mesh;
using homeostat::ensure;

namespace {

const mesh::Keyring keyring = mesh::for_test::keyring_of(
    {mesh::for_test::cart, mesh::for_test::payments, mesh::for_test::vault});

std::string bytes_of(std::string_view line) {
    if (line.starts_with('!')) {
        return std::string(line.substr(1));
    }
    std::string text(line);
    const mesh::Signature signature =
        mesh::sign(mesh::for_test::seed_of(mesh::for_test::cart), "homeostat pledge 1\n" + text);
    if (!text.empty()) {
        text.pop_back();
    }
    text += R"(,"signature":")";
    for (const std::uint8_t byte : signature) {
        text += fmt::format("{:02x}", byte);
    }
    return text + R"("})";
}

void check_form(std::string_view bytes) {
    const auto message = mesh::open(bytes, keyring);
    if (!message) {
        return;
    }
    ensure(!mesh::objection_to(*message), "what is let in keeps its bounds");
    ensure(mesh::seal(*message, mesh::for_test::seed_of(message->from)) == bytes,
           "a message has one byte form");
}

/// Payments hears the line, as the only one who is asked for anything.
class Listener {
  public:
    void hear(const std::string& bytes, homeostat::Instant now) {
        const std::uint64_t epoch_before = agent_.inbox.epoch_of(mesh::for_test::cart);
        mesh::Turn turn = mesh::next(std::move(agent_), mesh::Arrived{bytes}, now);
        agent_ = std::move(turn.agent);
        const std::uint64_t epoch = agent_.inbox.epoch_of(mesh::for_test::cart);
        ensure(epoch >= epoch_before, "an epoch does not fall");
        ensure(!turn.discarded ||
                   (epoch == epoch_before && turn.messages.empty() && turn.orders.empty()),
               "what is thrown away changes nothing");
        const mesh::Turn again = mesh::next(agent_, mesh::Arrived{bytes}, now);
        ensure(again.discarded.has_value(), "nothing counts twice");
        for (const mesh::Message& message : turn.messages) {
            ensure(!mesh::objection_to(message), "what it says keeps its bounds");
        }
        for (const mesh::Order& order : turn.orders) {
            ensure(!std::holds_alternative<mesh::EnterMode>(order),
                   "no neighbour puts a service that is well into a mode");
        }
    }

  private:
    static mesh::Agent begun() {
        mesh::Settings settings = mesh::for_test::payments_settings();
        settings.neighbours.push_back(mesh::for_test::vault);
        settings.routes = {{.route = mesh::RouteId("pay.cart"),
                            .callee = mesh::for_test::cart,
                            .modes = {{.id = mesh::for_test::lean}}}};
        mesh::Agent agent(std::move(settings), keyring, 4, 1, mesh::for_test::now);
        mesh::Turn turn = mesh::next(std::move(agent), mesh::EpochStored{}, mesh::for_test::now);
        turn = mesh::next(std::move(turn.agent),
                          mesh::Load{.capacity_rps = 100, .need = mesh::Need::more},
                          mesh::for_test::now);
        return std::move(turn.agent);
    }

    mesh::Agent agent_ = begun();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int lines_max = 16;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    Listener payments;
    homeostat::Instant now = mesh::for_test::now;
    for (int count = 0; count < lines_max && !text.empty(); ++count) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string bytes = bytes_of(line);
        check_form(bytes);
        payments.hear(bytes, now);
        now += std::chrono::milliseconds{7};
    }
    return 0;
}
