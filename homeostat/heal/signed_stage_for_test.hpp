#pragma once

// Stage: a machine whose process asks for leave that has to be signed. What the tests of signed
// approvals begin with.
//
// Pure but for the io_context that the roles live on.

#include "homeostat/heal/approvers_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

using namespace std::chrono_literals;

inline const IncidentId first("i-1");

/// A machine whose process asks whether it may roll back; anna and bert may say so.
struct Stage {
    explicit Stage(std::uint32_t quorum = 1);
    ~Stage();
    Stage(Stage&&) noexcept;
    Stage(const Stage&) = delete;
    Stage& operator=(Stage&&) = delete;
    Stage& operator=(const Stage&) = delete;

    void start();

    /// The process dies and its successor goes on.
    void restart();

    [[nodiscard]] std::optional<QuestionView> question() const;
    [[nodiscard]] bool asks() const { return question() && question()->to_sign; }
    [[nodiscard]] std::string form() const { return question()->to_sign->text; }

    [[nodiscard]] Answer yes(std::vector<ApprovalSignature> signatures) const;
    Result<void> say(Answer answer);
    Result<void> sign(const PersonForTest& person);
    Result<void> deny() { return say({AnswerKind::denied, question()->id, "carol", "not today"}); }

    /// The form with something changed, signed by anna.
    Result<void> sign_other(const std::function<void(ApprovalForm&)>& change);

    [[nodiscard]] std::ptrdiff_t effects_count() const;
    [[nodiscard]] std::ptrdiff_t lines_count(const std::string& wanted) const;

    SimulatedMachine machine{bad_deploy()};
    std::unique_ptr<SimulatedProcess> process;
};

[[nodiscard]] AnsweredBody approved_body(const SimulatedMachine& machine);

/// Everything that the ledger says was decided comes out the same again.
[[nodiscard]] bool is_replayed(const std::vector<EntryGroup>& ledger);

}  // namespace homeostat::heal
