#pragma once

// What an ExecutorRole is given, and what it shows of an incident.
//
// Values only; the ports outlive the role.

#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/guard/guard.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/confirmations.hpp"
#include "homeostat/ports/fleet_budget.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/ledger.hpp"
#include "homeostat/ports/neighbours.hpp"
#include "homeostat/ports/telemetry.hpp"
#include "homeostat/sense/sense.hpp"
#include "homeostat/verify/verify.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

struct ExecutorSettings {
    Inventory inventory;
    guard::Limits guard;
    verify::Limits verify;
    StartedBody started;       ///< What the first entry of this run says.
    std::string boot_id;       ///< As the ledger writes it: instants of other boots mean nothing.
    Duration proof_time{};     ///< A version that served this long is good.
    Duration drain_for_max{};  ///< See heal::Around for this and the next five.
    Duration refusal_for_max{};
    Duration plan_for_max{};
    Duration rejudge_for_max{};
    Duration question_for_max{};  ///< Above 0.
    Duration hold_for_max{};
    Duration undo_for_max{};     ///< After its close a person may take it back; 0: nobody may.
    Duration perform_for_max{};  ///< Deadline of one effect.
    Duration read_for_max{};     ///< Deadline of one reading of the world.
    Duration look_every{std::chrono::seconds{1}};    ///< At the world, while nothing is wrong.
    std::function<void(const std::string&)> notify;  ///< Tells a person. Must not block.
    Approvers approvers{};                       ///< Who has to sign a yes; none listed: nobody.
    std::uint64_t chance{0};                     ///< Differs between processes: nonces.
    std::function<std::string()> unwitnessed{};  ///< Why nothing judged may begin; empty: it may.
    std::function<std::string()> suspended_because{};  ///< Why the kill switch is engaged.
};

struct ExecutorPorts {
    ports::Clock& clock;
    ports::Ledger& ledger;
    ports::KillSwitch& kill_switch;
    std::vector<ports::Actuator*> actuators;
    std::vector<ports::Telemetry*> verifiers;  ///< Fresh samples for verify; own connections.
    ports::Neighbours* neighbours{nullptr};    ///< Null: there are none to ask.
    ports::ConfirmationSource* confirmations{nullptr};  ///< Null: nobody confirms anything.
    ports::FleetBudget* fleet{nullptr};                 ///< Null: it grants nothing.
};

/// What has to be signed for a yes, and by whom it was.
struct ToSignView {
    std::string text;  ///< The form, byte for byte.
    std::uint32_t quorum{1};
    std::vector<std::string> agreed{};  ///< Approvers whose signature is in.
    WallTime expires_at{};

    static void fields(auto& self, auto&& field) {
        field("text", self.text);
        field("quorum", self.quorum);
        field("agreed", self.agreed);
        field("expires_at", self.expires_at);
    }
};

/// What a person is asked at present.
struct QuestionView {
    std::string id;
    std::string text;
    Preconditions preconditions;          ///< The world that leave would be for.
    Instant deadline_at{};                ///< Silence until then is no.
    std::optional<ToSignView> to_sign{};  ///< Where approvers are listed.

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("text", self.text);
        field("preconditions", self.preconditions);
        field("deadline_at", self.deadline_at);
        field("to_sign", self.to_sign);
    }
};

/// What `status` and `incidents` show of an open incident.
struct IncidentView {
    IncidentId incident;
    Symptom symptom;
    std::string node;
    Instant opened_at{};
    std::vector<Remedy> tried;
    std::string trouble;
    std::optional<QuestionView> question{};

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("symptom", self.symptom);
        field("node", self.node);
        field("opened_at", self.opened_at);
        field("tried", self.tried);
        field("trouble", self.trouble);
        field("question", self.question);
    }
};

}  // namespace homeostat::heal
