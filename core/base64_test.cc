#include "core/base64.h"

#include <catch2/catch.hpp>

using namespace logboom;

TEST_CASE("base64 ends with what is missing to three bytes") {
  CHECK(base64("") == "");
  CHECK(base64("a") == "YQ==");
  CHECK(base64("ab") == "YWI=");
  CHECK(base64("abc") == "YWJj");
  CHECK(base64(std::string("\0\xff\0", 3)) == "AP8A");
}
