#include "query/clauses.h"

#include <catch2/catch.hpp>
#include <string>

#include "query/test_clauses.h"

namespace logboom::query {
namespace {

store::Literal exact(std::string text) { return {.text = std::move(text), .any_case = false}; }
store::Literal any_case(std::string text) { return {.text = std::move(text), .any_case = true}; }

TEST_CASE("clauses are said in the fewest words, most selective first") {
  using Clauses = std::vector<Clause>;
  const auto e = exact, i = any_case;
  const auto [clauses, expected] = GENERATE_COPY(table<Clauses, std::string>({
      {Clauses(), ""},
      {Clauses({{e("a")}, {e("abc")}}), R"("abc")"},
      {Clauses({{e("b")}, {e("ac")}}), R"("ac" & "b")"},
      {Clauses({{e("x")}, {e("x")}}), R"("x")"},
      {Clauses({Clause()}), ""},         // dropped before
      {Clauses({{e("a"), e("")}}), ""},  // every line has it
      {Clauses({{e("error"), e("errors")}}), R"("error")"},
      {Clauses({{e("error"), e("errors")}, {e("error")}}), R"("error")"},
      {Clauses({{i("123")}}), R"("123")"},  // no letters: no case
      {Clauses({{i("ab")}, {e("xAb")}}), R"("xAb")"},
      {Clauses({{e("ab")}, {i("xab")}}), R"("xab"i & "ab")"},
      {Clauses({{e("12")}, {i("x12")}}), R"("x12"i)"},
      {Clauses({{i("ab"), e("AB")}}), R"("ab"i)"},
      {Clauses({{e("aa"), e("bb")}, {e("aax"), e("bby")}}), R"("aax"|"bby")"},
      {Clauses({{e("aa"), e("bb")}, {e("aax"), e("cc")}}), R"("aa"|"bb" & "cc"|"aax")"},
      // Five one-byte literals are in nearly every line, four are asked for.
      {Clauses({{e("1"), e("2"), e("3"), e("4"), e("5")}}), ""},
      {Clauses({{e("1"), e("2"), e("3"), e("4")}}), R"("1"|"2"|"3"|"4")"},
  }));
  CHECK(text_of(simplify(clauses)) == expected);
  CHECK(text_of(simplify(simplify(clauses))) == expected);
}

TEST_CASE("clauses are bounded: the most selective stay, long texts are cut") {
  std::vector<Clause> many;
  for (std::size_t i = 0; i < 2 * kMaxClauses; ++i) {
    many.push_back({exact(std::string(3 + i, static_cast<char>('a' + i % 26)) + "-")});
  }
  const auto kept = simplify(many);
  CHECK(kept.size() == kMaxClauses);
  CHECK(kept.front() == many.back());

  Clause wide;
  for (std::size_t i = 0; i < kMaxLiterals; ++i) wide.push_back(exact(std::to_string(100 + i)));
  CHECK(simplify({wide}).size() == 1);
  wide.push_back(exact("one more"));
  CHECK(simplify({wide}).empty());

  const auto cut = simplify({{exact(std::string(kMaxLiteralBytes + 5, 'x'))}});
  CHECK(cut == std::vector<Clause>{{exact(std::string(kMaxLiteralBytes, 'x'))}});
}

TEST_CASE("lines of either kind have a literal of the joined clause") {
  const std::vector<Clause> left = {{exact("timeout")}, {exact("x")}}, right = {{exact("refused")}};
  CHECK(text_of({either(left, right)}) == R"("refused"|"timeout")");
  CHECK(either(left, {}).empty());
  CHECK(either({}, right).empty());
}

TEST_CASE("a clause holds for a line with one of its literals") {
  const auto [literal, line, expected] = GENERATE(table<store::Literal, std::string, bool>({
      {exact("Ab"), "xAbx", true},
      {exact("Ab"), "xabx", false},
      {any_case("ab"), "xAbx", true},
      {any_case("ab"), "x", false},
      {any_case("\xc3\xa4"), "\xc3\x84", false},  // beyond ASCII there is no case
      {exact("a"), "", false},
  }));
  CAPTURE(literal.text, line);
  CHECK(holds({literal}, line) == expected);
  CHECK(holds({exact("not in it"), literal}, line) == expected);
}

}  // namespace
}  // namespace logboom::query
