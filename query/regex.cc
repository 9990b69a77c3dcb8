#include "query/regex.h"

#include <re2/re2.h>

namespace logboom::query {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxMemory);
  auto program = std::make_shared<const RE2>(piece(pattern), options);
  if (!program->ok()) return fail(Errc::invalid, "error parsing regexp: " + program->error());
  return Regex(std::move(program));
}

bool Regex::matches_whole(std::string_view text) const {
  return RE2::FullMatch(piece(text), *program_);
}

bool Regex::found_in(std::string_view text) const {
  return RE2::PartialMatch(piece(text), *program_);
}

}  // namespace logboom::query
