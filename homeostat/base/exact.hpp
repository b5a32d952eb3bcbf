#pragma once

// Exact: exp and log that give the same bits on every x86-64 machine.
//
// glibc's differ between processors with FMA and without, in the last bit, which is enough to make
// two replays of one seed part. These use + − × ÷, frexp and ldexp alone, and are within two units
// in the last place of the true value. What is decided by a number that went through exp or log
// takes it from here.
//
// Pure.

namespace homeostat {

/// 0 below -745, infinite above 709.8; NaN stays NaN.
[[nodiscard]] double exact_exp(double x);

/// -infinity of 0, NaN of what is below it.
[[nodiscard]] double exact_log(double x);

/// log(1 + x), also where x is tiny.
[[nodiscard]] double exact_log1p(double x);

}  // namespace homeostat
