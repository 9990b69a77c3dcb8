// What a text needs, every line that contains it has.
#include "store/features.h"

#include <random>
#include <set>

#include "store/filter.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

std::string random_line(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"connection",
                                                  "timeout",
                                                  "Err",
                                                  "OOM",
                                                  "ab12",
                                                  "deadbeef",
                                                  "12345",
                                                  "1234567",
                                                  "0.123456",
                                                  "10.20.30.41",
                                                  "192.168.1.254",
                                                  "::1",
                                                  "_",
                                                  "-",
                                                  ".",
                                                  " ",
                                                  " ",
                                                  " ",
                                                  "/",
                                                  "=",
                                                  "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
                                                  "\xc3\xa9t\xc3\xa9",
                                                  "x7Kp2mQz9vLw4Tn8Ys",
                                                  "0123456789abcdef0123456789abcdef",
                                                  "12:34:56.789012",
                                                  "a-beef-1",
                                                  "q",
                                                  "supercalifragilisticexpialidocious",
                                                  std::string(70, 'z'),
                                                  std::string("\0", 1),
                                                  "\xff"};
  std::string line;
  for (auto parts = random() % 12; parts > 0; --parts) line += kParts[random() % kParts.size()];
  return line;
}

TEST_CASE("a line has what any part of it needs") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::size_t needed = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto line = random_line(random);
    FeatureSet features;
    features.add_line(line);
    const auto value = encode_filter(features);
    const auto filter = Filter::open(value);
    REQUIRE(filter);
    const auto begin = random() % (line.size() + 1);
    auto part = line.substr(begin, random() % (line.size() + 1 - begin) + 1);
    if (random() % 2 == 0)
      for (auto& c : part)
        c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);  // needs know no case
    const auto needs = needs_of(part);
    needed += needs.all.size() + needs.words.size();
    CAPTURE(line, part);
    REQUIRE(filter->maybe(needs));
    const std::set<std::uint64_t> has = [&] {
      const auto hashes = features.hashes();
      return std::set<std::uint64_t>(hashes.begin(), hashes.end());
    }();
    for (const auto hash : needs.all) REQUIRE(has.contains(hash));
  }
  CHECK(needed > 10'000);
}

}  // namespace
}  // namespace logboom::store
