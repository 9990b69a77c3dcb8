#include "collector/run/spool_format.h"

#include <catch2/catch.hpp>

namespace logboom::collector {
namespace {

TEST_CASE("fields come back as they were written") {
  const Fields fields{{"run", "abc"}, {"job", ""}, {"text", std::string("a\0b\n", 4)}};
  CHECK(*decode_fields(encode_fields(fields)) == fields);
  CHECK(field(fields, "run") == "abc");
  CHECK(field(fields, "none").empty());
}

TEST_CASE("torn fields are refused, wherever they are torn") {
  const auto bytes = encode_fields({{"run", "abc"}, {"job", "x"}});
  const auto first = encode_fields({{"run", "abc"}}).size();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(decode_fields(std::string_view(bytes).substr(0, size)).has_value() == (size == first));
  }
}

TEST_CASE("a header comes back, its values cut where they are too long") {
  SpoolHeader header{.acknowledged = 5000,
                     .resume = 4500,
                     .fields = {{"run", "r"}},
                     .last_words = {{"exit_code", "3"}}};
  auto bytes = encode_header(header);
  CHECK(bytes.size() == kSpoolHeader);
  auto read = decode_header(bytes);
  REQUIRE(read);
  CHECK(read->acknowledged == 5000);
  CHECK(read->resume == 4500);
  CHECK(read->fields == header.fields);
  CHECK(read->last_words == header.last_words);

  header.fields = {{"job", std::string(9'000, 'j')}, {"run", "r"}};
  read = decode_header(encode_header(header));
  REQUIRE(read);
  CHECK(field(read->fields, "run") == "r");
  CHECK(field(read->fields, "job").size() == 200);
}

TEST_CASE("what is no header is refused") {
  auto bytes = encode_header({.fields = {{"run", "r"}}, .last_words = {}});
  CHECK_FALSE(decode_header(bytes.substr(0, kSpoolHeader - 1)));
  CHECK_FALSE(decode_header(""));
  auto huge = bytes;
  huge[24 + 3] = '\x7f';  // fields of 2 GB
  CHECK_FALSE(decode_header(huge));
  auto far = bytes;
  far[16 + 7] = '\xff';
  CHECK_FALSE(decode_header(far));
}

TEST_CASE("a frame is whole, not yet whole, or none") {
  const std::string text = "hello\n";
  const auto bytes = encode_frame_header(FrameKind::err, 17, text.size()) + text;
  const auto frame = decode_frame(bytes + "more");
  REQUIRE(frame);
  REQUIRE(*frame);
  CHECK((*frame)->kind == FrameKind::err);
  CHECK((*frame)->time_ns == 17);
  CHECK((*frame)->bytes == text);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto torn = decode_frame(std::string_view(bytes).substr(0, size));
    REQUIRE(torn);
    CHECK_FALSE(*torn);
  }
  for (const std::size_t at : {0u, 2u, 3u, 4u, 9u}) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    CAPTURE(at);
    CHECK_FALSE(decode_frame(damaged));
  }
  CHECK_FALSE(decode_frame(std::string(64, '\0')));
}

TEST_CASE("last words that do not fit go without the message") {
  const auto words = encode_last_words({{"exit_code", "1"}, {"message", std::string(4'000, 'm')}});
  REQUIRE(words);
  CHECK(words->size() < 100);
  CHECK_FALSE(encode_last_words({{"reason", std::string(4'000, 'r')}}));
}

}  // namespace
}  // namespace logboom::collector
