// Cuts a line into its variables and the text between them.
//
// Every rule makes a variable of whole runs of letters and digits (with what lies between them, or
// without), so that no run lies in two pieces of a line: a search for one looks at each piece
// alone.
//
// Threads: a Cutter is for one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::store {

// What is a variable. Known to who encodes alone: the stored bytes do not say.
enum class CutRule : unsigned char {
  names,   // runs of letters and digits, joined by dashes, that hold a digit
  quotes,  // what stands between quotes behind a blank; and runs, joined by dots, that hold a
           // digit: for access logs, where few requests and user agents are alike
};

class Cutter {
 public:
  explicit Cutter(CutRule rule) : rule_(rule) {}

  // Puts the line's variables, none of them empty, behind `values`, and the text of its template
  // into text(). False when it holds a zero byte, which would be taken for a variable.
  bool cut(std::string_view line, std::vector<std::string_view>& values);
  // With a zero byte for each variable; lives until the next line is cut.
  [[nodiscard]] std::string_view text() const { return {text_.data(), text_size_}; }

 private:
  struct Bits {                // of 64 bytes of the line, lowest first
    std::uint64_t joined = 0;  // what runs are made of
    std::uint64_t events = 0;  // what makes a variable: digits, quotes
  };
  bool classify(std::string_view line);
  [[nodiscard]] std::size_t run_begin(std::size_t at) const;
  [[nodiscard]] std::size_t run_end(std::size_t at) const;

  CutRule rule_;
  std::vector<Bits> bits_;
  std::string text_;
  std::size_t text_size_ = 0;
};

}  // namespace logboom::store
