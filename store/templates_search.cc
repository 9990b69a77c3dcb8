// Whether a frame may hold a run, without putting its lines together.
//
// A run of letters and digits lies in one piece of a line: in the text of a template, or in one
// value. Words, constants and affixes are searched as they stand in the texts, all at once; what
// is found there counts if it lies within one of them. Numbers and hexadecimal words are turned
// into digits, if the run can lie in them at all, and searched.
//
// The answer is exact: all that a frame stores is in one of its lines.
#include <algorithm>
#include <cstring>

#include "store/column_reader.h"
#include "store/search_bytes.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_word(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }

// What is searched, in lower case if it is to be found in any.
struct Run {
  std::string text;
  bool any_case = false;
  std::size_t digit = 0, behind = 0;  // where its first digits begin and end

  Run(std::string_view run, bool in_any_case) : text(run), any_case(in_any_case) {
    if (any_case) std::transform(text.begin(), text.end(), text.begin(), lower);
    const auto first = std::find_if(text.begin(), text.end(), is_digit);
    digit = static_cast<std::size_t>(first - text.begin());
    behind = static_cast<std::size_t>(std::find_if_not(first, text.end(), is_digit) - text.begin());
  }
  [[nodiscard]] std::size_t find_in(std::string_view in, std::size_t from = 0) const {
    return any_case ? find_any_case(in, text, from) : find_bytes(in, text, from);
  }
  [[nodiscard]] bool equals(std::string_view part, std::string_view other) const {
    return std::equal(part.begin(), part.end(), other.begin(), other.end(),
                      [&](char mine, char c) { return mine == (any_case ? lower(c) : c); });
  }
  [[nodiscard]] bool all_hex() const { return std::all_of(text.begin(), text.end(), is_hex); }
  // Letters, digits, letters, either of the letters perhaps missing.
  [[nodiscard]] bool like_a_number() const {
    return digit < behind &&
           std::none_of(text.begin() + static_cast<std::ptrdiff_t>(behind), text.end(), is_digit);
  }
  // Whether it can reach from a number's digits into its affixes, or lie in the digits alone.
  [[nodiscard]] bool fits(std::string_view prefix, std::string_view suffix) const {
    const auto size = text.size() - behind;
    return digit < behind && digit <= prefix.size() && size <= suffix.size() &&
           equals(std::string_view(text).substr(0, digit), prefix.substr(prefix.size() - digit)) &&
           equals(std::string_view(text).substr(behind), suffix.substr(0, size));
  }
};

std::size_t most_digits(const Column& column) {
  if (column.digits != 0) return column.digits;
  if (column.kind == ColumnKind::delta || column.width >= 8) return kNumberRoom;
  const auto distance = (std::uint64_t{1} << (8 * column.width)) - 1;
  if (column.least > UINT64_MAX - distance) return kNumberRoom;
  std::array<char, kNumberRoom> digits;
  return static_cast<std::size_t>(put_digits(column, column.least + distance, digits.data()) -
                                  digits.data());
}

class FrameSearch {
 public:
  FrameSearch(const StreamReader& streams, const Run& run) : streams_(streams), run_(run) {}

  // Whether the texts hold it at all, be it across two values.
  Result<bool> across_texts() {
    auto texts = streams_(Stream::texts);
    if (!texts) return std::unexpected(texts.error());
    views_[static_cast<std::size_t>(Stream::texts)] = *texts;
    first_ = run_.find_in(*texts);
    return first_ != npos;
  }

  // Whether a value holds it. `columns` live as long as the search.
  Result<bool> in_columns(const Columns& columns) {
    columns_ = &columns;
    if (view(Stream::texts).size() != columns.bytes(Stream::texts)) return wrong_size();
    auto found = in_texts();
    if (found && !*found && run_.all_hex()) found = in_hex();
    if (found && !*found && run_.like_a_number()) found = in_numbers();
    return found;
  }

 private:
  Result<bool> in_texts() {
    const auto texts = view(Stream::texts);
    for (auto at = first_; at != npos; at = run_.find_in(texts, at)) {
      const auto& column = at_text(at);
      if (column.kind == ColumnKind::texts) {
        if (auto loaded = load(Stream::choices); !loaded) return std::unexpected(loaded.error());
        if (in_words(column, texts.substr(column.texts, column.size))) return true;
        at = std::size_t{column.texts} + column.size;
      } else if (at + run_.text.size() <= end_of_text(column, at)) {
        return true;
      } else {
        ++at;
      }
    }
    return false;
  }

  Result<bool> in_hex() {
    for (const auto& column : columns_->all()) {
      if (column.kind != ColumnKind::hex || column.size < run_.text.size()) continue;
      if (auto loaded = load(Stream::numbers); !loaded) return std::unexpected(loaded.error());
      const char* from = view(Stream::numbers).data() + column.numbers;
      digits_.resize((std::size_t{column.size} + 2) * column.words);
      char* to = digits_.data();
      for (std::size_t i = 0; i < column.words; ++i) {
        from += put_hex(from, column.size, to);
        to += column.size;
        *to++ = '\n';
      }
      if (digits_found(to, run_.text)) return true;
    }
    return false;
  }

  // The digits of the run must reach the end of a number where the run has letters there.
  Result<bool> in_numbers() {
    std::string wanted = run_.text.substr(run_.digit, run_.behind - run_.digit);
    const auto size = wanted.size();
    if (run_.digit > 0) wanted.insert(wanted.begin(), '\n');
    if (run_.behind < run_.text.size()) wanted.push_back('\n');
    for (const auto& column : columns_->all()) {
      if (!column.numeric() || size > most_digits(column)) continue;
      const auto affixes = view(Stream::texts).substr(column.texts);
      if (!run_.fits(affixes.substr(0, column.prefix),
                     affixes.substr(column.prefix, column.suffix)))
        continue;
      if (auto loaded = load(Stream::numbers); !loaded) return std::unexpected(loaded.error());
      numbers_.resize(column.values);
      read_numbers(column, view(Stream::numbers), numbers_);
      digits_.resize((kNumberRoom + 1) * std::size_t{column.values} + 1);
      char* to = digits_.data();
      *to++ = '\n';
      for (const auto number : numbers_) {
        to = put_digits(column, number, to);
        *to++ = '\n';
      }
      if (digits_found(to, wanted)) return true;
    }
    return false;
  }

  [[nodiscard]] std::string_view view(Stream stream) const {
    return views_[static_cast<std::size_t>(stream)];
  }
  static std::unexpected<Error> wrong_size() {
    return fail(Errc::corrupt, "stored lines: wrong size of the columns");
  }
  // Reads a stream that a column has bytes in, once.
  Result<void> load(Stream stream) {
    auto& loaded = views_[static_cast<std::size_t>(stream)];
    if (!loaded.empty() || columns_->bytes(stream) == 0) return {};
    const auto read = streams_(stream);
    if (!read) return std::unexpected(read.error());
    if (read->size() != columns_->bytes(stream)) return wrong_size();
    loaded = *read;
    return {};
  }
  // The column that the byte `at` of the texts is of: the last that does not begin behind it.
  [[nodiscard]] const Column& at_text(std::size_t at) const {
    const auto behind = std::upper_bound(
        columns_->all().begin(), columns_->all().end(), at,
        [](std::size_t byte, const Column& column) { return byte < column.texts; });
    return *(behind - 1);
  }
  // Where the value, or affix, ends that the byte `at` is of.
  static std::size_t end_of_text(const Column& column, std::size_t at) {
    const std::size_t begin = column.texts;
    if (column.kind == ColumnKind::text)
      return begin + ((at - begin) / column.size + 1) * column.size;
    if (!column.numeric()) return begin + column.size;
    const auto prefix_end = begin + column.prefix;
    return at < prefix_end ? prefix_end : prefix_end + column.suffix;
  }
  [[nodiscard]] bool in_words(const Column& column, std::string_view texts) const {
    const char* sizes = view(Stream::choices).data() + column.sizes();
    for (std::size_t i = 0; i < column.words; ++i) {
      const auto size = number_at(sizes, column.size_width, column.words, i);
      if (run_.find_in(texts.substr(0, size)) != npos) return true;
      texts.remove_prefix(std::min(size, texts.size()));
    }
    return false;
  }
  [[nodiscard]] bool digits_found(const char* end, std::string_view wanted) const {
    const auto size = static_cast<std::size_t>(end - digits_.data());
    return find_bytes({digits_.data(), size}, wanted) != npos;
  }

  const StreamReader& streams_;
  const Run& run_;
  const Columns* columns_ = nullptr;
  StreamViews views_;
  std::size_t first_ = npos;  // where the texts hold the run
  std::string digits_;        // of a column, each value ended by a line's end
  std::vector<std::uint64_t> numbers_;
};

}  // namespace

Result<bool> TemplateBook::may_contain(const StreamReader& streams, std::size_t lines,
                                       std::string_view run, bool any_case) const {
  if (run.empty() || !std::all_of(run.begin(), run.end(), is_word)) return true;
  if (lines == 0) return false;
  const auto header_bytes = streams(Stream::headers);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  ByteReader headers(*header_bytes);
  Frame frame;
  if (!read_used(headers, lines, frame))
    return fail(Errc::corrupt, "stored lines: wrong templates");
  const Run wanted(run, any_case);
  for (const auto& local : frame.used) {
    // Zero bytes part its pieces.
    const auto& last = local.pieces[local.variables];
    const auto begin = local.pieces->begin;
    const auto text = std::string_view(text_).substr(begin, last.begin + last.size - begin);
    if (wanted.find_in(text) != npos) return true;
  }
  FrameSearch search(streams, wanted);
  const auto across = search.across_texts();
  if (!across || (!*across && !wanted.all_hex() && !wanted.like_a_number())) return across;
  Columns columns;
  if (auto read = read_columns(streams, lines, headers, frame, columns); !read)
    return std::unexpected(read.error());
  return search.in_columns(columns);
}

}  // namespace logboom::store
