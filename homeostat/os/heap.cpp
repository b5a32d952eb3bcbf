#include "homeostat/os/heap.hpp"

#include <malloc.h>

namespace homeostat::os {

void give_back_freed_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

}  // namespace homeostat::os
