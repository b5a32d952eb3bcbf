#pragma once

// Leak: memory that an instance takes and never uses, page by page, until it is told to give it
// back. Real pages, because what watches an instance reads its resident size from the kernel.

#include <cstddef>
#include <vector>

namespace payment_gateway {

class Leak {
  public:
    static constexpr double megabytes_max =
        1'024;  ///< Whatever is asked for: the machine is shared.

    Leak() = default;
    Leak(const Leak&) = delete;
    Leak& operator=(const Leak&) = delete;
    ~Leak() { give_back(); }

    /// Takes `megabytes` more and touches every page of them.
    void grow(double megabytes);
    void give_back();

    [[nodiscard]] double megabytes() const { return megabytes_; }

  private:
    struct Block {
        void* begin;
        std::size_t bytes;
    };

    std::vector<Block> blocks_;
    double megabytes_{};
};

}  // namespace payment_gateway
