#pragma once

// A question as a person is shown it, and one that has markup and worse in each of its texts.

#include "homeostat/console/link_token.hpp"
#include "homeostat/console/matter.hpp"

#include <chrono>
#include <string>

namespace homeostat::console {

constexpr WallTime noon_for_test{std::chrono::milliseconds{1'796'000'000'000}};

inline Matter matter_for_test() {
    Matter matter;
    matter.service = ServiceId("rates");
    matter.incident = IncidentId("i-1");
    matter.question = "5f0c2b9e1d3a4477";
    matter.asks = "May I restart rates-0?";
    matter.symptom = "instance_down on rates-0: its process has ended";
    matter.touches = {"1 of 2 instances: rates-0.", "It cannot be taken back."};
    matter.causes = {"instance_crash (weight 0.90): its process ended"};
    matter.measured = {"rates-0 ended 2 s ago"};
    matter.options = {{"restart rates-0", "it is down", 0.8, true}, {"observe", "", 0.2, false}};
    matter.exactly = R"({"remedy":{"kind":"restart","instance":"rates-0"}})";
    matter.until = noon_for_test + std::chrono::minutes{10};
    return matter;
}

/// Every text of it says `text`.
inline Matter hostile_matter_for_test(const std::string& text) {
    Matter matter = matter_for_test();
    matter.service = ServiceId(text);
    matter.incident = IncidentId(text);
    matter.asks = text;
    matter.symptom = text;
    matter.touches = {text};
    matter.causes = {text};
    matter.measured = {text};
    matter.options = {{text, text, 1, true}};
    matter.exactly = text;
    matter.takes_yes = false;
    matter.command = text;
    matter.signers = {text};
    return matter;
}

inline UndoMatter undo_matter_for_test() {
    UndoMatter matter;
    matter.service = ServiceId("payments");
    matter.incident = IncidentId("i-7");
    matter.act = "undo-done-0000000000000001";
    matter.did = "rollback payments from v2 to v1";
    matter.undoes = "rollback payments from v1 to v2";
    matter.touches = {"3 of 3 instances: payments-0, payments-1, payments-2."};
    matter.until = noon_for_test + std::chrono::minutes{30};
    matter.command = "homeostat undo i-7 --key YOUR.key";
    return matter;
}

inline Link undo_link_for_test(const UndoMatter& matter) {
    return {.incident = matter.incident,
            .question = matter.act,
            .person = "anna",
            .expires_at = matter.until,
            .nonce = {}};
}

inline Link link_for_test(const Matter& matter) {
    return {.incident = matter.incident,
            .question = matter.question,
            .person = "anna",
            .expires_at = matter.until,
            .nonce = {}};
}

}  // namespace homeostat::console
