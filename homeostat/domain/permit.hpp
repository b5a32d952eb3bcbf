#pragma once

// Permit: guard's leave to cause one effect once. Only guard's Gate can make one; it cannot be
// copied, stored in a state or written to a record. After any pause a new one has to be asked for.
//
// Request: what an actuator performs. It can only be made from a Permit.
//
// Pure. Move-only values.

#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/step.hpp"

#include <utility>

namespace homeostat {

namespace guard {
class Gate;
}

class Permit {
  public:
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) noexcept = default;
    ~Permit() = default;

    [[nodiscard]] const EffectId& effect() const { return effect_; }
    [[nodiscard]] const Step& step() const { return step_; }

  private:
    friend class guard::Gate;
    Permit(EffectId effect, Step step) : effect_(std::move(effect)), step_(std::move(step)) {}

    EffectId effect_;
    Step step_;
};

class Request {
  public:
    explicit Request(Permit permit) : permit_(std::move(permit)) {}

    [[nodiscard]] const EffectId& effect() const { return permit_.effect(); }
    [[nodiscard]] const Step& step() const { return permit_.step(); }

  private:
    Permit permit_;
};

}  // namespace homeostat
