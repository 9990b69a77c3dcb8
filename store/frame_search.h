// Finds the rows of a frame that hold a text, searching over all of its lines at once.
//
// Threads: const from any.
#pragma once

#include <string>
#include <vector>

#include "store/block.h"
#include "store/store.h"

namespace logboom::store {

// The clauses of a scan, made ready.
class FrameSearch {
 public:
  explicit FrameSearch(const std::vector<std::vector<Literal>>& texts);
  [[nodiscard]] bool empty() const { return clauses_.empty(); }

  // False: certainly no row of the frame meets all clauses.
  [[nodiscard]] Result<bool> may_match(LineReader& reader, std::size_t frame) const;
  // Takes out of `rows` (one per line of the text) those that fail the most selective clause.
  void match(const FrameText& text, std::vector<char>& rows) const;

 private:
  struct Text {
    Literal literal;
    std::string run;  // its longest run of letters and digits
  };
  using Clause = std::vector<Text>;
  std::vector<Clause> clauses_;  // the most selective one first
};

}  // namespace logboom::store
