#include "core/json.h"

#include <catch2/catch.hpp>

namespace logboom {

TEST_CASE("any bytes become a valid JSON string") {
  using namespace std::string_literals;
  const auto [text, json] = GENERATE(table<std::string, std::string>({
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c/", R"("a\"b\\c/")"},
      {"\n\r\t", R"("\n\r\t")"},
      {"\0\x01\x1f\x7f"s, R"("\u0000\u0001\u001f\u007f")"},
      {"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"a\x80z", "\"a\xef\xbf\xbdz\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xf4\x90\x80\x80!", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!\""},
      {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
  }));
  CAPTURE(json);
  std::string out;
  append_json_string(out, text);
  CHECK(out == json);
}

}  // namespace logboom
