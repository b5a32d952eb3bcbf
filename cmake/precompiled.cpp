// What CMake wants of a library whose precompiled headers others use: one source.
