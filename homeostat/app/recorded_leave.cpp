#include "homeostat/app/recorded_leave.hpp"

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/person_order.hpp"

namespace homeostat::app {

bool holds(const ApprovalForm& form, const ApprovalSignature& signature) {
    const auto key = parse_key(signature.key);
    if (!key) {
        return false;
    }
    const heal::Approvers alone{.service = form.service, .listed = {{signature.approver, *key}}};
    return heal::checked(alone, form, signature).has_value();
}

bool is_of(const AnsweredBody& answer) {
    const ApprovalForm& form = answer.leave->form;
    return form.question == answer.question && form.remedy == answer.remedy &&
           form.preconditions == answer.preconditions && form.says == PersonSays::approved;
}

bool is_of(const UndoBody& undo) {
    const ApprovalForm& form = undo.leave->form;
    return form.question == heal::undo_question && form.remedy == undo.inverse &&
           form.incident == undo.undoes && form.says == PersonSays::approved;
}

}  // namespace homeostat::app
