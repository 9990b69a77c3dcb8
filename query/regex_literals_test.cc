#include "query/regex_literals.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "query/regex.h"
#include "query/test_clauses.h"

namespace logboom::query {
namespace {

TEST_CASE("texts that every line must contain are read off a regular expression") {
  const auto [pattern, expected] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {".*", ""},
      {"x*", ""},
      {"timeout", R"("timeout")"},
      {"Connection (refused|reset)", R"("Connection reset"|"Connection refused")"},
      {"user=\\w+ (not found|denied)", R"(" denied"|" not found" & "user=")"},
      {"took [0-9]+ ms", R"("took " & " ms")"},
      {"^\\bError\\b: .*$", R"("Error: ")"},
      {"[Ee]rror", R"("Error"|"error")"},
      {"[^E]rror", R"("rror")"},
      {"[a-z]rror", R"("rror")"},
      {"[[:upper:]]RROR", R"("RROR")"},
      {"[]a]bc", R"("]bc"|"abc")"},
      {"(foo)?bar", R"("bar")"},
      {"(foo|)", ""},
      {"(?:ab){2}", R"("abab")"},
      {"(?P<Name>Ab)c", R"("Abc")"},
      {"(abc|bcd).*(efg|fgh)", R"("abc"|"bcd" & "efg"|"fgh")"},
      {"a(?s:.)b", R"("a" & "b")"},
      {"x\\.y\\[z", R"("x.y[z")"},
      {"tab\\there", "\"tab\there\""},
      {"OK", R"("OK")"},
      {"\\d\\d", ""},
      // The exact text, also beyond ASCII.
      {"Gr\xc3\xb6\xc3\x9f"
       "e|\xd0\x9e\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba\xd0\xb0",
       "\"Gr\xc3\xb6\xc3\x9f"
       "e\"|\"\xd0\x9e\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba\xd0\xb0\""},
      {"\u212aelvin", "\"\u212aelvin\""},
      // In any case: ASCII alone, and with the other spellings of s and k.
      {"(?i)error|FAILED", R"("error"i|"failed"i)"},
      {"(?i)gr\xc3\xb6\xc3\x9f"
       "enwahn",
       R"("enwahn"i)"},
      {"(?i)disk", "\"disk\"i|\"di\u017fk\"i|\"dis\u212a\"i|\"di\u017f\u212a\"i"},
      {"(?i)possessed by",
       "\"essed by\"i|\"es\u017fed by\"i|\"e\u017fsed by\"i|"
       "\"e\u017f\u017fed by\"i"},
      {"Error: (?i:no route)", R"("error: no route"i)"},
      // What is not understood is not taken for a text.
      {"\\QA.b\\E", R"("a.b"i)"},
      {"\\x41bc", R"("abc"i)"},
      {"\\pLbcd", R"("bcd"i)"},
      {"a{,2}b", R"("a{,2}b")"},
      {"(", ""},
  }));
  CAPTURE(pattern);
  CHECK(text_of(required_texts(pattern)) == expected);
}

TEST_CASE("too long a pattern, and one of too many texts, give nothing") {
  CHECK(required_texts(std::string(kMaxLiteralPattern, 'x')).size() == 1);
  CHECK(required_texts(std::string(kMaxLiteralPattern + 1, 'x')).empty());
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += many.empty() ? "" : "|";
    many += std::string(3, static_cast<char>('a' + i % 26)) + std::to_string(i);
  }
  CHECK(required_texts(many).empty());
  CHECK(text_of(required_texts("(" + many + ").* and more")) == R"(" and more")");
}

std::string utf8(char32_t rune) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (rune < 0x80) return {byte(rune)};
  if (rune < 0x800) return {byte(0xc0 | rune >> 6), byte(0x80 | (rune & 0x3f))};
  if (rune < 0x10000) {
    return {byte(0xe0 | rune >> 12), byte(0x80 | (rune >> 6 & 0x3f)), byte(0x80 | (rune & 0x3f))};
  }
  return {byte(0xf0 | rune >> 18), byte(0x80 | (rune >> 12 & 0x3f)),
          byte(0x80 | (rune >> 6 & 0x3f)), byte(0x80 | (rune & 0x3f))};
}

TEST_CASE("two characters beyond ASCII fold into it, as RE2 has it") {
  const auto letters = Regex::compile("(?i)[a-z]");
  REQUIRE(letters);
  std::string all;
  for (char32_t rune = 0x80; rune < 0x110000; ++rune) {
    if ((rune >= 0xd800 && rune < 0xe000) || rune == 0x17f || rune == 0x212a) continue;
    all += utf8(rune);
  }
  CHECK_FALSE(letters->found_in(all));
  CHECK(letters->found_in("\u017f"));
  CHECK(letters->found_in("\u212a"));
}

// A random pattern together with a text that it most likely matches.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  struct Case {
    std::string pattern, sample;
  };

  Case next() {
    folding_ = one_in(3);
    Case made = alternation(3);
    if (folding_) made.pattern = (one_in(2) ? "(?i)" : "(?is)") + made.pattern;
    return made;
  }

  std::string line_around(const std::string& sample) {
    std::string line = one_in(2) ? "" : noise();
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const char c = sample[i];
      if (!folding_ || one_in(2)) {
        line += c;
      } else if (one_in(3) && (c == 's' || c == 'S')) {
        line += "\u017f";
      } else if (one_in(3) && (c == 'k' || c == 'K')) {
        line += "\u212a";
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        line += static_cast<char>(c ^ 0x20);
      } else {
        line += c;
      }
    }
    line += one_in(2) ? "" : noise();
    if (one_in(8) && !line.empty()) line.erase(below(line.size()), 1);
    return line;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  std::string noise() {
    return pick(
        {" ", "x", "K", "\xff", "\xe2\x84", "\n", "skin", "\u00c4", "\u212a", "\u017f", "0"});
  }

  Case alternation(int depth) {
    Case made = concatenation(depth);
    for (std::size_t i = one_in(3) ? 1 + below(2) : 0; i > 0; --i) {
      auto other = one_in(6) ? Case() : concatenation(depth);
      made.pattern += "|" + other.pattern;
      if (one_in(2)) made.sample = other.sample;
    }
    return made;
  }

  Case concatenation(int depth) {
    Case made;
    for (std::size_t i = 1 + below(4); i > 0; --i) {
      auto part = repeated(depth);
      made.pattern += part.pattern;
      made.sample += part.sample;
    }
    return made;
  }

  Case repeated(int depth) {
    Case once = piece(depth);
    if (!one_in(4)) return once;
    const auto [mark, least, most] = std::vector<std::tuple<std::string, std::size_t, std::size_t>>{
        {"*", 0, 2},     {"+", 1, 3},    {"?", 0, 1},  {"{2}", 2, 2},
        {"{0,2}", 0, 2}, {"{1,}", 1, 2}, {"*?", 0, 1}, {"{,2}", 0, 0}}[below(8)];
    std::string sample;
    for (std::size_t i = least + below(most - least + 1); i > 0; --i) sample += once.sample;
    return {once.pattern + mark, sample};
  }

  Case piece(int depth) {
    if (depth > 0 && one_in(4)) {
      const auto inner = alternation(depth - 1);
      const auto open = pick({"(", "(?:", "(?P<Name>", "(?s:", "(?i:", "(?-i:", "(?U:", "(?m:"});
      return {open + inner.pattern + ")", inner.sample};
    }
    if (one_in(3)) {
      static const std::vector<Case> kRare = {{".", "q"},
                                              {"\\d", "7"},
                                              {"\\w", "K"},
                                              {"\\s", " "},
                                              {"\\D", "S"},
                                              {"\\W", "\u00c4"},
                                              {"\\b", ""},
                                              {"\\B", ""},
                                              {"^", ""},
                                              {"$", ""},
                                              {"\\A", ""},
                                              {"\\z", ""},
                                              {"[Ss]", "S"},
                                              {"[^a]", "K"},
                                              {"[a-fK-M]", "L"},
                                              {"[]x]", "]"},
                                              {"[\\]k]", "k"},
                                              {"[[:upper:]_]", "S"},
                                              {"[\u00c4k]", "\u00c4"},
                                              {"[^]]", "s"},
                                              {"\\.", "."},
                                              {"\\t", "\t"},
                                              {"\\x4b", "K"},
                                              {"\\x{212a}", "\u212a"},
                                              {"\\113", "K"},
                                              {"\\QS.k\\E", "S.k"},
                                              {"\\pL", "\u017f"},
                                              {"\\p{Lu}", "K"},
                                              {"\\PL", "1"},
                                              {"\\C", "k"},
                                              {"[\\d\\s]", "4"},
                                              {"[[]", "["},
                                              {"[a^]", "^"},
                                              {"\\_", "_"},
                                              {"[\\x{212a}]", "\u212a"},
                                              {"\\\\", "\\"},
                                              {"[k-\u212a]", "\u017f"},
                                              {"()", ""}};
      return kRare[below(kRare.size())];
    }
    static const std::vector<std::string> kTexts = {
        "a",      "Error",  "disk",       "Kafka",      "SSH",    "-",   " ", "s",
        "K",      "\u212a", "\u017f",     "\u00c4rger", "\u00e4", "ok ", "=", "\u0130",
        "\u1e9e", "\uE000", "\U0001F600", "time",       "out",    "0",   "]"};
    const auto text = pick(kTexts);
    return {text, text};
  }

  std::mt19937 random_;
  bool folding_ = false;
};

TEST_CASE("whatever a regular expression is found in has a literal of each of its clauses") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Generator generator(seed);
  std::size_t matched = 0, told = 0, valid = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto made = generator.next();
    const auto regex = Regex::compile(made.pattern);
    if (!regex) continue;
    ++valid;
    const auto clauses = required_texts(made.pattern);
    if (!clauses.empty()) ++told;
    CHECK(clauses.size() <= kMaxClauses);
    for (int j = 0; j < 12; ++j) {
      const auto line = generator.line_around(made.sample);
      if (!regex->found_in(line)) continue;
      ++matched;
      for (const auto& clause : clauses) {
        if (holds(clause, line)) continue;
        CAPTURE(made.pattern, line, text_of({clause}));
        FAIL("a line that matches would not be found");
      }
    }
  }
  // The property is about something: most patterns ask for texts, most lines match.
  CHECK(valid > 500);
  CHECK(told > valid / 2);
  CHECK(matched > valid * 4);
}

}  // namespace
}  // namespace logboom::query
