#include "homeostat/cases/tree_ranker.hpp"

namespace homeostat::cases {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"  // C++26 has it as it is.
constexpr char document[] = {
#embed "../../models/ranker/tree.json"
};
#pragma clang diagnostic pop

}  // namespace

std::string_view shipped_tree() {
    return {static_cast<const char*>(document), sizeof(document)};
}

}  // namespace homeostat::cases
