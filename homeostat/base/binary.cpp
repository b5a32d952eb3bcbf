#include "homeostat/base/binary.hpp"

#include "homeostat/base/fnv1a.hpp"

namespace homeostat::binary_detail {

namespace {

/// Changes with the form of the bytes, when no layout does. Never reused.
constexpr std::string_view form = "homeostat binary 1 ";

}  // namespace

std::uint64_t digest_of_layout(std::string_view layout) {
    return fnv1a(std::string(form).append(layout));
}

Error inside_element(std::size_t index, Error error) {
    return fields_detail::inside("[" + std::to_string(index) + "]", std::move(error));
}

}  // namespace homeostat::binary_detail
