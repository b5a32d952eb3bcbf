#pragma once

// TaskView: a declared task as people see it: how far it may go, and what keeps it from that.
//
// Looks at the proofs beside the ledger.

#include "homeostat/app/config.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/verdict.hpp"

#include <string>
#include <vector>

namespace homeostat::app {

struct TaskView {
    std::string task;
    Autonomy configured{Autonomy::watch};
    Autonomy now{Autonomy::watch};     ///< With what is below taken into account.
    std::vector<std::string> missing;  ///< What keeps it lower; for people.
    bool is_under_way{false};          ///< An action of it runs, or what one has started does.
    bool is_destructive{false};
    bool is_repeatable{false};
    bool keeps_capacity{false};
    std::vector<SymptomKind> also_for;  ///< Besides its own check.
    std::string run;
    std::string take_back;  ///< Empty: it cannot be.
    std::string check;

    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("configured", self.configured);
        field("now", self.now);
        field("missing", self.missing);
        field("is_under_way", self.is_under_way);
        field("is_destructive", self.is_destructive);
        field("is_repeatable", self.is_repeatable);
        field("keeps_capacity", self.keeps_capacity);
        field("also_for", self.also_for);
        field("run", self.run);
        field("take_back", self.take_back);
        field("check", self.check);
    }
};

/// `demotions`: what the ledger knows of them; without it a demoted task is told of as configured.
[[nodiscard]] std::vector<TaskView> task_views(const Config& config,
                                               const Demotions& demotions = {});

[[nodiscard]] std::string to_lines(const TaskView& view);

/// All of them, behind an empty line; empty: none is declared.
[[nodiscard]] std::string to_lines(const std::vector<TaskView>& views);

/// One line for each task that stands lower than its configuration says, or of which something
/// runs; empty: none does.
[[nodiscard]] std::string lines_of_lacking(const std::vector<TaskView>& views);

}  // namespace homeostat::app
