#include "examples/payment_gateway/service/leak.hpp"

#include <sys/mman.h>

#include <cstring>

namespace payment_gateway {

void Leak::grow(double megabytes) {
    if (megabytes <= 0 || megabytes_ + megabytes > megabytes_max) {
        return;
    }
    const auto bytes = static_cast<std::size_t>(megabytes * 1024 * 1024);
    void* begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED) {
        return;
    }
    std::memset(begin, 0x5a, bytes);  // Not zero, so no page can be shared or left out.
    blocks_.push_back(Block{begin, bytes});
    megabytes_ += megabytes;
}

void Leak::give_back() {
    for (const Block& block : blocks_) {
        munmap(block.begin, block.bytes);
    }
    blocks_.clear();
    megabytes_ = 0;
}

}  // namespace payment_gateway
