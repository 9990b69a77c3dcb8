#include "core/labels.h"

#include <catch2/catch.hpp>

namespace logboom {

TEST_CASE("labels are sorted, the last of equal names wins, empty values are no labels") {
  const Labels labels({{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}});
  CHECK(labels.text() == R"({a="1", b="3"})");
  CHECK(labels.get("b") == "3");
  CHECK(labels.get("c").empty());
}

TEST_CASE("set adds, changes and removes") {
  Labels labels;
  labels.set("b", "1");
  labels.set("a", "q\"\\\n");
  CHECK(labels.text() == R"({a="q\"\\\n", b="1"})");
  labels.set("b", "");
  CHECK(labels.pairs().size() == 1);
}

TEST_CASE("the hash tells where one value ends") {
  CHECK(Labels({{"a", "bc"}}).hash() != Labels({{"ab", "c"}}).hash());
  // On disk and on the wire: this number must never change.
  CHECK(Labels({{"app", "web"}}).hash() == Labels({{"app", "web"}}).hash());
  CHECK(Labels().hash() == 0xef46db3751d8e999ULL);
}

TEST_CASE("label names") {
  CHECK(valid_label_name("_a9"));
  CHECK_FALSE(valid_label_name(""));
  CHECK_FALSE(valid_label_name("9a"));
  CHECK_FALSE(valid_label_name("a.b"));
  CHECK(as_label_name("k8s.pod.name") == "k8s_pod_name");
  CHECK(as_label_name("1st") == "_1st");
  CHECK(is_column("pod"));
  CHECK_FALSE(is_column("job"));
}

TEST_CASE("tool names are refused with the rule they break") {
  CHECK(check_tool_name("my-tool_2.x"));
  for (const char* bad : {"", ".hidden", "-flag", "a/b", "a|b", "sp ace", "\xc3\xa4"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(check_tool_name(bad));
    CHECK(check_tool_name(bad).error().code == Errc::invalid);
  }
  CHECK_FALSE(check_tool_name(std::string(64, 'a')));
}

}  // namespace logboom
