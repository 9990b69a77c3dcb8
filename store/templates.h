// The body codec that splits lines into templates and columns of variables.
//
// A line is cut into its variables (mostly runs of letters and digits that hold a digit) and the
// text between them, its template. A block has one book of templates; a frame of lines names each
// line's template and holds, per template and variable, one column of values: constant, numbers (as
// differences, from the least value, or as digits), hexadecimal, or words. Like values then lie
// side by side, which compresses better and faster than the lines do. The idea of templates and
// variable columns: Rodrigues, Luo, Yuan, "CLP", OSDI 2021; the format is ours and stands in
// FORMAT.md.
//
// Every line comes back byte for byte: what does not fit (a zero byte, too many variables, a full
// book) is a line of template 0, whose one variable is the whole line.
//
// Errors:  corrupt, when the bytes are not what was encoded; no bytes make it read or write
// outside. Owns:    a book owns its text. Streams are plain strings. Threads: a TemplateCoder is
// for one; a TemplateBook const from any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "store/bytes.h"
#include "store/templates_cut.h"

namespace logboom::store {

class ColumnWriter;
class Columns;
struct Column;

// The parts of a coded frame, each compressed alone since their bytes are of different kinds.
enum class Stream : unsigned char {
  templates,  // which template each line has
  headers,    // how each column is coded
  numbers,    // bytes of numbers and of hexadecimal digits, by their weight
  choices,    // which words a column has; lengths of words
  texts,      // values as they are
};
inline constexpr std::size_t kStreams = 5;
using Streams = std::array<std::string, kStreams>;

class TemplateCoder {
 public:
  // Cuts lines by the rule, or by the one that makes the beginning of the first frame smallest.
  explicit TemplateCoder(std::optional<CutRule> rule = std::nullopt);
  TemplateCoder(TemplateCoder&& other) noexcept;
  TemplateCoder& operator=(TemplateCoder&& other) noexcept;
  ~TemplateCoder();
  // The streams of a frame of lines. The lines live until it returns.
  void encode(std::span<const std::string_view> lines, Streams& out);
  // The templates that the frames so far use.
  [[nodiscard]] const std::string& book() const { return book_; }

 private:
  struct Template {
    std::size_t begin = 0, size = 0;  // of its text in book_: a zero byte for each variable
    std::size_t variables = 0;
  };
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t number = 0;  // of the template; 0: an empty slot
  };
  struct Used {  // a template of the frame at work
    std::uint32_t number = 0;
    std::size_t lines = 0, first = 0;  // where its lines begin in firsts_
  };
  void choose_rule(std::span<const std::string_view> lines);
  void cut(std::span<const std::string_view> lines);
  std::uint32_t template_of(std::string_view line);
  std::uint32_t find(std::string_view text, std::size_t variables);
  void add(std::string_view text, std::size_t variables);
  void grow();
  void write_templates(Streams& out) const;

  bool chosen_;
  Cutter cutter_;
  std::string book_;
  std::vector<Template> templates_;
  std::vector<Entry> table_;  // open addressing
  // Of the frame at work; kept between frames for their memory.
  std::vector<std::string_view> values_, column_;
  std::vector<std::uint32_t> lines_;       // the template of each line, then its place in used_
  std::vector<std::size_t> first_values_;  // of each line: where its variables begin in values_
  std::vector<std::uint32_t> local_;       // the place in used_ of each template
  std::vector<Used> used_;                 // by the templates' numbers
  std::vector<std::size_t> firsts_;        // first_values_, template by template
  std::unique_ptr<ColumnWriter> writer_;
};

// Behind every buffer that TemplateBook reads or writes: it copies 16 or 32 bytes at a time.
inline constexpr std::size_t kPadding = 32;
// With kPadding readable bytes behind each.
using StreamViews = std::array<std::string_view, kStreams>;
// Called at most once for a stream, and only if that is needed; for one that may be empty as well.
// What it returns has kPadding readable bytes behind it and lives until the call that was given the
// reader returns.
using StreamReader = std::function<Result<std::string_view>(Stream)>;

class TemplateBook {
 public:
  [[nodiscard]] static Result<TemplateBook> read(std::string_view book);
  // Puts the lines of a frame one after the other into `bodies` (`raw_bytes` of them, then padding)
  // and their lengths into `lengths`. Takes memory for `lines` lines and `raw_bytes` bytes at once:
  // the caller says no more than it means to read.
  [[nodiscard]] Result<void> decode(const StreamReader& streams, std::size_t lines,
                                    std::size_t raw_bytes, std::string& bodies,
                                    std::vector<std::uint32_t>& lengths) const;
  [[nodiscard]] Result<void> decode(const StreamViews& streams, std::size_t lines,
                                    std::size_t raw_bytes, std::string& bodies,
                                    std::vector<std::uint32_t>& lengths) const;
  // Whether a line of the frame may hold `run`: ASCII letters and digits, in any case if so wanted.
  // Exact, but for a run that is empty or holds other bytes: of that nothing is known, so true. A
  // run that is neither hexadecimal nor a number with letters needs headers and texts alone.
  [[nodiscard]] Result<bool> may_contain(const StreamReader& streams, std::size_t lines,
                                         std::string_view run, bool any_case) const;

 private:
  struct Piece {
    std::uint32_t begin = 0, size = 0;  // in text_
  };
  struct Local {  // a template that a frame uses
    std::uint32_t number = 0, lines = 0, variables = 0;
    const Piece* pieces = nullptr;  // one more than variables
    std::size_t value = 0;          // the next line's first
  };
  struct Frame {
    std::vector<Local> used;
    std::vector<std::uint32_t> lines;  // of each line: its template among `used`
    std::size_t values = 0;
  };
  [[nodiscard]] std::size_t templates() const { return first_.size() - 1; }
  Result<void> read_columns(const StreamReader& streams, std::size_t lines, ByteReader& headers,
                            Frame& frame, Columns& columns) const;
  bool read_used(ByteReader& headers, std::size_t lines, Frame& frame) const;
  bool read_lines(std::string_view stream, std::size_t lines, Frame& frame) const;
  bool put_lines(Frame& frame, std::span<const std::string_view> values, std::string& bodies,
                 std::size_t raw_bytes, std::vector<std::uint32_t>& lengths) const;

  std::string text_;  // the book, then padding
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> first_;  // of each template, in pieces_; one more at the end
};

}  // namespace logboom::store
