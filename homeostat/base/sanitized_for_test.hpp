#pragma once

// Whether a sanitizer watches: the program is ten times slower then, and looked through for another
// kind of fault. A test that visits every case in a plain build visits some of them in this one.
//
// Pure. For tests only.

namespace homeostat {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

}  // namespace homeostat
