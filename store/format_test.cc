// FORMAT.md's example is what the code reads and writes.
#include <fstream>
#include <sstream>

#include "store/block.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

// The bytes of the page's ```hex block: two-digit numbers at the start of each line.
std::string example() {
  std::ifstream page(LOGBOOM_FORMAT_PAGE);
  std::string line, bytes;
  while (std::getline(page, line) && line != "```hex") {
  }
  while (std::getline(page, line) && line != "```") {
    std::istringstream words(line);
    std::string word;
    while (words >> word && word.size() == 2 &&
           word.find_first_not_of("0123456789abcdef") == std::string::npos)
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

TEST_CASE("the example of FORMAT.md is decoded as the page says, and encoded to the same bytes") {
  auto batch = spanned(batch_of("wiki", {"disk full", "retry"}, kSecond), "c/1", 0);
  batch.columns.emplace_back("pod", "p1");
  batch.records[0].level = Level::error;
  batch.records[1].time_ns = kSecond + 500;
  batch.records[1].position = batch.span->next = 16;

  auto encoded = encode(lines_of(batch, 0, 2), kInboxLevel);
  encoded.head.commit_ns = 2 * kSecond;
  encoded.head.first = {7, 0};
  encoded.head.last = {7, 1};
  const auto page = example();
  CHECK(finish(encoded.head, encoded) == page);

  const auto lines = decode(page);
  REQUIRE(lines);
  CHECK(lines->tool == "wiki");
  CHECK(lines->partition == kLocalPartition);
  CHECK(lines->streams == batch.streams);
  REQUIRE(lines->rows.size() == 2);
  CHECK(lines->rows[0].body == "disk full");
  CHECK(lines->rows[0].level == Level::error);
  CHECK(lines->rows[1].body == "retry");
  CHECK(lines->rows[1].position == 16);
  CHECK(lines->rows[1].time_ns == kSecond + 500);
  CHECK(lines->rows[1].offset == 7);
  CHECK(lines->rows[1].index == 1);
}

}  // namespace
}  // namespace logboom::store
