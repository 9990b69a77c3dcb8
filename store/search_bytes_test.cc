// Search without regard to case finds what a naive one does.
#include "store/search_bytes.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace logboom::store {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t naive(std::string_view in, std::string_view wanted, std::size_t from) {
  for (auto at = from; at + wanted.size() <= in.size(); ++at) {
    std::size_t same = 0;
    while (same < wanted.size() && lower(in[at + same]) == wanted[same]) ++same;
    if (same == wanted.size()) return at;
  }
  return std::string_view::npos;
}

TEST_CASE("bytes are found in any case, at any place") {
  const std::string_view wanted = "needle-9";
  for (std::size_t size = wanted.size(); size < 80; ++size) {
    for (std::size_t at = 0; at + wanted.size() <= size; ++at) {
      std::vector<char> in(size, 'N');  // no byte behind it that could be read
      const std::string_view spelled = "NeedLE-9";
      std::copy(spelled.begin(), spelled.end(), in.begin() + static_cast<std::ptrdiff_t>(at));
      const std::string_view text(in.data(), in.size());
      CAPTURE(size, at);
      CHECK(find_any_case(text, wanted) == at);
      CHECK(find_any_case(text, wanted, at) == at);
      CHECK(find_any_case(text, wanted, at + 1) == std::string_view::npos);
    }
  }
}

TEST_CASE("only letters have two cases") {
  // Each differs from what is wanted by the bit that makes letters lower.
  CHECK(find_any_case("@[\\]^_", "`") == std::string_view::npos);
  CHECK(find_any_case("\x10\x11\x0d", "0") == std::string_view::npos);
  CHECK(find_any_case("{", "[") == std::string_view::npos);
  CHECK(find_any_case("\xc4", "\xe4") == std::string_view::npos);
  CHECK(find_any_case("\xc3\xa4", "\xc3\xa4") == 0);
}

TEST_CASE("nothing, and more than there is, is found as in a text") {
  CHECK(find_any_case("abc", "") == 0);
  CHECK(find_any_case("abc", "", 3) == 3);
  CHECK(find_any_case("abc", "", 4) == std::string_view::npos);
  CHECK(find_any_case("", "a") == std::string_view::npos);
  CHECK(find_any_case("ab", "abc") == std::string_view::npos);
  CHECK(find_any_case("abc", "c", 7) == std::string_view::npos);
}

TEST_CASE("random bytes are found as a naive search finds them") {
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string_view alphabet = seed % 2 == 0 ? "aAbB" : "aAbB01-\xe4\xc4`@ ";
  std::string in;
  for (auto size = random() % 500; size > 0; --size) in += alphabet[random() % alphabet.size()];
  for (unsigned i = 0; i < 200; ++i) {
    std::string wanted;
    for (auto size = 1 + random() % 6; size > 0; --size)
      wanted += lower(alphabet[random() % alphabet.size()]);
    const auto from = random() % (in.size() + 2);
    CAPTURE(in, wanted, from);
    CHECK(find_any_case(in, wanted, from) == naive(in, wanted, from));
  }
}

}  // namespace
}  // namespace logboom::store
