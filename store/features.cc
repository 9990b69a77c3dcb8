#include "store/features.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

namespace logboom::store {
namespace {

// Seeds: what kind of feature a hash is of. On disk: never renumber.
enum Kind : std::uint64_t {
  kWord = 1,
  kId = 2,
  kFragment = 3,
  kAddress = 4,
  kUuid = 5,
  kValue = 6
};

std::uint64_t hash_of(Kind kind, std::string_view text) {
  const auto hash = XXH3_64bits_withSeed(text.data(), text.size(), kind);
  return hash > kLongWord ? hash : hash + 2;  // 0 and kLongWord mean something else
}

// Per byte: its place among digits and letters, and itself in lower case.
enum : std::uint8_t { kOther = 0, kLetter = 1, kDigit = 2 };
struct ByteClass {
  std::uint8_t kind = kOther;
  char lower = 0;
};
constexpr std::array<ByteClass, 256> kBytes = [] {
  std::array<ByteClass, 256> table{};
  for (unsigned b = 0; b < table.size(); ++b) {
    const bool upper = b >= 'A' && b <= 'Z';
    const bool letter = upper || (b >= 'a' && b <= 'z') || b > 127;
    const bool digit = b >= '0' && b <= '9';
    table[b] = {letter  ? kLetter
                : digit ? kDigit
                        : kOther,
                static_cast<char>(upper ? b - 'A' + 'a' : b)};
  }
  return table;
}();
const ByteClass& class_of(char c) { return kBytes[static_cast<std::uint8_t>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Calls `part` for the words of at least kMinPart bytes inside a run with digits. Those of a
// hexadecimal run are no words.
template <class Part>
void each_part(std::string_view run, const Part& part) {
  if (std::ranges::all_of(run, is_hex)) return;
  for (std::size_t begin = 0; begin < run.size();) {
    auto end = begin;
    while (end < run.size() && !is_digit(run[end])) ++end;
    if (end - begin >= kMinPart) part(begin, end);
    begin = end + 1;
  }
}

template <class Fragment>
void each_fragment(std::string_view run, const Fragment& fragment) {
  if (run.size() < kLongRun) return;
  std::array<std::uint64_t, kWindow> ring;
  const auto pieces = run.size() - kPiece + 1;
  std::size_t least = SIZE_MAX, told = SIZE_MAX;
  for (std::size_t i = 0; i < pieces; ++i) {
    ring[i % kWindow] = hash_of(kFragment, run.substr(i, kPiece));
    if (least != SIZE_MAX && least + kWindow > i) {
      if (ring[i % kWindow] <= ring[least % kWindow]) least = i;
    } else {  // the window has left the least one behind
      least = i + 1 >= kWindow ? i + 1 - kWindow : 0;
      for (auto at = least + 1; at <= i; ++at)
        if (ring[at % kWindow] <= ring[least % kWindow]) least = at;
    }
    if (i + 1 < kWindow || least == told) continue;
    fragment(ring[least % kWindow]);
    told = least;
  }
}

// Of "10.20.30.40" at `at`: the size of ".20.30." beginning at its first dot; 0: none.
std::size_t middle_of_address(std::string_view text, std::size_t dot) {
  const auto digits = [&](std::size_t at) {
    std::size_t count = 0;
    while (count < 4 && at + count < text.size() && is_digit(text[at + count])) ++count;
    return count;
  };
  if (dot == 0 || !is_digit(text[dot - 1])) return 0;
  const auto second = digits(dot + 1);
  const auto dot2 = dot + 1 + second;
  if (second == 0 || second > 3 || dot2 >= text.size() || text[dot2] != '.') return 0;
  const auto third = digits(dot2 + 1);
  const auto dot3 = dot2 + 1 + third;
  if (third == 0 || third > 3 || dot3 + 1 >= text.size() || text[dot3] != '.') return 0;
  return is_digit(text[dot3 + 1]) ? dot3 + 1 - dot : 0;
}

// Is the '-' the first of a UUID's, whose 36 bytes begin 8 before it?
bool is_uuid(std::string_view text, std::size_t dash) {
  static constexpr std::size_t kBefore = 8, kSize = 36;
  if (dash < kBefore || dash - kBefore + kSize > text.size()) return false;
  const auto uuid = text.substr(dash - kBefore, kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    const bool at_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (at_dash ? uuid[i] != '-' : !is_hex(uuid[i])) return false;
  }
  return true;
}

std::uint64_t hash_of_uuid(std::string_view text, std::size_t dash) {
  std::array<char, 36> lower;
  std::ranges::transform(text.substr(dash - 8, lower.size()), lower.begin(),
                         [](char c) { return class_of(c).lower; });
  return hash_of(kUuid, {lower.data(), lower.size()});
}

// A run of decimals that is a fraction, a second or an octet by the two bytes before it.
bool is_fraction(std::string_view text, std::size_t begin) {
  if (begin < 2 || !is_digit(text[begin - 2])) return false;
  const char c = text[begin - 1];
  return c == '.' || c == ',' || c == ':';
}

constexpr std::size_t kShortNumber = 5;

// What of a text outside of runs is a feature.
template <class Feature>
void each_pattern(std::string_view text, std::size_t at, const Feature& feature) {
  if (text[at] == '.') {
    if (const auto size = middle_of_address(text, at); size != 0)
      feature(hash_of(kAddress, text.substr(at, size)));
  } else if (text[at] == '-' && is_uuid(text, at)) {
    feature(hash_of_uuid(text, at));
  }
}

}  // namespace

std::uint64_t hash_of_word(std::string_view word) { return hash_of(kWord, word); }
std::uint64_t hash_of_value(std::string_view value) { return hash_of(kValue, value); }

FeatureSet::FeatureSet() : slots_(4096) {}

bool FeatureSet::insert(std::uint64_t hash) {
  const auto mask = slots_.size() - 1;
  auto slot = static_cast<std::size_t>(hash) & mask;
  while (slots_[slot] != 0) {
    if (slots_[slot] == hash) return false;
    slot = (slot + 1) & mask;
  }
  slots_[slot] = hash;
  if (++used_ * 2 > slots_.size()) grow();
  return true;
}

void FeatureSet::grow() {
  const auto old = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 4));
  used_ = 0;
  for (const auto hash : old)
    if (hash != 0) insert(hash);
}

void FeatureSet::add_word(std::string_view word, std::uint64_t hash) {
  if (!insert(hash)) return;
  words_.emplace_back(text_.size(), word.size());
  text_.append(word);
}

void FeatureSet::add_value(std::string_view value) { insert(hash_of_value(value)); }

void FeatureSet::add_line(std::string_view line) {
  thread_local std::string lower;
  if (lower.size() < line.size()) lower.resize(line.size());
  for (std::size_t at = 0; at < line.size();) {
    if (class_of(line[at]).kind == kOther) {
      if (line[at] == '.' || line[at] == '-')
        each_pattern(line, at, [this](std::uint64_t hash) { insert(hash); });
      ++at;
      continue;
    }
    const auto begin = at;
    unsigned kinds = 0;
    char* to = lower.data();
    for (; at < line.size(); ++at) {
      const auto& byte = class_of(line[at]);
      if (byte.kind == kOther) break;
      kinds |= byte.kind;
      *to++ = byte.lower;
    }
    const std::string_view run(lower.data(), at - begin);
    if (kinds == kLetter && run.size() <= kMaxWord) {
      if (run.size() >= 2) add_word(run, hash_of(kWord, run));
      continue;
    }
    if (run.size() >= kLongRun) {
      each_fragment(run, [this](std::uint64_t hash) { insert(hash); });
    } else if (kinds == kDigit) {
      if (run.size() > kShortNumber && !is_fraction(line, begin)) insert(hash_of(kId, run));
      continue;
    } else {
      const bool inside = run.size() == 4 && begin > 0 && line[begin - 1] == '-' &&
                          at < line.size() && line[at] == '-';
      if (!inside) insert(hash_of(kId, run));
    }
    each_part(run, [&](std::size_t from, std::size_t to_end) {
      const auto word = run.substr(from, to_end - from);
      if (word.size() > kMaxWord)
        insert(kLongWord);
      else
        add_word(word, hash_of(kWord, word));
    });
  }
}

std::vector<std::uint64_t> FeatureSet::hashes() const {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(used_);
  for (const auto hash : slots_)
    if (hash != 0) hashes.push_back(hash);
  return hashes;
}

std::string FeatureSet::words() const {
  std::vector<std::string_view> sorted;
  sorted.reserve(words_.size());
  for (const auto& [begin, size] : words_)
    sorted.push_back(std::string_view(text_).substr(begin, size));
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  out.reserve(text_.size() + sorted.size());
  for (const auto word : sorted) out.append(word).push_back('\n');
  return out;
}

bool Needs::Word::in(std::string_view listed) const {
  if (!open_left && !open_right) return listed == text;
  if (!open_left) return listed.starts_with(text);
  if (!open_right) return listed.ends_with(text);
  return listed.find(text) != std::string_view::npos;
}

Needs needs_of(std::string_view text) {
  Needs needs;
  std::string lower(text.size(), '\0');
  std::ranges::transform(text, lower.begin(), [](char c) { return class_of(c).lower; });
  const std::string_view all(lower);
  const auto take = [&](std::uint64_t hash) { needs.all.push_back(hash); };
  for (std::size_t at = 0; at < all.size();) {
    if (class_of(all[at]).kind == kOther) {
      each_pattern(all, at, take);
      ++at;
      continue;
    }
    const auto begin = at;
    unsigned kinds = 0;
    for (; at < all.size() && class_of(all[at]).kind != kOther; ++at)
      kinds |= class_of(all[at]).kind;
    const auto run = all.substr(begin, at - begin);
    const bool open_left = begin == 0, open_right = at == all.size();
    const bool open = open_left || open_right;
    if (run.size() >= kLongRun && (kinds != kLetter || run.size() > kMaxWord)) {
      each_fragment(run, take);
    } else if (kinds != kLetter && !open) {
      const bool number = kinds == kDigit;
      const bool short_number = number && run.size() <= kShortNumber;
      // What stands before may not be known, and then be a digit and a point.
      const bool may_be_fraction = number && (begin < 2 || is_fraction(all, begin));
      const bool inside = run.size() == 4 && !number && all[begin - 1] == '-' && all[at] == '-';
      if (!short_number && !may_be_fraction && !inside) take(hash_of(kId, run));
    }
    if (kinds == kDigit) continue;
    if (kinds == kLetter) {
      if (run.size() > kMaxWord) continue;
      if (!open && run.size() >= 2) take(hash_of(kWord, run));
      // It may be a part of a run with digits.
      if (open && run.size() >= kMinPart && !std::ranges::all_of(run, is_hex))
        needs.words.push_back({std::string(run), open_left, open_right});
      continue;
    }
    each_part(run, [&](std::size_t from, std::size_t to) {
      const bool left = open_left && from == 0, right = open_right && to == run.size();
      if (to - from > kMaxWord) return;
      if (left || right)
        needs.words.push_back({std::string(run.substr(from, to - from)), left, right});
      else
        take(hash_of(kWord, run.substr(from, to - from)));
    });
  }
  std::ranges::sort(needs.all);
  needs.all.erase(std::unique(needs.all.begin(), needs.all.end()), needs.all.end());
  return needs;
}

}  // namespace logboom::store
