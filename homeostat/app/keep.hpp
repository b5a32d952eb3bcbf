#pragma once

// Puts what was made where it stays.

#include "homeostat/base/result.hpp"

#include <memory>
#include <utility>

namespace homeostat::app {

/// ERRORS: those of the making; then nothing is kept.
template <class T>
Result<void> keep(Result<std::unique_ptr<T>> made, std::unique_ptr<T>& kept) {
    if (!made) {
        return std::unexpected(made.error());
    }
    kept = *std::move(made);
    return {};
}

}  // namespace homeostat::app
