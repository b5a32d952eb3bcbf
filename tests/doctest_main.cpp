// The main function of every unit-test program; the tests themselves sit beside the code.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
