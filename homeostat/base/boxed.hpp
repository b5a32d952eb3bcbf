#pragma once

// Boxed: a value or none, as std::optional, which takes the room of a pointer while there is none.
//
// For large parts that most owners lack, where there are many owners: a process that guards a
// thousand services keeps a thousand configurations, and few of them have all sections.
//
// Pure. Values only.

#include <memory>
#include <optional>
#include <utility>

namespace homeostat {

template <class T>
class Boxed {
  public:
    Boxed() = default;
    ~Boxed() = default;
    // NOLINTBEGIN(google-explicit-constructor): as std::optional, nothing is lost.
    Boxed(std::nullopt_t /*none*/) {}
    Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
    // NOLINTEND(google-explicit-constructor)
    Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
    Boxed(Boxed&&) noexcept = default;
    // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): the copy is made before the old one goes.
    Boxed& operator=(const Boxed& other) {
        value_ = other ? std::make_unique<T>(*other) : nullptr;
        return *this;
    }
    Boxed& operator=(Boxed&&) noexcept = default;

    [[nodiscard]] bool has_value() const { return value_ != nullptr; }
    explicit operator bool() const { return has_value(); }

    /// REQUIRES of all four: has_value().
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] T& operator*() { return *value_; }
    [[nodiscard]] const T* operator->() const { return value_.get(); }
    [[nodiscard]] T* operator->() { return value_.get(); }

    template <class... Arguments>
    T& emplace(Arguments&&... arguments) {
        value_ = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        return *value_;
    }
    void reset() { value_.reset(); }

  private:
    std::unique_ptr<T> value_;
};

}  // namespace homeostat
