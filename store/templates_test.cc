// Lines through templates and columns: what is encoded is what is decoded, what is searched is
// what a search of the lines finds, and damage is an error or other lines.
#include "store/templates.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "store/templates_format.h"

namespace logboom::store {
namespace {

using Lines = std::vector<std::string>;

std::size_t bytes_of(const Lines& lines) {
  std::size_t bytes = 0;
  for (const auto& line : lines) bytes += line.size();
  return bytes;
}

// Frames of a block as they are stored.
struct Block {
  std::string book;
  std::vector<Streams> frames;
};
Block coded(const std::vector<Lines>& frames, std::optional<CutRule> rule = std::nullopt) {
  TemplateCoder coder(rule);
  Block block;
  for (const auto& lines : frames) {
    const std::vector<std::string_view> views(lines.begin(), lines.end());
    coder.encode(views, block.frames.emplace_back());
  }
  block.book = coder.book();
  return block;
}

// Streams with nothing readable behind their padding, and which of them were asked for.
class Padded {
 public:
  explicit Padded(const Streams& streams) {
    for (std::size_t i = 0; i < kStreams; ++i) {
      bytes_[i].assign(streams[i].begin(), streams[i].end());
      bytes_[i].resize(streams[i].size() + kPadding, 'x');
      bytes_[i].shrink_to_fit();
    }
  }
  StreamReader reader() {
    return [this](Stream which) -> Result<std::string_view> {
      const auto i = static_cast<std::size_t>(which);
      ++asked_[i];
      return std::string_view(bytes_[i].data(), bytes_[i].size() - kPadding);
    };
  }
  [[nodiscard]] unsigned asked(Stream which) const {
    return asked_[static_cast<std::size_t>(which)];
  }

 private:
  std::array<std::vector<char>, kStreams> bytes_;
  std::array<unsigned, kStreams> asked_{};
};

Result<Lines> decoded(std::string_view book, const Streams& streams, std::size_t lines,
                      std::size_t raw_bytes) {
  const auto templates = TemplateBook::read(book);
  if (!templates) return std::unexpected(templates.error());
  Padded padded(streams);
  std::string bodies;
  std::vector<std::uint32_t> lengths;
  if (auto read = templates->decode(padded.reader(), lines, raw_bytes, bodies, lengths); !read)
    return std::unexpected(read.error());
  Lines out;
  std::size_t at = 0;
  for (const auto length : lengths) {
    out.push_back(bodies.substr(at, length));
    at += length;
  }
  return out;
}

void check_round_trip(const std::vector<Lines>& frames) {
  for (const auto rule :
       {std::optional<CutRule>(), std::optional(CutRule::names), std::optional(CutRule::quotes)}) {
    const auto block = coded(frames, rule);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto back = decoded(block.book, block.frames[i], frames[i].size(), bytes_of(frames[i]));
      REQUIRE(back);
      CHECK(*back == frames[i]);
    }
  }
}

Lines many(std::size_t count, const std::function<std::string(std::size_t)>& line) {
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back(line(i));
  return lines;
}

TEST_CASE("odd lines come back byte for byte") {
  using namespace std::string_literals;
  const auto [name, lines] = GENERATE(table<std::string, Lines>({
      {"no line", {}},
      {"one line", {"one line of 17 words"}},
      {"an empty line", {""}},
      {"empty lines", {"", "", ""}},
      {"empty among others", {"a1", "", "b", "", "a2", ""}},
      {"zero bytes", {"\0"s, "a\0b1"s, "\0\0\0"s, "x1\0"s, "\0"s}},
      {"invalid UTF-8", {"\xff\xfe 1", "\xc3", "\x80\x81 a1 \xf0\x9f", "\xff\xfe 22"}},
      {"all bytes but digits", {"\x01\x02\x7f\t\r\n", "\x01\x02\x7f\t\r\n"}},
      {"leading zeros", {"n 007", "n 008", "n 123"}},
      {"mixed leading zeros", {"n 007", "n 08", "n 1"}},
      {"zeros", {"n 0", "n 00", "n 000", "n 0"}},
      {"zeros of one width", {"n 000", "n 000", "n 001"}},
      {"18 digits", {"n 999999999999999999", "n 1", "n 100000000000000000"}},
      {"19 digits", {"n 9999999999999999999", "n 1", "n 9223372036854775808"}},
      {"20 digits", {"n 18446744073709551616", "n 18446744073709551615", "n 2"}},
      {"18 digits of one width", {"n 000000000000000001", "n 999999999999999999"}},
      {"huge differences", {"n 1", "n 999999999999999999", "n 2", "n 999999999999999998"}},
      {"hexadecimal", {"id 0a1b2c3d", "id deadbee5", "id 00000000"}},
      {"odd hexadecimal", {"id 0a1b2c3", "id deadbe5", "id 0000000"}},
      {"upper hexadecimal", {"id 0A1B2C3D", "id DEADBEE5"}},
      {"mixed hexadecimal", {"id 0a1b2c3d", "id DEADBEE5", "id 0a1b2c3d"}},
      {"affixes", {"took a1ms", "took a22ms", "took a333ms"}},
      {"affixes that go", {"took a1ms", "took a22s", "took 333ms", "took 1"}},
      {"overlapping affixes", {"x1x", "x", "x22x", "x1", "1x"}},
      {"quotes", {"a \"b c\" d", "a \"e\" d", "a \"\" d", "a \"open 1", "\"b 1\" \"c\"", " \""}},
      {"dashes and dots", {"-1", "1-", "--1--2", ".1.2.", "...", "a-b-1", "1.-2", "-"}},
      {"same ids in many places", {"a id1x b id2x", "c id2x", "a id1x b id1x", "c id1x", "c id3x"}},
  }));
  CAPTURE(name);
  check_round_trip({lines});
  check_round_trip({lines, lines, {"between 1"}, lines});
}

TEST_CASE("long lines and lines of many variables come back") {
  std::string variables, letters(256 << 10, 'x'), digits(256 << 10, '7');
  for (unsigned i = 0; i < 5000; ++i) variables += std::to_string(i * i) + ' ';
  std::string most;
  for (std::size_t i = 0; i < kMaxVariables; ++i) most += "v1 ";
  check_round_trip({{variables, letters, digits, most, most + "v1", letters + '1', digits, "a1"}});
}

TEST_CASE("a frame of many templates comes back") {
  const std::size_t count = GENERATE(255, 256, 257, 3000);
  const auto lines = many(count, [](std::size_t i) {
    return std::string(1 + i % 97, 'a') + '=' + std::to_string(i) + std::string(i / 97, '.');
  });
  check_round_trip({lines, lines});
}

TEST_CASE("lines of a full book come back") {
  unsigned number = 0;
  const auto next = [&](std::size_t) {  // each a template of its own
    std::string word;
    for (auto rest = ++number; rest > 0; rest /= 26) word += static_cast<char>('a' + rest % 26);
    return word + " 17";
  };
  SECTION("of too many templates") {
    check_round_trip({many(20000, next), many(20000, next), {"", "new 1", "b 17", ""}, {"", ""}});
  }
  SECTION("of too many bytes") {
    const auto lines = many(40, [&](std::size_t i) { return std::string(50000, 'x') + next(i); });
    check_round_trip({lines, {"", "new 1", ""}, lines});
  }
}

// Lines as programs write them, and worse.
class RandomLines {
 public:
  explicit RandomLines(unsigned seed) : random_(seed) {}

  std::size_t upto(std::size_t most) { return random_() % (most + 1); }
  std::string value() {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    switch (upto(9)) {
      case 0:
        return std::to_string(random_() >> upto(63));
      case 1:
        return std::to_string(1700000000 + counter_++);
      case 2:
        for (std::size_t i = 0; i < 16; ++i) text += kHex[upto(15)];
        return text;
      case 3:
        return "pod-" + std::to_string(upto(20)) + "-x7k";
      case 4:
        return std::to_string(upto(300)) + "ms";
      case 5:
        return '"' + std::string(upto(5), 'q') + " v" + std::to_string(upto(9)) + '"';
      case 6:
        return old_.empty() ? "x1" : old_[upto(old_.size() - 1)];
      case 7:
        for (auto size = upto(8); size > 0; --size) text += static_cast<char>(random_());
        return text;
      case 8:
        return "Abc" + std::to_string(upto(99)) + "DEf";
      default:
        return std::to_string(upto(255)) + '.' + std::to_string(upto(255)) + ".0.1";
    }
  }
  Lines frame() {
    Lines shapes = {"job # took # for #", "# - [#] # \"#\" #", "{\"id\":\"#\",\"n\":#}", "#"};
    Lines lines;
    for (auto count = upto(300); count > 0; --count) {
      std::string line;
      for (const char c : shapes[upto(shapes.size() - 1)]) {
        if (c != '#') {
          line += c;
          continue;
        }
        old_.push_back(value());
        line += old_.back();
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

 private:
  std::mt19937_64 random_;
  std::size_t counter_ = 0;
  Lines old_;
};

TEST_CASE("random lines come back") {
  const auto seed = GENERATE(range(0U, 30U));
  CAPTURE(seed);
  RandomLines random(seed);
  check_round_trip({random.frame(), random.frame(), random.frame()});
}

TEST_CASE("the rule is chosen by what the lines are") {
  const auto access = many(400, [](std::size_t i) {
    const auto n = std::to_string(i % 7);
    std::string agent = "Agent";
    for (std::size_t part = 0; part < i % 5; ++part) agent += " (on " + n + "; x" + n + ")";
    return "10.0.0." + n + " - \"GET /" + std::string(i % 11, 'p') + " HTTP/1.1\" 200 \"" + agent +
           '"';
  });
  CHECK(coded({access}).book == coded({access}, CutRule::quotes).book);
  const auto service = many(400, [](std::size_t i) {
    return "job " + std::to_string(i) + " of shop-" + std::to_string(i * 7919 % 1000) + "-x done";
  });
  CHECK(coded({service}).book == coded({service}, CutRule::names).book);
}

// Damage: each byte of each part changed, each part cut short or longer.
template <typename Try>
void each_damage(const Block& block, Try&& attempt) {
  std::minstd_rand random(5);
  const auto damage = [&](std::string& bytes, const auto& again) {
    const auto whole = bytes;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const unsigned change : {1U, 0x80U, 0xffU, 1U + static_cast<unsigned>(random() % 255)}) {
        bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ change);
        again();
        bytes = whole;
      }
      bytes.resize(i);
      again();
      bytes = whole;
    }
    bytes += '\1';
    again();
    bytes = whole;
  };
  auto changed = block;
  damage(changed.book, [&] { attempt(changed); });
  for (auto& stream : changed.frames.front()) damage(stream, [&] { attempt(changed); });
}

TEST_CASE("damage is an error or lines, never more") {
  Lines lines = {"took 12ms id 0a1b2c3d4e",
                 "took 9ms id ffffffffff",
                 "user Ab1 from x-2",
                 "user Ab1 from x-1",
                 "user Cd1 from x-2",
                 "user Ab1 from x-2",
                 "n 0012",
                 "n 0013",
                 "n 17000000000000",
                 "n 18000000000001",
                 "only letters",
                 ""};
  const auto raw = bytes_of(lines);
  std::size_t wrong = 0, other = 0;
  each_damage(coded({lines}), [&](const Block& changed) {
    const auto back = decoded(changed.book, changed.frames.front(), lines.size(), raw);
    if (back) {
      ++other;
      CHECK(back->size() == lines.size());
      CHECK(bytes_of(*back) == raw);
    } else {
      ++wrong;
      CHECK(back.error().code == Errc::corrupt);
    }
    const auto book = TemplateBook::read(changed.book);
    if (!book) return;
    for (const std::string_view run : {"12", "zzz", "0a1b", "Ab1"}) {
      Padded padded(changed.frames.front());
      (void)book->may_contain(padded.reader(), lines.size(), run, false).has_value();
    }
  });
  CHECK(wrong > 100);
  CHECK(other > 10);
}

TEST_CASE("the example of the page on the format is what is written") {
  using namespace std::string_literals;
  const auto block = coded({{"job 7 took 12ms by k8s-a", "job 9 took 8ms by k8s-b", "idle",
                             "job 12 took 90ms by k8s-a"}});
  CHECK(block.book == "\x01\0\x11job \0 took \0 by \0\x04idle"s);
  const Streams expected = {"\0\0\1\0"s,
                            "\x02\x01\0\x01\0\x07\x01\x21\x02\0\x08\x01\x44\x02\x01\x05"s,
                            "\0\x02\x05\x04\0\x52"s, "\0\2\1"s, "msk8s-ak8s-b"s};
  CHECK(block.frames.front() == expected);
}

TEST_CASE("few bytes do not stand for many values") {
  const std::size_t variables = 1000;
  std::string book("\1\0", 2);
  put_text(book, std::string(variables, '\0'));
  Streams streams;
  put_varint(streams[1], 1);
  put_varint(streams[1], 1);
  streams[1].append(2 * variables, '\0');  // constants of no bytes
  const auto back = decoded(book, streams, kMaxFrameLines, 0);
  REQUIRE_FALSE(back);
  CHECK(back.error().message.find("number of values") != std::string::npos);
}

TEST_CASE("wrong counts of lines and bytes are errors") {
  const Lines lines = {"a 1", "a 2", "b 3"};
  const auto block = coded({lines});
  const auto& streams = block.frames.front();
  REQUIRE(decoded(block.book, streams, 3, 9));
  for (const auto& [count, bytes] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 9}, {2, 9}, {4, 9}, {3, 8}, {3, 10}, {3, 0}, {0, 1}})
    CHECK_FALSE(decoded(block.book, streams, count, bytes));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return lower(c); });
  return text;
}
bool lines_contain(const Lines& lines, std::string run, bool any_case) {
  if (any_case) run = lower(run);
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return (any_case ? lower(line) : line).find(run) != std::string::npos;
  });
}

struct Searched {
  bool found = false;
  bool numbers = false, choices = false, texts = false;  // what was read
};
Searched searched(const Lines& lines, std::string_view run, bool any_case,
                  std::optional<CutRule> rule = std::nullopt) {
  const auto block = coded({lines}, rule);
  const auto book = TemplateBook::read(block.book);
  Padded padded(block.frames.front());
  const auto found = book->may_contain(padded.reader(), lines.size(), run, any_case);
  REQUIRE(found);
  for (std::size_t i = 0; i < kStreams; ++i) CHECK(padded.asked(static_cast<Stream>(i)) <= 1);
  return {*found, padded.asked(Stream::numbers) > 0, padded.asked(Stream::choices) > 0,
          padded.asked(Stream::texts) > 0};
}

TEST_CASE("a frame is searched as its lines are") {
  const auto seed = GENERATE(range(0U, 12U));
  CAPTURE(seed);
  RandomLines random(seed);
  const auto lines = random.frame();
  if (lines.empty()) return;
  const auto rule = seed % 2 == 0 ? CutRule::names : CutRule::quotes;
  const auto block = coded({lines}, rule);
  const auto book = TemplateBook::read(block.book);
  REQUIRE(book);
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
  };
  for (unsigned i = 0; i < 400; ++i) {
    auto run = random.upto(3) == 0 ? random.value() : lines[random.upto(lines.size() - 1)];
    const auto begin = std::find_if(
        run.begin() + static_cast<std::ptrdiff_t>(random.upto(run.size())), run.end(), is_word);
    run = std::string(begin, std::find_if_not(begin, run.end(), is_word));
    run.resize(std::min(run.size(), 1 + random.upto(12)));
    if (run.empty()) continue;
    const bool any_case = random.upto(1) == 1;
    if (any_case && random.upto(1) == 1)
      std::transform(run.begin(), run.end(), run.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    CAPTURE(run, any_case);
    Padded padded(block.frames.front());
    const auto found = book->may_contain(padded.reader(), lines.size(), run, any_case);
    REQUIRE(found);
    CHECK(*found == lines_contain(lines, run, any_case));
  }
}

TEST_CASE("a run is found where it lies, and not between") {
  const Lines lines = {"took 120ms by pod-ab1 id 0a1b2c3d4e LetTer",
                       "took 97ms by pod-ab1 id fedcba9876 LetTer",
                       "took 1003ms by pod-cd2 id 0a1b2c3d4e LetTer", "see ab1c", "see bc1de"};
  const auto [run, any_case, there] = GENERATE(table<std::string, bool, bool>({
      {"took", false, true},   {"LetTer", false, true}, {"letter", false, false},
      {"letter", true, true},  {"LETTER", true, true},  {"120", false, true},
      {"20ms", false, true},   {"03ms", false, true},   {"0ms", false, true},
      {"10ms", false, false},  {"97m", false, true},    {"997", false, false},
      {"12097", false, false}, {"120mS", false, false}, {"120mS", true, true},
      {"1b2c", false, true},   {"1B2C", false, false},  {"1B2C", true, true},
      {"4efe", false, false},  {"ab1", false, true},    {"ab1cd2", false, false},
      {"AB1", true, true},     {"1cbc1", false, false}, {"pod", false, true},
      {"ms12", false, false},  {"m", false, true},      {"x", false, false},
      {"idlet", true, false},  {"byid", false, false},  {"100000000003", false, false},
  }));
  CAPTURE(run, any_case);
  CHECK(searched(lines, run, any_case).found == there);
}

TEST_CASE("a search reads no stream that it needs not") {
  const Lines lines = {"took 120ms by pod-ab1 id 0a1b2c3d4e", "took 97ms by pod-ab1 id fedcba9876",
                       "took 1003ms by pod-cd2 id 0a1b2c3d4e"};
  const auto in_template = searched(lines, "took", false);
  CHECK((in_template.found && !in_template.numbers && !in_template.texts));
  for (const std::string_view run : {"gone", "17x", "zz1zz"}) {
    CAPTURE(run);
    const auto letters = searched(lines, run, true);
    CHECK_FALSE((letters.found || letters.numbers || letters.choices));
  }
  const auto too_long = searched(lines, "99999999999", false);
  CHECK_FALSE(too_long.found);
  CHECK(searched(lines, "1003", false).numbers);
}

TEST_CASE("nothing is known of what is no run") {
  CHECK(searched({"a 1"}, "", false).found);
  CHECK(searched({"a 1"}, "b c", false).found);
  CHECK(searched({"a 1"}, "\xc3\xa4", true).found);
}

TEST_CASE("what the reader of streams fails with is what is returned") {
  const Lines lines = {"took 1 id a1x", "took 2 id b2x", "other"};
  const auto block = coded({lines});
  const auto book = TemplateBook::read(block.book);
  for (std::size_t broken = 0; broken < kStreams; ++broken) {
    Padded padded(block.frames.front());
    const StreamReader reader = [&](Stream which) -> Result<std::string_view> {
      if (which == static_cast<Stream>(broken)) return fail(Errc::io, "disk");
      return padded.reader()(which);
    };
    std::string bodies;
    std::vector<std::uint32_t> lengths;
    const auto read = book->decode(reader, lines.size(), bytes_of(lines), bodies, lengths);
    if (block.frames.front()[broken].empty()) {
      CHECK(read);
      continue;
    }
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::io);
  }
}

}  // namespace
}  // namespace logboom::store
