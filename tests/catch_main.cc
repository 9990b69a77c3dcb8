// The main function of every unit test program; apart, because it is slow to compile.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
