#include "homeostat/cases/caution.hpp"

namespace homeostat::cases {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"  // C++26 has it as it is.
constexpr char harm_document[] = {
#embed "../../models/ranker/harm.json"
};
constexpr char calibration_document[] = {
#embed "../../models/ranker/calibration.json"
};
#pragma clang diagnostic pop

}  // namespace

std::string_view shipped_harm_tree() {
    return {static_cast<const char*>(harm_document), sizeof(harm_document)};
}

std::string_view shipped_tree_calibration() {
    return {static_cast<const char*>(calibration_document), sizeof(calibration_document)};
}

}  // namespace homeostat::cases
